/*
 * test_map.c - mmap, munmap, mprotect, madvise, brk, the stack: arguments,
 *              errors as on Linux, and what is left after a failure
 */
#include "tests/host/mm_test.h"

/* mm/map.c places areas below this. */
#define MMAP_TOP (USER_END - (128UL << 20))

/* The n-th area as "start end flags" in pages from AT. */
static void check_area(u64 number, u64 start_page, u64 end_page, u32 flags)
{
	struct vma *vma;

	vma_for_each(vma, &mm->vmas) {
		if (number-- > 0)
			continue;
		CHECK_EQUAL(vma->start.val, AT + start_page * P);
		CHECK_EQUAL(vma->end.val, AT + end_page * P);
		CHECK_EQUAL(vma->flags & ~(VMA_ACCOUNT | VMA_WRITTEN), flags);
		return;
	}
	FAIL("there are too few areas");
}

static void test_mmap_errors(void)
{
	struct object *file;

	start();
	file = object_create(P, false);
	CHECK_EQUAL(map(0, 0, RW, ANON), -EINVAL);
	CHECK_EQUAL(map(0, P, RW, MAP_ANONYMOUS), -EINVAL);
	CHECK_EQUAL(map(0, P, RW, MAP_ANONYMOUS | MAP_TYPE), -EINVAL);
	CHECK_EQUAL(map(0, P, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE),
		    -EINVAL);
	CHECK_EQUAL(map(0, USER_END + 1, RW, ANON), -ENOMEM);
	CHECK_EQUAL(map(0, ~0UL, RW, ANON), -ENOMEM);
	CHECK_EQUAL(map(0, USER_END, RW, ANON), -ENOMEM);
	CHECK_EQUAL(map(AT + 1, P, RW, ANON_FIXED), -EINVAL);
	CHECK_EQUAL(map(0, P, RW, ANON_FIXED), -EPERM);
	CHECK_EQUAL(map(USER_START - P, P, RW, ANON_FIXED), -EPERM);
	CHECK_EQUAL(map(USER_END, P, RW, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(map(USER_END - P, 2 * P, RW, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(map(0, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN),
		    -EINVAL);
	CHECK_EQUAL(map_object(0, P, RW, MAP_PRIVATE, file, 5), -EINVAL);
	CHECK_EQUAL(map_object(0, 2 * P, RW, MAP_PRIVATE, file, -P),
		    -EOVERFLOW);
	CHECK_EQUAL(map_object(0, P, RW, MAP_PRIVATE | MAP_GROWSDOWN, file, 0),
		    -EINVAL);
	CHECK(list_is_empty(&mm->vmas.list));

	CHECK_EQUAL(map(AT, 2 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + P, P, RW, ANON | MAP_FIXED_NOREPLACE), -EEXIST);
	CHECK_EQUAL(map_object(AT + 9 * P, P, RW,
			       MAP_SHARED_VALIDATE | MAP_FIXED, file, 0),
		    AT + 9 * P);
	mm->vmas.count += VMA_COUNT_MAX;
	CHECK_EQUAL(map(0, P, RW, ANON), -ENOMEM);
	mm->vmas.count -= VMA_COUNT_MAX;
	check_all();
}

static void test_mmap_place(void)
{
	start();
	CHECK_EQUAL(map(0, 3 * P, RW, ANON), MMAP_TOP - 3 * P);
	CHECK_EQUAL(map(0, 1, PROT_READ, ANON), MMAP_TOP - 4 * P);
	/* Hints are rounded down, raised to what is allowed, or ignored. */
	CHECK_EQUAL(map(AT + 7, P, RW, ANON), AT);
	CHECK_EQUAL(map(AT, P, PROT_READ, ANON), MMAP_TOP - 5 * P);
	CHECK_EQUAL(map(1, P, RW, ANON), USER_START);
	CHECK_EQUAL(map(USER_END, P, PROT_NONE, ANON), MMAP_TOP - 6 * P);
	/* A stack's gap is no place either. */
	CHECK_EQUAL(map(AT + 512 * P, P, RW, STACK_FIXED), AT + 512 * P);
	CHECK_EQUAL(map(AT + 300 * P, P, RW, ANON), MMAP_TOP - 7 * P);
	CHECK_EQUAL(map(AT + 255 * P, P, RW, ANON), AT + 255 * P);
	CHECK_EQUAL(map(AT + 510 * P, P, RW, ANON_FIXED), AT + 510 * P);
	check_all();
}

/* A large request must not land on a stack near the bottom of memory. */
static void test_mmap_over_low_stack(void)
{
	start();
	CHECK_EQUAL(map(USER_START, P, RW, STACK_FIXED), USER_START);
	machine_write(VADDR(USER_START), 77);
	CHECK_EQUAL(map(0, MMAP_TOP - USER_START, RW, ANON), -ENOMEM);
	CHECK_EQUAL(machine_read(VADDR(USER_START)), 77);
}

static void test_mmap_flags(void)
{
	u64 zero_maps;

	start();
	CHECK_EQUAL(map(AT, 2 * P, PROT_EXEC, ANON_FIXED | MAP_NORESERVE), AT);
	check_area(0, 0, 2, VMA_EXEC | VMA_NORESERVE);
	CHECK_EQUAL(mm->committed_pages, 0);
	CHECK_EQUAL(map(AT + 2 * P, 3 * P, RW, ANON_FIXED | MAP_POPULATE),
		    AT + 2 * P);
	CHECK_EQUAL(mm->rss_pages, 3);
	CHECK_EQUAL(mm->committed_pages, 3);
	CHECK_EQUAL(faults(FAULT_ZERO_FILL), 3);
	zero_maps = faults(FAULT_ZERO_MAP);
	CHECK_EQUAL(map(AT + 9 * P, 2 * P, PROT_READ,
			ANON_FIXED | MAP_POPULATE),
		    AT + 9 * P);
	CHECK_EQUAL(faults(FAULT_ZERO_MAP), zero_maps + 2);
	CHECK_EQUAL(map(AT + 20 * P, P, PROT_NONE, ANON_FIXED | MAP_POPULATE),
		    AT + 20 * P);
	check_all();
}

/* What cannot be populated now may come later: no error. */
static void test_populate_fails(void)
{
	struct object *file;

	start();
	machine_fail_nth(8);
	CHECK_EQUAL(map(AT, 100 * P, RW, ANON_FIXED | MAP_POPULATE), AT);
	CHECK(machine_failed());
	CHECK(mm->rss_pages < 100);
	file = object_create(2 * P, false);
	CHECK_EQUAL(map_object(AT, 9 * P, RW,
			       MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, 0),
		    AT);
	CHECK_EQUAL(mm->rss_pages, 2);
	CHECK_EQUAL(touch(AT + 2 * P, ACCESS_READ), FAULT_SIGBUS);
	check_all();
}

static void test_munmap(void)
{
	u64 free;

	start();
	free = frame_stats_read().free;
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 1), P), -EINVAL);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 0), -EINVAL);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), USER_END), -EINVAL);
	CHECK_EQUAL(map_munmap(mm, VADDR(USER_END), P), -EINVAL);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), ~0UL), -EINVAL);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 10 * P), 0); /* nothing there */

	/* More than one batch of frames, and a hole in the middle. */
	CHECK_EQUAL(map(AT, 200 * P, RW, ANON_FIXED | MAP_POPULATE), AT);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 90 * P), 20 * P - 5), 0);
	check_area(0, 0, 90, VMA_READ | VMA_WRITE);
	check_area(1, 110, 200, VMA_READ | VMA_WRITE);
	CHECK_EQUAL(mm->rss_pages, 180);
	CHECK_EQUAL(touch(AT + 90 * P, ACCESS_READ), FAULT_SIGSEGV_MAPERR);
	check_all();
	CHECK_EQUAL(map_munmap(mm, VADDR(0), USER_END), 0);
	CHECK_EQUAL(mm->rss_pages, 0);
	CHECK_EQUAL(mm->pgtable.table_pages, 1);
	CHECK_EQUAL(frame_stats_read().free, free);
	check_all();
}

