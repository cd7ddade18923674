/*
 * test_commit.c - what is promised, to the page, and what is refused
 */
#include "mm/commit.h"
#include "mm/object.h"
#include "tests/host/mm_test.h"

static u64 ram; /* pages */

static void start_commit(void)
{
	start();
	ram = frame_stats.total - frame_stats.reserved;
}

/* All promises together are those of @mm. */
static void check_promised(u64 pages)
{
	CHECK_EQUAL(mm->committed_pages, pages);
	CHECK_EQUAL(mm->charged_pages, pages);
	CHECK_EQUAL(commit_total(), pages);
	check_all();
}

/* ---- What is promised ---- */

static void test_kinds(void)
{
	struct object *file;

	start_commit();
	file = object_create(4 * P, false);
	CHECK_EQUAL(map(AT, 4 * P, PROT_READ, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 8 * P, 4 * P, PROT_NONE, ANON_FIXED), AT + 8 * P);
	CHECK_EQUAL(map(AT + 16 * P, 4 * P, RW, ANON_FIXED | MAP_NORESERVE),
		    AT + 16 * P);
	CHECK_EQUAL(map_object(AT + 24 * P, 4 * P, RW, MAP_SHARED | MAP_FIXED,
			       file, 0),
		    AT + 24 * P);
	check_promised(0);
	CHECK_EQUAL(map(AT + 32 * P, 4 * P, RW, ANON_FIXED), AT + 32 * P);
	check_promised(4);
	CHECK_EQUAL(map_object(AT + 40 * P, 3 * P, RW, MAP_PRIVATE | MAP_FIXED,
			       file, 0),
		    AT + 40 * P);
	check_promised(7);
	CHECK_EQUAL(map(AT + 400 * P, 2 * P, RW, STACK_FIXED), AT + 400 * P);
	check_promised(9);
	CHECK_EQUAL(touch(AT + 397 * P, ACCESS_WRITE), FAULT_DONE);
	check_promised(12); /* the stack grew by three */
	mm_put(mm);
	object_put(file);
	CHECK_EQUAL(commit_total(), 0);
}

static void test_parts(void)
{
	start_commit();
	CHECK_EQUAL(map(AT, 10 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 2 * P), 3 * P), 0);
	check_promised(7);
	/* Over a hole of 3, a part of 2 and free space of 1. */
	CHECK_EQUAL(map(AT + 2 * P, 5 * P, RW, ANON_FIXED), AT + 2 * P);
	check_promised(10);
	CHECK_EQUAL(map(AT + 4 * P, 2 * P, PROT_NONE, ANON_FIXED), AT + 4 * P);
	check_promised(8);
	mm->brk_start = mm->brk = VADDR(AT + 100 * P);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 104 * P)), AT + 104 * P);
	check_promised(12);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 101 * P)), AT + 101 * P);
	check_promised(9);
}

static void test_mprotect(void)
{
	start_commit();
	CHECK_EQUAL(map(AT, 4 * P, PROT_READ, ANON_FIXED), AT);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 3 * P, RW), 0);
	check_promised(3);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 3 * P, PROT_READ), 0);
	check_promised(0); /* nothing was written */
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 3 * P, RW), 0);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 3 * P, PROT_READ), 0);
	check_promised(3);
	CHECK_EQUAL(mm->vmas.count, 2); /* promised, and not */
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 3 * P, RW), 0);
	check_promised(3);
	/* Memory that was never promised never is. */
	CHECK_EQUAL(map(AT + 8 * P, P, PROT_READ, ANON_FIXED | MAP_NORESERVE),
		    AT + 8 * P);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 8 * P), P, RW), 0);
	check_promised(3);
}

static void test_mremap(void)
{
	start_commit();
	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(remap(AT, 4 * P, 6 * P, 0, 0), AT);
	check_promised(6);
	CHECK_EQUAL(remap(AT, 6 * P, 3 * P, 0, 0), AT);
	check_promised(3);
	CHECK_EQUAL(remap(AT, 3 * P, 5 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
			  AT + 20 * P),
		    AT + 20 * P);
	check_promised(5);
	CHECK_EQUAL(remap(AT + 20 * P, 5 * P, 2 * P,
			  MREMAP_MAYMOVE | MREMAP_FIXED, AT),
		    AT);
	check_promised(2);
	machine_write(VADDR(AT), 1);
	CHECK_EQUAL(remap(AT, 2 * P, 2 * P,
			  MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
			  AT + 40 * P),
		    AT + 40 * P);
	check_promised(4); /* both */
	/* Nothing was written in what is left. */
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT), 2 * P, PROT_READ), 0);
	check_promised(2);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 40 * P), 2 * P, PROT_READ), 0);
	check_promised(2);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 100 * P), 0);
	check_promised(0);
}

