/*
 * test_advice.c - madvise: what is dropped, kept for fork, faulted in ahead,
 *                 and who refuses
 */
#include "tests/host/mm_test.h"

static i64 advise(u64 address, u64 bytes, int advice)
{
	return map_madvise(mm, VADDR(address), bytes, advice);
}

static u32 flags_at(u64 address)
{
	struct vma *vma = vma_find(&mm->vmas, VADDR(address));

	CHECK(vma);
	return vma->flags;
}

static void start_with(u64 pages, u32 flags)
{
	start();
	CHECK_EQUAL(map(AT, pages * P, RW, flags), AT);
	for (u64 page = 0; page < pages; page++)
		machine_write(VADDR(AT + page * P), page + 1);
}

static void test_errors(void)
{
	start_with(4, ANON_FIXED);
	for (int advice = -1; advice < 30; advice++) {
		bool is_known = advice >= 0 && advice <= 24 &&
				!(advice >= 5 && advice <= 7) && advice != 9 &&
				advice != MADV_POPULATE_READ &&
				advice != MADV_POPULATE_WRITE;

		CHECK_EQUAL(advise(AT, P, advice), is_known ? 0 : -EINVAL);
		CHECK_EQUAL(advise(AT + 1, P, advice), -EINVAL);
	}
	check_all();
}

/* A flag for the middle makes three areas, taking it back one. */
static void test_kept(void)
{
	static const struct {
		int set, clear;
		u32 flag;
	} kept[] = {
		{ MADV_RANDOM, MADV_NORMAL, VMA_RANDOM },
		{ MADV_SEQUENTIAL, MADV_NORMAL, VMA_SEQUENTIAL },
		{ MADV_DONTFORK, MADV_DOFORK, VMA_DONT_FORK },
		{ MADV_MERGEABLE, MADV_UNMERGEABLE, VMA_MERGEABLE },
		{ MADV_DONTDUMP, MADV_DODUMP, VMA_DONT_DUMP },
		{ MADV_WIPEONFORK, MADV_KEEPONFORK, VMA_WIPE_ON_FORK },
	};

	start_with(4, ANON_FIXED);
	for (u64 i = 0; i < ARRAY_SIZE(kept); i++) {
		CHECK_EQUAL(advise(AT + P, P, kept[i].set), 0);
		CHECK_EQUAL(mm->vmas.count, 3);
		CHECK_EQUAL(flags_at(AT + P) ^ flags_at(AT), kept[i].flag);
		check_all();
		CHECK_EQUAL(advise(AT, 2 * P, kept[i].clear), 0);
		CHECK_EQUAL(mm->vmas.count, 1);
	}
	CHECK_EQUAL(advise(AT, P, MADV_HUGEPAGE), 0);
	CHECK_EQUAL(advise(AT, 2 * P, MADV_NOHUGEPAGE), 0);
	CHECK_EQUAL(flags_at(AT) & (VMA_HUGE | VMA_NO_HUGE), VMA_NO_HUGE);
	CHECK_EQUAL(mm->vmas.count, 2);
	check_all();
}

/* Without memory for the new areas: EAGAIN, and nothing has changed. */
static void test_kept_fails(void)
{
	start_with(4, ANON_FIXED);
	for (u64 nth = 1; nth <= 2; nth++) {
		machine_fail_nth(nth);
		CHECK_EQUAL(advise(AT + P, P, MADV_DONTFORK), -EAGAIN);
		CHECK(machine_failed());
		CHECK_EQUAL(mm->vmas.count, 1);
		CHECK_EQUAL(flags_at(AT + P) & VMA_DONT_FORK, 0);
		check_all();
	}
	mm->vmas.count += VMA_COUNT_MAX;
	CHECK_EQUAL(advise(AT + P, P, MADV_DONTFORK), -EAGAIN);
	mm->vmas.count -= VMA_COUNT_MAX;
	check_all();
}

static void test_fork(void)
{
	struct mm *child;

	start_with(6, ANON_FIXED);
	CHECK_EQUAL(advise(AT + P, 2 * P, MADV_DONTFORK), 0);
	CHECK_EQUAL(advise(AT + 4 * P, P, MADV_WIPEONFORK), 0);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(child->total_pages, 4);
	CHECK_EQUAL(child->committed_pages, 4);
	CHECK_EQUAL(child->rss_pages, 3);
	CHECK_EQUAL(frame_refcount(frame_at(mm, AT + P)), 1);
	CHECK_EQUAL(frame_refcount(frame_at(mm, AT + 4 * P)), 1);
	/* Still writable: nobody shares them. */
	machine_write(VADDR(AT + P), 50);
	machine_write(VADDR(AT + 4 * P), 51);
	CHECK_EQUAL(faults(FAULT_COW_COPY) + faults(FAULT_COW_REUSE), 0);
	machine_run(1, child);
	CHECK_EQUAL(touch(AT + P, ACCESS_READ), FAULT_SIGSEGV_MAPERR);
	CHECK_EQUAL(machine_read(VADDR(AT + 3 * P)), 4);
	CHECK_EQUAL(machine_read(VADDR(AT + 4 * P)), 0);
	check_all();
}

