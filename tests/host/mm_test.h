/*
 * mm_test.h - what the tests of address spaces share
 */
#pragma once

#include "kernel/lib/errno.h"
#include "mm/check.h"
#include "mm/fork.h"
#include "mm/map.h"
#include "tests/host/fake_machine.h"

/* Where most tests map something: anywhere, but not at a table's start. */
#define AT 0x40003000UL
#define P PAGE_SIZE

#define PROT_NONE 0
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define ANON_FIXED (ANON | MAP_FIXED)
#define SHARED_FIXED (MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED)
#define STACK_FIXED (ANON_FIXED | MAP_GROWSDOWN)

static struct mm *mm;

/* A machine with one address space, in which CPU 0 runs. */
static inline void start(void)
{
	machine_start();
	mm = mm_create();
	CHECK(mm);
	machine_run(0, mm);
}

static inline i64 map(u64 address, u64 bytes, u32 prot, u32 flags)
{
	struct map_request request = { .address = VADDR(address),
				       .bytes = bytes,
				       .prot = prot,
				       .flags = flags };

	return machine_mmap(mm, &request);
}

static inline i64 map_object(u64 address, u64 bytes, u32 prot, u32 flags,
			     struct object *object, u64 offset)
{
	struct map_request request = { .address = VADDR(address),
				       .bytes = bytes,
				       .prot = prot,
				       .flags = flags,
				       .object = object,
				       .offset_bytes = offset };

	return machine_mmap(mm, &request);
}

static inline i64 remap(u64 address, u64 old_bytes, u64 new_bytes, u32 flags,
			u64 target)
{
	struct remap_request request = { VADDR(address), old_bytes, new_bytes,
					 flags, VADDR(target) };

	return map_mremap(mm, &request);
}

/* A user-mode access; the result is that of the page fault, if any. */
static inline enum fault_result touch(u64 address, enum access access)
{
	enum fault_result result;
	u8 byte = 1;

	(void)machine_access(VADDR(address), &byte, 1, access, &result);
	return result;
}

static inline struct frame *frame_at(struct mm *of, u64 address)
{
	return pfn_to_frame(pte_pfn(machine_walk(&of->pgtable.space, address)));
}

static inline u64 faults(enum fault_kind kind)
{
	return mm->faults.count[kind];
}
