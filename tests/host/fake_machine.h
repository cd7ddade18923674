/*
 * fake_machine.h - a PC in a process, for running mm/ on this machine
 *
 * Physical memory is one mapping at DIRECT_MAP_BASE.  A few virtual CPUs
 * have a TLB each, modelled in software (fake_tlb.c): a translation stays
 * until a flush removes it, as on hardware, so that a missing flush shows.
 * Allocations can be made to fail one by one.
 *
 * A panic, and every failed check of a test, ends the process.
 */
#pragma once

#include "mm/map.h"
#include "mm/fault.h"
#include "mm/frame.h"
#include "mm/mm.h"

#define MACHINE_CPUS 4

/* Exit statuses of a test program. */
#define EXIT_TEST_FAILED 98
#define EXIT_TEST_PANIC 99

/* The default machine is small, but holds one largest block (4 to 8 MiB). */
#define MACHINE_BYTES (9UL << 20)

/**
 * machine_start() - memory, frame table and the kernel's root table
 *
 * Once in a process: mm/ keeps its state in static variables.
 */
void machine_start(void);

/* Only the memory, for the tests of frame_init(). */
void machine_map_memory(u64 bytes);

/* ---- Tests ---- */

/* Say where and why, and end the process. */
void test_fail(const char *file, int line, const char *fmt, ...)
	__noreturn __printf(3, 4);

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond))                                                   \
			FAIL("not true: %s", #cond);                           \
	} while (0)

/* Both are integers; prints them when they differ. */
#define CHECK_EQUAL(got, wanted)                                               \
	do {                                                                   \
		long long got_ = (long long)(got);                             \
		long long wanted_ = (long long)(wanted);                       \
		if (got_ != wanted_)                                           \
			FAIL("%s is %lld (%#llx), not %lld (%#llx)", #got,     \
			     got_, got_, wanted_, wanted_);                    \
	} while (0)

/* Run @body in a process of its own: it must panic with a text like @text. */
#define CHECK_PANIC(body, text) check_panic(__FILE__, __LINE__, body, text)
void check_panic(const char *file, int line, void (*body)(void),
		 const char *text);

/* One test in a process of its own, so that each gets a fresh machine. */
struct host_test {
	const char *name;
	void (*run)(void);
};
int run_tests(const struct host_test *tests, int count);
#define RUN_TESTS(tests) run_tests(tests, (int)ARRAY_SIZE(tests))

/* ---- Failing allocations ---- */

/* The @nth allocation from now on fails, once; 0: none does. */
void machine_fail_nth(u64 nth);
/* The same, but all later ones fail as well. */
void machine_fail_from(u64 nth);
/* Has that happened?  Also makes allocations succeed again. */
bool machine_failed(void);
/*
 * Not NULL: the next write_trylock() fails, and the holder of that lock does
 * this as soon as the one who tried has let go of another one.
 */
extern void (*machine_lock_is_busy)(void);

/*
 * Not NULL: whoever calls read_lock() next has to wait for another thread, which
 * does this first.
 */
extern void (*machine_faster_thread)(void);

/* Frames and objects handed out since the start. */
extern u64 machine_allocations;

/* ---- CPUs ---- */

/* What follows happens on CPU @cpu, which runs in @mm. */
void machine_run(unsigned int cpu, struct mm *mm);

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };

/**
 * machine_access() - what a user program's load, store or jump does
 * @result: of the last page fault; FAULT_DONE if all went well
 *
 * => in the mm and on the CPU of machine_run()
 *
 * Return: the number of bytes not accessed.
 */
u64 machine_access(vaddr_t va, void *bytes, u64 count, enum access access,
		   enum fault_result *result);

/* Shorthand for one word; fails the test if the access does. */
u64 machine_read(vaddr_t va);
void machine_write(vaddr_t va, u64 value);

/*
 * The page-fault trap.  A test that wants to look at each fault puts its own
 * function here, which calls fault_handle().
 */
extern enum fault_result (*machine_page_fault)(struct mm *mm, vaddr_t va,
					       u64 error_code);

/* The leaf entry the page tables give for @va now; zero: none. */
pte_t machine_walk(const struct tlb_space *space, u64 va);

/* Would the CPU allow @access with @pte? */
bool machine_pte_allows(pte_t pte, enum access access);

/* I10: every cached translation is as the page tables say, or narrower. */
void machine_check_tlbs(void);

/* For CHECK-like counting of how often mm/ flushed. */
extern u64 machine_flushes;

/* mmap as the system call does it: map_mmap(), then MAP_POPULATE. */
i64 machine_mmap(struct mm *mm, const struct map_request *request);
/* Step by step to the end, or to an error. */
int machine_populate(struct mm *mm, vaddr_t start, u64 bytes,
		     enum populate_mode mode);
