/*
 * test_mremap.c - every flag of mremap, its errors, and where pages end up
 */
#include "tests/host/mm_test.h"

#define MOVE MREMAP_MAYMOVE
#define FIXED (MREMAP_MAYMOVE | MREMAP_FIXED)
#define DONTUNMAP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
#define THERE (AT + (5UL << 30))

/* @pages at AT, each with its number in it. */
static void start_with(u64 pages, u32 flags)
{
	start();
	CHECK_EQUAL(map(AT, pages * P, RW, flags), AT);
	for (u64 page = 0; page < pages; page++)
		machine_write(VADDR(AT + page * P), page + 1);
}

static void check_pages(u64 address, u64 first, u64 count)
{
	for (u64 page = 0; page < count; page++)
		CHECK_EQUAL(machine_read(VADDR(address + page * P)),
			    first + page);
}

static void test_errors(void)
{
	start_with(4, ANON_FIXED);
	CHECK_EQUAL(remap(AT + 1, P, P, 0, 0), -EINVAL);
	CHECK_EQUAL(remap(AT, P, 0, 0, 0), -EINVAL);
	CHECK_EQUAL(remap(AT, P, P, 8, 0), -EINVAL);
	CHECK_EQUAL(remap(AT, P, P, MREMAP_FIXED, THERE), -EINVAL);
	CHECK_EQUAL(remap(AT, P, P, MREMAP_DONTUNMAP, 0), -EINVAL);
	CHECK_EQUAL(remap(AT, P, USER_END + P, MOVE, 0), -EINVAL);
	CHECK_EQUAL(remap(AT, P, 2 * P, DONTUNMAP, 0), -EINVAL);
	CHECK_EQUAL(remap(AT, P, P, FIXED, THERE + 1), -EINVAL);
	CHECK_EQUAL(remap(AT, P, P, FIXED, 0), -EINVAL);
	CHECK_EQUAL(remap(AT, P, 2 * P, FIXED, USER_END - P), -EINVAL);
	CHECK_EQUAL(remap(AT, 2 * P, P, FIXED, AT + P), -EINVAL);
	CHECK_EQUAL(remap(AT + P, P, 2 * P, FIXED, AT), -EINVAL);
	CHECK_EQUAL(remap(AT + 4 * P, P, P, MOVE, 0), -EFAULT);
	CHECK_EQUAL(remap(AT, 5 * P, 6 * P, MOVE, 0), -EFAULT);
	CHECK_EQUAL(remap(AT, 0, P, MOVE, 0), -EINVAL); /* not shared */
	CHECK_EQUAL(remap(AT, P, 2 * P, 0, 0), -ENOMEM); /* no room */
	CHECK_EQUAL(remap(AT, P, USER_END, MOVE, 0), -ENOMEM);
	check_pages(AT, 1, 4);
	check_all();
}

static void test_in_place(void)
{
	start_with(4, ANON_FIXED);
	CHECK_EQUAL(remap(AT, P, P, 0, 0), AT); /* a part, the same size */
	CHECK_EQUAL(mm->vmas.count, 1);
	CHECK_EQUAL(remap(AT, 4 * P, 2 * P, 0, 0), AT);
	CHECK_EQUAL(mm->rss_pages, 2);
	CHECK_EQUAL(remap(AT, 2 * P, 6 * P, 0, 0), AT);
	CHECK_EQUAL(mm->total_pages, 6);
	CHECK_EQUAL(mm->committed_pages, 6);
	check_pages(AT, 1, 2);
	CHECK_EQUAL(machine_read(VADDR(AT + 2 * P)), 0);

	/* Up to a neighbour, with which it is one area then. */
	CHECK_EQUAL(map(AT + 8 * P, P, RW, ANON_FIXED), AT + 8 * P);
	CHECK_EQUAL(remap(AT, 6 * P, 9 * P, 0, 0), -ENOMEM);
	CHECK_EQUAL(remap(AT + 5 * P, P, 3 * P, 0, 0), AT + 5 * P);
	CHECK_EQUAL(mm->vmas.count, 1);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 9 * P, PROT_READ), 0);
	CHECK_EQUAL(remap(AT, 9 * P, 10 * P, 0, 0), AT);
	CHECK_EQUAL(mm->committed_pages, 10); /* it was written */
	check_all();
}

