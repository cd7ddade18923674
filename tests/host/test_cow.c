/*
 * test_cow.c - page faults by their exact names and counts, the verdicts of
 *              mm/cow.c, and the kernel's own accesses
 */
#include <string.h>

#include "mm/cow.h"
#include "mm/object.h"
#include "mm/uaccess.h"
#include "tests/host/mm_test.h"

/* The counters, in the order of enum fault_kind. */
static void check_faults(const u64 (*wanted)[FAULT_KINDS])
{
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		if (faults(kind) != (*wanted)[kind])
			FAIL("%lu faults %s, should be %lu", faults(kind),
			     fault_kind_names[kind], (*wanted)[kind]);
}

#define CHECK_FAULTS(...)                                                      \
	do {                                                                   \
		static const u64 wanted_[FAULT_KINDS] = { __VA_ARGS__ };       \
		check_faults(&wanted_);                                        \
	} while (0)

static void test_untouched(void)
{
	struct frame *frame;

	start();
	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(machine_read(VADDR(AT)), 0); /* 4A */
	CHECK(frame_at(mm, AT) == zero_frame);
	CHECK_EQUAL(mm->rss_pages, 0);
	machine_write(VADDR(AT + P), 1); /* 4B */
	CHECK_EQUAL(frame_refcount(frame_at(mm, AT + P)), 1);
	CHECK_EQUAL(mm->rss_pages, 1);
	machine_write(VADDR(AT), 2); /* 6C, as the zero frame is pinned */
	frame = frame_at(mm, AT);
	CHECK_EQUAL(frame->kind, FRAME_ANON);
	CHECK_EQUAL(frame_refcount(zero_frame), 1);
	CHECK_EQUAL(machine_read(VADDR(AT)), 2);
	CHECK_EQUAL(machine_read(VADDR(AT + 8)), 0);
	CHECK_FAULTS([FAULT_ZERO_FILL] = 1, [FAULT_ZERO_MAP] = 1,
		     [FAULT_COW_COPY] = 1);
	check_all();
}

static void test_not_allowed(void)
{
	start();
	CHECK_EQUAL(touch(AT, ACCESS_READ), FAULT_SIGSEGV_MAPERR);
	CHECK_EQUAL(map(AT, P, PROT_READ, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + P, P, PROT_WRITE, ANON_FIXED), AT + P);
	CHECK_EQUAL(map(AT + 2 * P, P, PROT_EXEC, ANON_FIXED), AT + 2 * P);
	CHECK_EQUAL(map(AT + 3 * P, P, PROT_NONE, ANON_FIXED), AT + 3 * P);
	CHECK_EQUAL(touch(AT, ACCESS_WRITE), FAULT_SIGSEGV_ACCERR);
	CHECK_EQUAL(touch(AT, ACCESS_FETCH), FAULT_SIGSEGV_ACCERR);
	/* The CPU knows no page that can be written or run, but not read. */
	CHECK_EQUAL(touch(AT + P, ACCESS_READ), FAULT_DONE);
	CHECK_EQUAL(touch(AT + 2 * P, ACCESS_READ), FAULT_DONE);
	CHECK_EQUAL(touch(AT + 2 * P, ACCESS_FETCH), FAULT_DONE);
	CHECK_EQUAL(touch(AT + 3 * P, ACCESS_READ), FAULT_SIGSEGV_ACCERR);
	CHECK_EQUAL(touch(USER_END, ACCESS_READ), FAULT_SIGSEGV_MAPERR);
	CHECK_FAULTS([FAULT_ZERO_MAP] = 2, [FAULT_SEGV] = 5);
	CHECK_EQUAL(fault_totals.count[FAULT_SEGV], 5);
}