/* Once with its object; without a reservation, page by page. */
static void test_shared(void)
{
	struct mm *child;

	start_commit();
	CHECK_EQUAL(map(AT, 8 * P, PROT_READ, SHARED_FIXED), AT);
	CHECK_EQUAL(commit_total(), 8);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(commit_total(), 8);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 4 * P), 0);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 8 * P), 0);
	CHECK_EQUAL(commit_total(), 8);
	mm_put(child);
	CHECK_EQUAL(commit_total(), 0);

	CHECK_EQUAL(map(AT, 8 * P, RW, SHARED_FIXED | MAP_NORESERVE), AT);
	CHECK_EQUAL(commit_total(), 0);
	machine_write(VADDR(AT), 1);
	machine_write(VADDR(AT + 3 * P), 1);
	CHECK_EQUAL(commit_total(), 2);
	check_all();
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 8 * P), 0);
	CHECK_EQUAL(commit_total(), 0);
	check_all();
}

static void test_fork(void)
{
	struct mm *child;

	start_commit();
	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 8 * P, 2 * P, PROT_READ, ANON_FIXED), AT + 8 * P);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(child->committed_pages, 4);
	CHECK_EQUAL(commit_total(), 8);
	check_all();
	mm_put(child);
	check_promised(4);
	for (u64 nth = 1; nth < 20; nth++) {
		machine_fail_nth(nth);
		if (fork_mm(mm, &child) == 0)
			break;
		machine_failed();
		check_promised(4);
	}
}

/* A child without the area, and one that has nothing in it. */
static void test_fork_advice(void)
{
	struct mm *child;

	start_commit();
	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	machine_write(VADDR(AT + 3 * P), 1);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT), P, MADV_DONTFORK), 0);
	CHECK_EQUAL(map_madvise(mm, VADDR(AT + P), 3 * P, MADV_WIPEONFORK), 0);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(child->committed_pages, 3);
	check_all();
	/* It was written in the parent, not in the child. */
	CHECK_EQUAL(map_mprotect(child, VADDR(AT + P), 3 * P, PROT_READ), 0);
	CHECK_EQUAL(child->committed_pages, 0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + P), 3 * P, PROT_READ), 0);
	check_all();
	mm_put(child);
	check_promised(4);
}

/* ---- What is refused ---- */

static void test_guess(void)
{
	start_commit();
	CHECK_EQUAL(map(AT, (ram + 1) * P, RW, ANON_FIXED), -ENOMEM);
	check_promised(0);
	CHECK_EQUAL(mm->vmas.count, 0);
	CHECK_EQUAL(map(AT, ram * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 2 * ram * P, ram * P, RW, ANON_FIXED),
		    AT + 2 * ram * P);
	check_promised(2 * ram); /* each alone is small enough */
	CHECK_EQUAL(map(AT + 4 * ram * P, (ram + 1) * P, RW,
			ANON_FIXED | MAP_NORESERVE),
		    AT + 4 * ram * P);
	check_promised(2 * ram);
	/* The third in the middle becomes one with its neighbours. */
	CHECK_EQUAL(map(AT + ram * P, ram * P, RW, ANON_FIXED), AT + ram * P);
	CHECK_EQUAL(mm->vmas.count, 2);
	check_promised(3 * ram);
}

static void test_always(void)
{
	start_commit();
	overcommit_memory = COMMIT_ALWAYS;
	CHECK_EQUAL(map(AT, 100 * ram * P, RW, ANON_FIXED), AT);
	check_promised(100 * ram);
}

static const struct mm *asking_mm(void)
{
	return mm;
}

static bool by_user(void)
{
	return false;
}

static u64 refused_bytes;

static void note_refusal(u64 bytes)
{
	refused_bytes = bytes;
}

static void start_never(u64 limit)
{
	start_commit();
	overcommit_memory = COMMIT_NEVER;
	overcommit_kbytes = limit * 4;
	commit_refused = note_refusal;
	CHECK_EQUAL(commit_limit(), limit);
}