static void test_mprotect(void)
{
	start();
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 1), P, RW), -EINVAL);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, 0x1000), -EINVAL);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 0, RW), 0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, RW), -ENOMEM);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), USER_END, RW), -ENOMEM);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), ~0UL, RW), -ENOMEM);

	CHECK_EQUAL(map(AT, 10 * P, RW, ANON_FIXED | MAP_POPULATE), AT);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 3 * P), 2 * P, PROT_READ), 0);
	check_area(1, 3, 5, VMA_READ);
	CHECK_EQUAL(mm->vmas.count, 3);
	CHECK_EQUAL(mm->committed_pages, 10); /* 2 of them were written */
	CHECK_EQUAL(touch(AT + 3 * P, ACCESS_WRITE), FAULT_SIGSEGV_ACCERR);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 3 * P), 2 * P, RW), 0);
	CHECK_EQUAL(mm->vmas.count, 1);
	CHECK_EQUAL(mm->committed_pages, 10);
	/* The PTE stayed as it was: the first write finds it. */
	CHECK_EQUAL(faults(FAULT_COW_REUSE), 0);
	machine_write(VADDR(AT + 3 * P), 1);
	CHECK_EQUAL(faults(FAULT_COW_REUSE), 1);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(faults(FAULT_COW_REUSE), 1);

	/* As far as the hole, and not from below the first area. */
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 8 * P), 5 * P, PROT_NONE),
		    -ENOMEM);
	check_area(1, 8, 10, 0);
	CHECK_EQUAL(touch(AT + 9 * P, ACCESS_READ), FAULT_SIGSEGV_ACCERR);
	CHECK_EQUAL(map_mprotect(mm, VADDR(0), AT + 4 * P, PROT_NONE), -ENOMEM);
	CHECK_EQUAL(mm->vmas.count, 2);
	check_all();
}