static void test_object(void)
{
	struct object *file;
	struct frame *frame;

	start();
	file = object_create(2 * P, false);
	CHECK_EQUAL(object_get_frame(file, 0, &frame), 0);
	*(u64 *)frame_ptr(frame) = 7;
	frame_put(frame);
	CHECK_EQUAL(map_object(AT, 3 * P, RW, MAP_PRIVATE | MAP_FIXED, file, 0),
		    AT);
	CHECK_EQUAL(map_object(AT + 8 * P, 2 * P, RW, MAP_SHARED | MAP_FIXED,
			       file, 0),
		    AT + 8 * P);
	CHECK_EQUAL(machine_read(VADDR(AT)), 7); /* 5A */
	CHECK(frame_at(mm, AT) == frame);
	CHECK_EQUAL(frame_refcount(frame), 2);
	machine_write(VADDR(AT + P), 8); /* 5B */
	machine_write(VADDR(AT + 8 * P), 9); /* 5A, writable at once */
	CHECK_EQUAL(machine_read(VADDR(AT)), 9);
	machine_write(VADDR(AT), 10); /* 6C: mapcount 2, but also if 1 */
	CHECK_EQUAL(machine_read(VADDR(AT + 8 * P)), 9);
	CHECK_EQUAL(machine_read(VADDR(AT + 9 * P)), 0);
	CHECK_EQUAL(touch(AT + 2 * P, ACCESS_READ), FAULT_SIGBUS);
	CHECK_FAULTS([FAULT_FILE_MAP] = 3, [FAULT_COW_COPY] = 2,
		     [FAULT_SEGV] = 1);
	check_all();
}

/* mapcount 1, but the file holds the frame as well: no reuse. */
static void test_pinned(void)
{
	struct object *file;

	start();
	file = object_create(P, false);
	CHECK_EQUAL(map_object(AT, P, RW, MAP_PRIVATE | MAP_FIXED, file, 0),
		    AT);
	CHECK_EQUAL(machine_read(VADDR(AT)), 0);
	CHECK_EQUAL(frame_mapcount(frame_at(mm, AT)), 1);
	machine_write(VADDR(AT), 3);
	CHECK_FAULTS([FAULT_FILE_MAP] = 1, [FAULT_COW_COPY] = 1);
	check_all();
}

/* 6A: a shared page was mapped while its area was read-only. */
static void test_reuse_shared(void)
{
	struct mm *child;

	start();
	CHECK_EQUAL(map(AT, P, PROT_READ, SHARED_FIXED), AT);
	CHECK_EQUAL(machine_read(VADDR(AT)), 0);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, RW), 0);
	machine_write(VADDR(AT), 1);
	CHECK_FAULTS([FAULT_FILE_MAP] = 1, [FAULT_COW_REUSE] = 1);
	machine_run(1, child);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	check_all();
}

/* Of three sharers two copy, and the last one reuses. */
static void test_three_sharers(void)
{
	struct mm *other[2];
	struct frame *frame;
	struct mm *parent;

	start();
	parent = mm;
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	frame = frame_at(mm, AT);
	CHECK_EQUAL(fork_mm(parent, &other[0]), 0);
	CHECK_EQUAL(fork_mm(parent, &other[1]), 0);
	CHECK_EQUAL(frame_refcount(frame), 3);

	mm = other[0];
	machine_run(1, mm);
	machine_write(VADDR(AT), 2);
	CHECK_FAULTS([FAULT_COW_COPY] = 1);
	CHECK_EQUAL(frame_refcount(frame), 2);
	mm = other[1];
	machine_run(2, mm);
	machine_write(VADDR(AT), 3);
	CHECK_FAULTS([FAULT_COW_COPY] = 1);
	CHECK_EQUAL(frame_refcount(frame), 1);
	mm = parent;
	machine_run(0, mm);
	machine_write(VADDR(AT), 4);
	CHECK_FAULTS([FAULT_ZERO_FILL] = 1, [FAULT_COW_REUSE] = 1);
	CHECK(frame_at(mm, AT) == frame);
	machine_run(1, other[0]);
	CHECK_EQUAL(machine_read(VADDR(AT)), 2);
	machine_run(2, other[1]);
	CHECK_EQUAL(machine_read(VADDR(AT)), 3);
	machine_check_tlbs();
	check_all();
}

static void test_reuse_off(void)
{
	struct frame *frame;

	start();
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	frame = frame_at(mm, AT);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, PROT_READ), 0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, RW), 0);
	cow_reuse_enabled = 0;
	machine_write(VADDR(AT), 2);
	CHECK(frame_at(mm, AT) != frame);
	CHECK_FAULTS([FAULT_ZERO_FILL] = 1, [FAULT_COW_COPY] = 1);
	check_all();
}