static void test_never(void)
{
	start_never(100);
	/* Strictly below the limit. */
	CHECK_EQUAL(map(AT, 100 * P, RW, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(refused_bytes, 100 * P);
	check_promised(0);
	CHECK_EQUAL(map(AT, 90 * P, RW, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 200 * P, 10 * P, RW, SHARED_FIXED), -ENOMEM);
	CHECK_EQUAL(map(AT + 200 * P, 10 * P, RW, ANON_FIXED | MAP_NORESERVE),
		    -ENOMEM);
	/* Only what is new counts. */
	CHECK_EQUAL(map(AT + 80 * P, 19 * P, RW, ANON_FIXED), AT + 80 * P);
	CHECK_EQUAL(map(AT + 80 * P, 20 * P, RW, ANON_FIXED), -ENOMEM);
	check_promised(99);
	/* Nothing happened to what it would have replaced. */
	CHECK_EQUAL(mm->total_pages, 99);
	CHECK_EQUAL(map(AT + 200 * P, 5 * P, PROT_READ, ANON_FIXED),
		    AT + 200 * P);
	CHECK_EQUAL(map_mprotect(mm, VADDR(AT + 200 * P), 5 * P, RW), -ENOMEM);
	CHECK_EQUAL(remap(AT, 99 * P, 100 * P, MREMAP_MAYMOVE, 0), -ENOMEM);
	mm->brk_start = mm->brk = VADDR(AT + 300 * P);
	CHECK_EQUAL(map_brk(mm, VADDR(AT + 301 * P)), AT + 300 * P);
	check_promised(99);
	overcommit_kbytes = 0;
	CHECK_EQUAL(commit_limit(), ram / 2);
	overcommit_ratio = 5;
	CHECK_EQUAL(commit_limit(), ram * 5 / 100);
}

static void test_never_faults(void)
{
	struct object *file;
	struct mm *child;

	start_never(10);
	file = object_create(4 * P, false);
	CHECK_EQUAL(map(AT, 6 * P, RW, STACK_FIXED), AT);
	CHECK_EQUAL(touch(AT - 4 * P, ACCESS_WRITE), FAULT_SIGSEGV_MAPERR);
	check_promised(6);
	CHECK_EQUAL(fork_mm(mm, &child), -ENOMEM);
	check_promised(6);
	CHECK_EQUAL(touch(AT - 3 * P, ACCESS_WRITE), FAULT_DONE);
	check_promised(9);
	CHECK_EQUAL(map_object(AT + 20 * P, 4 * P, RW, MAP_SHARED | MAP_FIXED,
			       file, 0),
		    AT + 20 * P);
	CHECK_EQUAL(touch(AT + 20 * P, ACCESS_WRITE), FAULT_SIGBUS);
	check_promised(9);
	object_put(file);

	/* What was promised before the limit fell is there all the same. */
	CHECK_EQUAL(map_munmap(mm, VADDR(AT - 3 * P), 7 * P), 0);
	CHECK_EQUAL(map(AT + 40 * P, 2 * P, RW, SHARED_FIXED), AT + 40 * P);
	overcommit_kbytes = 4;
	CHECK_EQUAL(touch(AT + 40 * P, ACCESS_WRITE), FAULT_DONE);
	check_all();
}

/* min(size of the process / 32, the reserve), and more unless it is root. */
static void test_reserves(void)
{
	start_never(1000);
	commit_asking_mm = asking_mm;
	user_reserve_kbytes = 10 * 4;
	CHECK_EQUAL(map(AT, 640 * P, PROT_READ, ANON_FIXED), AT);
	CHECK_EQUAL(map(AT + 2000 * P, 990 * P, RW, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(map(AT + 2000 * P, 989 * P, RW, ANON_FIXED), AT + 2000 * P);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 2000 * P), 989 * P), 0);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 64 * P), 576 * P), 0);
	CHECK_EQUAL(map(AT + 2000 * P, 998 * P, RW, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(map(AT + 2000 * P, 997 * P, RW, ANON_FIXED), AT + 2000 * P);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT + 2000 * P), 997 * P), 0);
	commit_asked_by_root = by_user;
	admin_reserve_kbytes = 100 * 4;
	CHECK_EQUAL(map(AT + 2000 * P, 898 * P, RW, ANON_FIXED), -ENOMEM);
	CHECK_EQUAL(map(AT + 2000 * P, 897 * P, RW, ANON_FIXED), AT + 2000 * P);
}

/* More for others than there is: nothing is left, which is no overflow. */
static void test_reserve_too_large(void)
{
	start_never(100);
	commit_asked_by_root = by_user;
	admin_reserve_kbytes = ~0UL >> 1;
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), -ENOMEM);
	check_promised(0);
	commit_init();
	CHECK_EQUAL(admin_reserve_kbytes, user_reserve_kbytes);
	CHECK_EQUAL(admin_reserve_kbytes, frame_stats_read().free / 8);
}

static void give_back_too_much(void)
{
	commit_uncharge(1);
}

static void settle_too_little(void)
{
	mm->charged_pages--;
	commit_settle(mm);
}

static void forget_the_rest(void)
{
	CHECK_EQUAL(commit_charge(1), 0);
	check_all();
}

static void test_mistakes(void)
{
	start_commit();
	CHECK_PANIC(give_back_too_much, "I8 violated");
	CHECK_EQUAL(map(AT, P, RW, ANON_FIXED), AT);
	CHECK_PANIC(settle_too_little, "I8 violated");
	CHECK_PANIC(forget_the_rest, "I8 violated: 2 pages promised in all");
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "kinds", test_kinds },
		{ "parts", test_parts },
		{ "mprotect", test_mprotect },
		{ "mremap", test_mremap },
		{ "shared", test_shared },
		{ "fork", test_fork },
		{ "fork, with advice", test_fork_advice },
		{ "guess", test_guess },
		{ "always", test_always },
		{ "never", test_never },
		{ "never, in a fault", test_never_faults },
		{ "reserves", test_reserves },
		{ "reserve too large", test_reserve_too_large },
		{ "mistakes", test_mistakes },
	};

	return RUN_TESTS(tests);
}