static void test_drop(void)
{
	struct object *file;

	start_with(4, ANON_FIXED);
	file = object_create(2 * P, false);
	CHECK_EQUAL(map_object(AT + 8 * P, 2 * P, RW, MAP_SHARED | MAP_FIXED,
			       file, 0),
		    AT + 8 * P);
	machine_write(VADDR(AT + 8 * P), 8);
	machine_write(VADDR(AT + 9 * P), 9);
	CHECK_EQUAL(advise(AT, P, MADV_FREE), 0);
	CHECK_EQUAL(machine_read(VADDR(AT)), 0);
	CHECK_EQUAL(machine_read(VADDR(AT + P)), 2);
	CHECK_EQUAL(advise(AT + 8 * P, P, MADV_FREE), -EINVAL);
	CHECK_EQUAL(advise(AT, P, MADV_REMOVE), -EINVAL);
	CHECK_EQUAL(advise(AT + 9 * P, P, MADV_REMOVE), 0);
	CHECK_EQUAL(file->frame_count, 1);
	CHECK_EQUAL(machine_read(VADDR(AT + 8 * P)), 8);
	CHECK_EQUAL(machine_read(VADDR(AT + 9 * P)), 0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 8 * P), P, PROT_READ), 0);
	CHECK_EQUAL(advise(AT + 8 * P, P, MADV_REMOVE), -EACCES);
	CHECK_EQUAL(machine_read(VADDR(AT + 8 * P)), 8);
	object_put(file);
	check_all();
}

static i64 populate(u64 address, u64 pages, enum populate_mode mode)
{
	return machine_populate(mm, VADDR(address), pages * P, mode);
}

static void test_populate(void)
{
	start();
	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(populate(AT, 2, POPULATE_WRITE), 0);
	CHECK_EQUAL(populate(AT, 4, POPULATE_READ), 0);
	CHECK_EQUAL(faults(FAULT_ZERO_FILL), 2);
	CHECK_EQUAL(faults(FAULT_ZERO_MAP), 2);
	CHECK_EQUAL(populate(AT, 4, POPULATE_WRITE), 0);
	CHECK_EQUAL(faults(FAULT_COW_COPY), 2);
	CHECK_EQUAL(faults(FAULT_SPURIOUS), 0);

	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), P, PROT_NONE), 0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + P), P, PROT_READ), 0);
	CHECK_EQUAL(populate(AT, 4, POPULATE_READ), -EINVAL);
	CHECK_EQUAL(populate(AT + P, 1, POPULATE_WRITE), -EINVAL);
	CHECK_EQUAL(populate(AT, 4, POPULATE_LOCKED), -EFAULT);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 2 * P), P), 0);
	CHECK_EQUAL(populate(AT + P, 3, POPULATE_READ), -ENOMEM);
	check_all();
}

/* On to the next area where one refuses, over holes, to the very end. */
static void test_populate_quietly(void)
{
	struct object *file;

	start();
	file = object_create(P, false);
	CHECK_EQUAL(map(AT, P, PROT_NONE, ANON_FIXED), AT);
	CHECK_EQUAL(map_object(AT + P, 3 * P, RW, MAP_SHARED | MAP_FIXED, file,
			       0),
		    AT + P);
	CHECK_EQUAL(map(AT + 6 * P, 2 * P, RW, ANON_FIXED), AT + 6 * P);
	CHECK_EQUAL(populate(AT - P, 12, POPULATE_QUIETLY), 0);
	CHECK_EQUAL(mm->rss_pages, 3);
	CHECK_EQUAL(faults(FAULT_FILE_MAP), 1);
	CHECK_EQUAL(faults(FAULT_ZERO_FILL), 2);
	CHECK_EQUAL(populate(AT + P, 3, POPULATE_READ), -EFAULT);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT + 6 * P), P, MADV_DONTNEED), 0);
	machine_fail_nth(1);
	CHECK_EQUAL(populate(AT + 6 * P, 1, POPULATE_WRITE), -ENOMEM);
	CHECK(machine_failed());
	object_put(file);
	check_all();
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "errors", test_errors },
		{ "kept", test_kept },
		{ "kept, without memory", test_kept_fails },
		{ "fork", test_fork },
		{ "drop", test_drop },
		{ "populate", test_populate },
		{ "populate quietly", test_populate_quietly },
	};

	return RUN_TESTS(tests);
}