static void test_move(void)
{
	struct frame *frame;
	i64 at;

	start_with(4, ANON_FIXED);
	frame = frame_at(mm, AT + P);
	/* Something behind it is in the way: it grows elsewhere. */
	CHECK_EQUAL(map(AT + 4 * P, P, PROT_READ, ANON_FIXED), AT + 4 * P);
	at = remap(AT, 4 * P, 6 * P, MOVE, 0);
	CHECK(at > 0);
	check_pages((u64)at, 1, 4);
	CHECK_EQUAL(machine_read(VADDR((u64)at + 5 * P)), 0);
	CHECK_EQUAL(touch(AT, ACCESS_READ), FAULT_SIGSEGV_MAPERR);
	CHECK(frame_at(mm, (u64)at + P) == frame);
	CHECK_EQUAL(frame_mapcount(frame), 1);
	check_all();

	/* To a given place, over what is there, shrinking. */
	CHECK_EQUAL(map(THERE, 8 * P, RW, ANON_FIXED | MAP_POPULATE), THERE);
	CHECK_EQUAL(remap((u64)at, 6 * P, 3 * P, FIXED, THERE + 2 * P),
		    THERE + 2 * P);
	check_pages(THERE + 2 * P, 1, 3);
	CHECK_EQUAL(machine_read(VADDR(THERE + P)), 0);
	CHECK_EQUAL(touch((u64)at + 5 * P, ACCESS_READ), FAULT_SIGSEGV_MAPERR);
	CHECK_EQUAL(mm->vmas.count, 2);
	check_all();

	/* A part of an area onto another part of it. */
	CHECK_EQUAL(remap(THERE + 2 * P, 2 * P, 2 * P, FIXED, THERE + 6 * P),
		    THERE + 6 * P);
	check_pages(THERE + 6 * P, 1, 2);
	check_pages(THERE + 4 * P, 3, 1);
	check_all();
}

static void test_move_object(void)
{
	struct object *file;

	start();
	file = object_create(20 * P, false);
	CHECK_EQUAL(map_object(AT, 10 * P, RW, MAP_SHARED | MAP_FIXED, file,
			       5 * P),
		    AT);
	for (u64 page = 0; page < 10; page++)
		machine_write(VADDR(AT + page * P), page + 1);
	CHECK_EQUAL(remap(AT + 2 * P, 3 * P, 6 * P, FIXED, THERE), THERE);
	check_pages(THERE, 3, 6); /* grown: the file goes on there */
	CHECK_EQUAL(file->refcount, 4);
	/* The old area comes to see the same pages, by faults of its own. */
	CHECK_EQUAL(remap(THERE, 6 * P, 6 * P, FIXED | DONTUNMAP,
			  THERE + 8 * P),
		    THERE + 8 * P);
	CHECK_EQUAL(mm->rss_pages, 13);
	check_pages(THERE + 8 * P, 3, 6);
	check_pages(THERE, 3, 6);
	CHECK_EQUAL(mm->rss_pages, 19);
	check_all();
}

static void test_dontunmap(void)
{
	i64 at;

	start_with(4, ANON_FIXED);
	at = remap(AT, 2 * P, 2 * P, DONTUNMAP, 0);
	CHECK(at > 0);
	check_pages((u64)at, 1, 2);
	CHECK_EQUAL(machine_read(VADDR(AT)), 0);
	CHECK_EQUAL(machine_read(VADDR(AT + 2 * P)), 3);
	CHECK_EQUAL(mm->total_pages, 6);
	CHECK_EQUAL(mm->committed_pages, 6);
	CHECK_EQUAL(remap((u64)at, 2 * P, 2 * P, FIXED | DONTUNMAP, AT - 2 * P),
		    AT - 2 * P);
	check_pages(AT - 2 * P, 1, 2);
	check_all();
}

