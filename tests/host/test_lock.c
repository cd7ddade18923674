/*
 * test_lock.c - mlock, mincore, and the limits that memory obeys
 */
#include "tests/host/mm_test.h"

static void test_lock(void)
{
	struct mm *child;

	start();
	CHECK_EQUAL(map(AT, 8 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map_mlock(mm, VADDR(AT), P, 2), -EINVAL);
	CHECK_EQUAL(map_mlock(mm, VADDR(AT + P + 1), 2 * P, 0), 0);
	CHECK_EQUAL(mm->locked_pages, 3);
	CHECK_EQUAL(mm->vmas.count, 3);
	CHECK_EQUAL(map_mlock(mm, VADDR(AT), 4 * P, MLOCK_ONFAULT), 0);
	CHECK_EQUAL(mm->locked_pages, 4);
	check_all();
	/* fork: neither the lock nor the border it made. */
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(child->locked_pages, 0);
	CHECK_EQUAL(child->vmas.count, 1);
	check_all();
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 6 * P), P), 0);
	CHECK_EQUAL(map_mlock(mm, VADDR(AT), 8 * P, 0), -ENOMEM);
	CHECK_EQUAL(mm->locked_pages, 6);
	CHECK_EQUAL(map_munlock(mm, VADDR(AT), 2 * P), 0);
	CHECK_EQUAL(mm->locked_pages, 4);
	check_all();
}

static void test_memlock_limit(void)
{
	start();
	CHECK_EQUAL(map(AT, 8 * P, RW, ANON_FIXED), AT);
	mm->limits.locked_bytes = 4 * P;
	CHECK_EQUAL(map_mlock(mm, VADDR(AT), 5 * P, 0), -ENOMEM);
	CHECK_EQUAL(map_mlock(mm, VADDR(AT), 4 * P, 0), 0);
	/* What is locked already counts once. */
	CHECK_EQUAL(map_mlock(mm, VADDR(AT), 3 * P, 0), 0);
	CHECK_EQUAL(map_mlock(mm, VADDR(AT + P), 4 * P, 0), -ENOMEM);
	CHECK_EQUAL(map(AT + 9 * P, P, RW, ANON_FIXED | MAP_LOCKED), -EAGAIN);
	CHECK_EQUAL(remap(AT, P, 2 * P, MREMAP_MAYMOVE, 0), -EAGAIN);
	CHECK_EQUAL(map_mlockall(mm, MCL_CURRENT), -ENOMEM);
	CHECK_EQUAL(map_mlockall(mm, MCL_FUTURE), 0);
	CHECK_EQUAL(map(AT + 9 * P, P, RW, ANON_FIXED), -EAGAIN);
	mm->limits.locked_bytes = 0;
	CHECK_EQUAL(map_mlock(mm, VADDR(AT), P, 0), -EPERM);
	CHECK_EQUAL(map_mlockall(mm, MCL_CURRENT), -EPERM);
	CHECK_EQUAL(map(AT + 9 * P, P, RW, ANON_FIXED | MAP_LOCKED), -EPERM);
	CHECK_EQUAL(map_mlockall(mm, 0), 0);
	CHECK_EQUAL(mm->locked_pages, 0);
	CHECK_EQUAL(map(AT + 9 * P, P, RW, ANON_FIXED), AT + 9 * P);
	check_all();
}

static void test_total_limit(void)
{
	start();
	mm->limits.total_bytes = 8 * P;
	CHECK_EQUAL(map(AT, 9 * P, PROT_READ, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(map(AT, 8 * P, PROT_READ, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 2 * P, 4 * P, RW, ANON_FIXED), AT + 2 * P);
	CHECK_EQUAL(map(AT + 7 * P, 2 * P, RW, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(remap(AT, 2 * P, 3 * P, MREMAP_MAYMOVE, 0), -ENOMEM);
	CHECK_EQUAL(mm->total_pages, 8);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 4 * P), 0);
	CHECK_EQUAL(mm->total_pages, 4);
	CHECK_EQUAL(mm_total_peak(mm), 8);
	check_all();
}

static void test_data_limit(void)
{
	start();
	mm->limits.data_bytes = 8 * P;
	mm->brk_start = mm->brk = VADDR(AT + 100 * P);
	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 4 * P, 8 * P, PROT_READ, ANON_FIXED), AT + 4 * P);
	CHECK_EQUAL(mm->kind_pages[VMA_KIND_DATA], 4);
	/* The part before is done. */
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 4 * P), 8 * P, RW), -ENOMEM);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 4 * P), 2 * P, RW), 0);
	CHECK_EQUAL(mm->kind_pages[VMA_KIND_DATA], 6);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 103 * P)), AT + 100 * P);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 102 * P)), AT + 102 * P);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 6 * P), 0);
	/* The program's own data counts with the heap. */
	mm->data_start = VADDR(AT);
	mm->data_end = VADDR(AT + 5 * P);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 104 * P)), AT + 102 * P);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 103 * P)), AT + 103 * P);
	check_all();
}

static void test_mincore(void)
{
	u8 resident[8];

	start();
	CHECK_EQUAL(map(AT, 2 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 2 * P, 2 * P, RW, SHARED_FIXED), AT + 2 * P);
	machine_write(VADDR(AT + P), 1);
	machine_write(VADDR(AT + 2 * P), 1);
	/* Dropped here, but still in the object. */
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), 4 * P, MADV_DONTNEED), 0);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(map_mincore(mm, VADDR(AT), 8, resident), 4);
	CHECK_EQUAL(resident[0], 1);
	CHECK_EQUAL(resident[1], 0);
	CHECK_EQUAL(resident[2], 1);
	CHECK_EQUAL(resident[3], 0);
	check_all();
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "lock", test_lock },
		{ "RLIMIT_MEMLOCK", test_memlock_limit },
		{ "RLIMIT_AS", test_total_limit },
		{ "RLIMIT_DATA", test_data_limit },
		{ "mincore", test_mincore },
	};

	return RUN_TESTS(tests);
}