/* PROT_NONE and back: the bytes are still there. */
static void test_protect_none(void)
{
	start();
	CHECK_EQUAL(map(AT, 2 * P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 42);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, PROT_NONE), 0);
	CHECK_EQUAL(mm->rss_pages, 1);
	CHECK_EQUAL(touch(AT, ACCESS_READ), FAULT_SIGSEGV_ACCERR);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, PROT_READ | PROT_EXEC), 0);
	CHECK_EQUAL(machine_read(VADDR(AT)), 42);
	CHECK_EQUAL(touch(AT, ACCESS_FETCH), FAULT_DONE);
	CHECK_EQUAL(touch(AT + P, ACCESS_FETCH), FAULT_SIGSEGV_ACCERR);
	check_all();
}

static void test_madvise(void)
{
	struct object *file;

	start();
	file = object_create(P, false);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT + 1), P, MADV_DONTNEED), -EINVAL);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), ~0UL, MADV_DONTNEED), -EINVAL);
	CHECK_EQUAL(map_madvise(mm, VADDR(~0UL << 12), 2 * P, MADV_DONTNEED),
		    -EINVAL);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), P, 99), -EINVAL);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), 0, MADV_DONTNEED), 0);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), P, MADV_DONTNEED), -ENOMEM);

	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED | MAP_POPULATE), AT);
	CHECK_EQUAL(map_object(AT + 5 * P, P, RW, MAP_SHARED | MAP_FIXED, file,
			       0),
		    AT + 5 * P);
	machine_write(VADDR(AT), 1);
	machine_write(VADDR(AT + P), 2);
	machine_write(VADDR(AT + 5 * P), 3);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), 4 * P, MADV_NORMAL), 0);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), 5 * P, MADV_WILLNEED), -ENOMEM);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	/* Not stopped by the hole at page 4. */
	CHECK_EQUAL(map_madvise(mm, VADDR(AT + P), 5 * P, MADV_DONTNEED),
		    -ENOMEM);
	CHECK_EQUAL(mm->rss_pages, 1);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	CHECK_EQUAL(machine_read(VADDR(AT + P)), 0);
	CHECK_EQUAL(machine_read(VADDR(AT + 5 * P)), 3);
	check_all();
}