/* An old size of 0: the same shared memory a second time. */
static void test_duplicate(void)
{
	i64 at;

	start_with(4, SHARED_FIXED);
	CHECK_EQUAL(remap(AT, 0, P, 0, 0), -EINVAL);
	at = remap(AT + P, 0, 2 * P, MOVE, 0);
	CHECK(at > 0);
	check_pages((u64)at, 2, 2);
	machine_write(VADDR((u64)at), 99);
	CHECK_EQUAL(machine_read(VADDR(AT + P)), 99);
	CHECK_EQUAL(remap(AT, 0, 4 * P, FIXED, THERE), THERE);
	CHECK_EQUAL(machine_read(VADDR(THERE + P)), 99);
	/* Onto itself: it would be gone before it is copied. */
	CHECK_EQUAL(remap(AT, 0, P, FIXED, AT), -EINVAL);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	machine_fail_nth(1);
	CHECK_EQUAL(remap(AT, 0, P, MOVE, 0), -ENOMEM);
	machine_fail_nth(0);
	check_all();
}

/* Shared memory has the size it was made with: beyond it is SIGBUS. */
static void test_grow_shared(void)
{
	start_with(2, SHARED_FIXED);
	CHECK_EQUAL(remap(AT, 2 * P, 3 * P, 0, 0), AT);
	CHECK_EQUAL(touch(AT + 2 * P, ACCESS_WRITE), FAULT_SIGBUS);
	check_all();
}

/* At the limit, neither a second mapping nor DONTUNMAP adds an area. */
static void test_too_many_areas(void)
{
	start_with(4, SHARED_FIXED);
	CHECK_EQUAL(map(THERE, 4 * P, RW, ANON_FIXED), THERE);
	mm->vmas.count += VMA_COUNT_MAX;
	CHECK_EQUAL(remap(AT, 0, P, MOVE, 0), -ENOMEM);
	CHECK_EQUAL(remap(THERE, 4 * P, 4 * P, DONTUNMAP, 0), -ENOMEM);
	mm->vmas.count -= VMA_COUNT_MAX;
	check_all();
}

/* A fixed target that cannot be cut out: nothing has happened yet. */
static void test_target_fails(void)
{
	start_with(4, ANON_FIXED);
	CHECK_EQUAL(map(THERE, 8 * P, RW, ANON_FIXED), THERE);
	machine_fail_nth(1);
	CHECK_EQUAL(remap(AT, 4 * P, 4 * P, FIXED, THERE + P), -ENOMEM);
	CHECK(machine_failed());
	CHECK_EQUAL(mm->vmas.count, 2);
	check_pages(AT, 1, 4);
	check_all();
}

/* Frames shared by fork stay shared where they move to. */
static void test_move_cow(void)
{
	struct mm *child;

	start_with(2, ANON_FIXED);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(remap(AT, 2 * P, 2 * P, FIXED, THERE), THERE);
	CHECK(frame_at(mm, THERE) == frame_at(child, AT));
	machine_write(VADDR(THERE), 50);
	CHECK_EQUAL(faults(FAULT_COW_COPY), 1);
	machine_run(1, child);
	check_pages(AT, 1, 2);
	check_all();
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "errors", test_errors },
		{ "in place", test_in_place },
		{ "move", test_move },
		{ "move an object", test_move_object },
		{ "DONTUNMAP", test_dontunmap },
		{ "duplicate", test_duplicate },
		{ "grow shared memory", test_grow_shared },
		{ "too many areas", test_too_many_areas },
		{ "target fails", test_target_fails },
		{ "move shared pages", test_move_cow },
	};

	return RUN_TESTS(tests);
}