/*
 * Two threads on two CPUs: one makes the page writable, the other still has
 * the narrower translation.  That costs one fault, and no flush.
 */
static void test_spurious(void)
{
	u64 flushes;

	start();
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, PROT_READ), 0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, RW), 0);
	machine_run(1, mm);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	flushes = machine_flushes;
	machine_run(0, mm);
	machine_write(VADDR(AT), 2);
	CHECK_EQUAL(machine_flushes, flushes);
	machine_run(1, mm);
	machine_write(VADDR(AT), 3);
	CHECK_FAULTS([FAULT_ZERO_FILL] = 1, [FAULT_COW_REUSE] = 1,
		     [FAULT_SPURIOUS] = 1);
	CHECK_EQUAL(machine_read(VADDR(AT)), 3);
}

/* A copy is seen by the thread on the other CPU. */
static void test_copy_is_flushed(void)
{
	struct mm *child;

	start();
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	machine_run(1, mm);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	machine_run(0, mm);
	machine_write(VADDR(AT), 2);
	machine_run(1, mm);
	CHECK_EQUAL(machine_read(VADDR(AT)), 2);
	machine_check_tlbs();
}

/* Each allocation of each case fails once; then the access succeeds. */
static void test_no_memory(void)
{
	static const enum access accesses[] = { ACCESS_READ, ACCESS_WRITE };
	struct object *file;

	for (u64 i = 0; i < ARRAY_SIZE(accesses) * 3; i++) {
		u64 at = AT + (i << 30);
		enum fault_result result = FAULT_OOM;

		if (i == 0) {
			start();
			file = object_create(P, false);
		}
		if (i < 2)
			CHECK_EQUAL(map(at, P, RW, ANON_FIXED), at);
		else if (i < 4)
			CHECK_EQUAL(map(at, P, RW, STACK_FIXED), at);
		else
			CHECK_EQUAL(map_object(at, P, RW,
					       MAP_PRIVATE | MAP_FIXED, file,
					       0),
				    at);
		for (u64 nth = 1; result != FAULT_DONE; nth++) {
			machine_fail_nth(nth);
			result = touch(i < 2 || i > 3 ? at : at - P,
				       accesses[i % 2]);
			CHECK_EQUAL(result != FAULT_DONE, machine_failed());
			check_all();
		}
		CHECK_EQUAL(result, FAULT_DONE);
	}
	mm_put(mm);
	object_put(file);
	check_all();
}

/* A copy that fails leaves the page as it was. */
static void test_copy_fails(void)
{
	struct frame *frame;
	struct mm *child;

	start();
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	frame = frame_at(mm, AT);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	machine_fail_nth(1);
	CHECK_EQUAL(touch(AT, ACCESS_WRITE), FAULT_OOM);
	CHECK(frame_at(mm, AT) == frame);
	CHECK_EQUAL(frame_mapcount(frame), 2);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	CHECK_FAULTS([FAULT_ZERO_FILL] = 1);
	check_all();
}

/* ---- The kernel's accesses ---- */