static void test_brk(void)
{
	start();
	mm->brk_start = mm->brk = VADDR(AT);
	CHECK_EQUAL(map_brk(mm, VADDR(0)), AT);
	CHECK_EQUAL(map_brk(mm, VADDR(AT - 1)), AT);
	CHECK_EQUAL(map_brk(mm, VADDR(USER_END + 1)), AT);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 10)), AT + 10);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + P)), AT + P);
	check_area(0, 0, 1, VMA_READ | VMA_WRITE);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 3 * P + 1)), AT + 3 * P + 1);
	CHECK_EQUAL(mm->vmas.count, 1);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);

	/* Something is in the way; a stack above keeps its gap. */
	CHECK_EQUAL(map(AT + 6 * P, P, RW, ANON_FIXED), AT + 6 * P);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 7 * P)), AT + 3 * P + 1);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 6 * P), P), 0);
	CHECK_EQUAL(map(AT + 300 * P, P, RW, STACK_FIXED), AT + 300 * P);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 44 * P)), AT + 3 * P + 1);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 43 * P)), AT + 43 * P);

	machine_fail_nth(1);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 40 * P)), AT + 43 * P);
	machine_fail_nth(0);
	CHECK_EQUAL(map_brk(mm, VADDR(AT)), AT);
	CHECK_EQUAL(mm->vmas.count, 1);
	check_all();
}

static void test_stack(void)
{
	u64 top = USER_END;
	u64 bottom = top - 2 * P;

	start();
	mm->limits.stack_bytes = 600 * P;
	CHECK_EQUAL(map_stack(mm, VADDR(top), 2 * P, true), 0);
	CHECK_EQUAL(mm->stack_top.val, top);
	CHECK_EQUAL(map_stack(mm, VADDR(top), 2 * P, false), -EEXIST);
	machine_write(VADDR(bottom - 10 * P), 5);
	CHECK_EQUAL(faults(FAULT_STACK_GROW), 1);
	CHECK_EQUAL(faults(FAULT_ZERO_FILL), 0);
	CHECK_EQUAL(mm->total_pages, 12);
	CHECK_EQUAL(mm->committed_pages, 12);
	CHECK_EQUAL(touch(top - 600 * P, ACCESS_FETCH), FAULT_DONE);
	CHECK_EQUAL(touch(top - 601 * P, ACCESS_WRITE), FAULT_SIGSEGV_MAPERR);
	CHECK_EQUAL(faults(FAULT_SEGV), 1);
	check_all();
}

/* 256 pages between a stack and what could be overwritten. */
static void test_stack_gap(void)
{
	u64 stack = AT + 1000 * P;

	start();
	CHECK_EQUAL(map(stack, P, RW, STACK_FIXED), stack);
	CHECK_EQUAL(map(stack - 300 * P, P, RW, ANON_FIXED), stack - 300 * P);
	CHECK_EQUAL(touch(stack - 43 * P, ACCESS_WRITE), FAULT_DONE);
	CHECK_EQUAL(touch(stack - 44 * P, ACCESS_WRITE), FAULT_SIGSEGV_MAPERR);
	/* Memory without rights is as good as a gap. */
	CHECK_EQUAL(map_mprotect(mm, VADDR(stack - 300 * P), P, PROT_NONE), 0);
	CHECK_EQUAL(touch(stack - 299 * P, ACCESS_WRITE), FAULT_DONE);
	CHECK_EQUAL(touch(stack - 300 * P, ACCESS_WRITE), FAULT_SIGSEGV_ACCERR);
	check_all();
}

/* Two stacks may meet; then they are one area (I6). */
static void test_stacks_meet(void)
{
	start();
	CHECK_EQUAL(map(AT, P, RW, STACK_FIXED), AT);
	CHECK_EQUAL(map(AT + 3 * P, P, RW, STACK_FIXED), AT + 3 * P);
	CHECK_EQUAL(touch(AT + 2 * P, ACCESS_WRITE), FAULT_DONE);
	CHECK_EQUAL(mm->vmas.count, 2);
	CHECK_EQUAL(touch(AT + P, ACCESS_WRITE), FAULT_DONE);
	CHECK_EQUAL(mm->vmas.count, 1);
	check_all();
}

/* A stack at the very bottom stops at the first page allowed. */
static void test_stack_at_bottom(void)
{
	start();
	CHECK_EQUAL(map(USER_START + P, P, RW, STACK_FIXED), USER_START + P);
	CHECK_EQUAL(touch(USER_START, ACCESS_WRITE), FAULT_DONE);
	CHECK_EQUAL(touch(USER_START - P, ACCESS_WRITE), FAULT_SIGSEGV_MAPERR);
	CHECK_EQUAL(touch(8, ACCESS_READ), FAULT_SIGSEGV_MAPERR);
	check_all();
}

/* ---- Failures change nothing (I14) ---- */

/* A picture of all areas and counters, to compare. */
struct picture {
	u64 areas[40];
	u64 counters[4];
};

static void take_picture(struct picture *picture)
{
	struct vma *vma;
	u64 count = 0;

	*picture = (struct picture){ 0 };
	vma_for_each(vma, &mm->vmas) {
		picture->areas[count++] = vma->start.val;
		picture->areas[count++] = vma->end.val;
		picture->areas[count++] = vma->flags;
	}
	picture->counters[0] = mm->rss_pages;
	picture->counters[1] = mm->total_pages;
	picture->counters[2] = mm->committed_pages;
	picture->counters[3] = mm->pgtable.table_pages;
}

static i64 call_mmap(void)
{
	return map(AT + 3 * P, 4 * P, RW, ANON_FIXED);
}

static i64 call_mmap_shared(void)
{
	return map(AT + 3 * P, 4 * P, RW, SHARED_FIXED);
}

static i64 call_munmap(void)
{
	return map_munmap(mm, VADDR(AT + 3 * P), 4 * P);
}

static i64 call_mprotect(void)
{
	return map_mprotect(mm, VADDR(AT + 3 * P), 4 * P, PROT_READ);
}

static i64 call_mremap(void)
{
	return remap(AT + 3 * P, 4 * P, 8 * P, MREMAP_MAYMOVE, 0);
}

static i64 call_mremap_shrink(void)
{
	return remap(AT + 3 * P, 4 * P, 2 * P, MREMAP_MAYMOVE, 0);
}

static i64 call_mremap_dontunmap(void)
{
	return remap(AT + 3 * P, 4 * P, 4 * P,
		     MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
}

static i64 call_mremap_far(void)
{
	return remap(AT + 3 * P, 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
		     AT + (1UL << 40));
}

static void fail_each_allocation(i64 (*call)(void))
{
	struct picture before, after;
	i64 result = -ENOMEM;

	start();
	CHECK_EQUAL(map(AT, 10 * P, RW, ANON_FIXED | MAP_POPULATE), AT);
	take_picture(&before);
	for (u64 nth = 1; result < 0; nth++) {
		machine_fail_nth(nth);
		result = call();
		check_all();
		machine_check_tlbs();
		if (!machine_failed())
			break;
		CHECK_EQUAL(result, -ENOMEM);
		take_picture(&after);
		CHECK(__builtin_memcmp(&before, &after, sizeof(before)) == 0);
	}
	CHECK(result >= 0);
	mm_put(mm);
	check_all();
}

#define FAIL_EACH(name)                                                        \
	static void test_fail_##name(void)                                     \
	{                                                                      \
		fail_each_allocation(call_##name);                             \
	}
FAIL_EACH(mmap)
FAIL_EACH(mmap_shared)
FAIL_EACH(munmap)
FAIL_EACH(mprotect)
FAIL_EACH(mremap)
FAIL_EACH(mremap_shrink)
FAIL_EACH(mremap_dontunmap)
FAIL_EACH(mremap_far)

int main(void)
{
	static const struct host_test tests[] = {
		{ "mmap errors", test_mmap_errors },
		{ "mmap place", test_mmap_place },
		{ "mmap over a low stack", test_mmap_over_low_stack },
		{ "mmap flags", test_mmap_flags },
		{ "populate fails", test_populate_fails },
		{ "munmap", test_munmap },
		{ "mprotect", test_mprotect },
		{ "PROT_NONE and back", test_protect_none },
		{ "madvise", test_madvise },
		{ "brk", test_brk },
		{ "stack", test_stack },
		{ "stack gap", test_stack_gap },
		{ "stacks meet", test_stacks_meet },
		{ "stack at the bottom", test_stack_at_bottom },
		{ "mmap without memory", test_fail_mmap },
		{ "shared mmap without memory", test_fail_mmap_shared },
		{ "munmap without memory", test_fail_munmap },
		{ "mprotect without memory", test_fail_mprotect },
		{ "mremap without memory", test_fail_mremap },
		{ "shrinking without memory", test_fail_mremap_shrink },
		{ "DONTUNMAP without memory", test_fail_mremap_dontunmap },
		{ "moving far without memory", test_fail_mremap_far },
	};

	return RUN_TESTS(tests);
}