static void test_user_copy(void)
{
	struct mm *child;
	char text[3 * P] = "written by the kernel";
	char back[3 * P];

	start();
	CHECK_EQUAL(map(AT, 2 * P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(copy_to_user(VADDR(AT + P - 5), text, 100), 0);
	CHECK_EQUAL(copy_from_user(back, VADDR(AT + P - 5), 100), 0);
	CHECK(memcmp(text, back, 100) == 0);
	CHECK_FAULTS([FAULT_ZERO_FILL] = 2, [FAULT_COW_COPY] = 1);
	CHECK_EQUAL(zero_user(VADDR(AT), 2 * P), 0);
	CHECK_EQUAL(machine_read(VADDR(AT + P)), 0);

	/* As far as it goes. */
	CHECK_EQUAL(copy_to_user_partial(VADDR(AT + P), text, 2 * P), P);
	CHECK_EQUAL(copy_from_user_partial(back, VADDR(AT + P), 2 * P), P);
	CHECK_EQUAL(copy_to_user(VADDR(AT + P), text, 2 * P), -EFAULT);
	CHECK_EQUAL(copy_from_user(back, VADDR(AT + P), 2 * P), -EFAULT);
	CHECK_EQUAL(zero_user(VADDR(AT + P), 2 * P), -EFAULT);

	/* The end of user space, and beyond. */
	CHECK_EQUAL(copy_to_user(VADDR(USER_END - 1), text, 2), -EFAULT);
	CHECK_EQUAL(copy_from_user(back, VADDR(~0UL), 2), -EFAULT);
	CHECK_EQUAL(copy_from_user(back, VADDR(2), ~0UL), -EFAULT);
	CHECK_EQUAL(zero_user(VADDR(USER_END), 1), -EFAULT);
	CHECK_EQUAL(copy_to_user(VADDR(USER_END), text, 0), 0);

	machine_run(1, child);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	check_all();
}

static void test_user_string(void)
{
	char text[P];

	start();
	CHECK_EQUAL(map(AT, 2 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(copy_to_user(VADDR(AT + P - 3), "hello", 6), 0);
	CHECK_EQUAL(copy_string_from_user(text, VADDR(AT + P - 3), P), 5);
	CHECK(strcmp(text, "hello") == 0);
	CHECK_EQUAL(copy_string_from_user(text, VADDR(AT + P - 3), 6), 5);
	CHECK_EQUAL(copy_string_from_user(text, VADDR(AT + P - 3), 5),
		    -ENAMETOOLONG);
	CHECK_EQUAL(copy_string_from_user(text, VADDR(AT - 1), 5), -EFAULT);
	CHECK_EQUAL(copy_string_from_user(text, VADDR(~0UL), 5), -EFAULT);
	/* It ends just before memory that is not mapped. */
	CHECK_EQUAL(copy_to_user(VADDR(AT + 2 * P - 2), "x", 2), 0);
	CHECK_EQUAL(copy_string_from_user(text, VADDR(AT + 2 * P - 2), P), 1);
	CHECK_EQUAL(copy_to_user(VADDR(AT + 2 * P - 2), "xy", 2), 0);
	CHECK_EQUAL(copy_string_from_user(text, VADDR(AT + 2 * P - 2), P),
		    -EFAULT);
}

static void reserved_bit(void)
{
	(void)!fault_handle(mm, VADDR(AT), PF_RESERVED);
}

static void test_mistakes(void)
{
	start();
	CHECK_PANIC(reserved_bit, "PF_RESERVED");
}

static struct mm *late;

static void fork_meanwhile(void)
{
	CHECK_EQUAL(fork_mm(mm, &late), 0);
}

/*
 * Alone when the fault was taken, not alone any more when it is resolved: in
 * between another thread has forked.
 */
static void test_fork_before_lock(void)
{
	struct mm *child;

	start();
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	mm_put(child);
	CHECK_EQUAL(frame_refcount(frame_at(mm, AT)), 1);
	machine_faster_thread = fork_meanwhile;
	machine_write(VADDR(AT), 2);
	CHECK_EQUAL(faults(FAULT_COW_COPY), 1);
	CHECK_EQUAL(faults(FAULT_COW_REUSE), 0);
	check_all();
	machine_run(1, late);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	machine_run(0, mm);
	CHECK_EQUAL(machine_read(VADDR(AT)), 2);
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "untouched memory", test_untouched },
		{ "not allowed", test_not_allowed },
		{ "object", test_object },
		{ "pinned", test_pinned },
		{ "reuse of a shared page", test_reuse_shared },
		{ "three sharers", test_three_sharers },
		{ "reuse off", test_reuse_off },
		{ "spurious", test_spurious },
		{ "a copy is flushed", test_copy_is_flushed },
		{ "no memory", test_no_memory },
		{ "copy fails", test_copy_fails },
		{ "user copy", test_user_copy },
		{ "user string", test_user_string },
		{ "mistakes", test_mistakes },
		{ "fork before the lock", test_fork_before_lock },
	};

	return RUN_TESTS(tests);
}
