/*
 * test_fork.c - both levels of fork, and fork without memory
 */
#include <string.h>

#include "mm/object.h"
#include "tests/host/mm_test.h"

static struct object *file;

/* One page of each sort, from AT on, 2 MiB apart. */
enum page {
	PRIVATE, /* written */
	READ_ONLY, /* written, then protected */
	NONE, /* written, then PROT_NONE */
	ZERO, /* read only so far */
	UNTOUCHED,
	SHARED, /* written */
	FILE_PAGE, /* private, read */
	FILE_COPY, /* private, written */
	PAGES,
};

#define ADDRESS(page) (AT + ((u64)(page) << 21))

/* Value @page has; what was never written reads as 0. */
static u64 value(enum page page)
{
	return page == ZERO || page == UNTOUCHED ? 0 :
	       page == FILE_PAGE		 ? 77 :
						   page + 1;
}

static void start_with_pages(void)
{
	struct frame *frame;

	start();
	file = object_create(2 * P, false);
	CHECK_EQUAL(object_get_frame(file, 0, &frame), 0);
	*(u64 *)frame_ptr(frame) = 77;
	frame_put(frame);
	for (enum page page = 0; page < PAGES; page++) {
		u64 at = ADDRESS(page);

		if (page >= FILE_PAGE)
			CHECK_EQUAL(map_object(at, P, RW,
					       MAP_PRIVATE | MAP_FIXED, file,
					       0),
				    at);
		else
			CHECK_EQUAL(map(at, P, RW,
					page == SHARED ? SHARED_FIXED :
							 ANON_FIXED),
				    at);
		if (page == ZERO || page == FILE_PAGE)
			CHECK_EQUAL(machine_read(VADDR(at)), value(page));
		else if (page != UNTOUCHED)
			machine_write(VADDR(at), value(page));
	}
	CHECK_EQUAL(map_mprotect(mm, VADDR(ADDRESS(READ_ONLY)), P, PROT_READ),
		    0);
	CHECK_EQUAL(map_mprotect(mm, VADDR(ADDRESS(NONE)), P, PROT_NONE), 0);
}

/* Everything is there, and the same. */
static void check_values(struct mm *of)
{
	machine_run(1, of);
	CHECK_EQUAL(map_mprotect(of, VADDR(ADDRESS(NONE)), P, RW), 0);
	CHECK_EQUAL(map_mprotect(of, VADDR(ADDRESS(READ_ONLY)), P, RW), 0);
	for (enum page page = 0; page < PAGES; page++)
		CHECK_EQUAL(machine_read(VADDR(ADDRESS(page))), value(page));
	machine_run(0, mm);
}

/* What one writes, the other does not see, but for shared memory. */
static void check_separate(struct mm *child)
{
	machine_run(1, child);
	for (enum page page = 0; page < PAGES; page++)
		machine_write(VADDR(ADDRESS(page)), 1000 + page);
	machine_run(0, mm);
	for (enum page page = 0; page < PAGES; page++)
		if (page != NONE)
			CHECK_EQUAL(machine_read(VADDR(ADDRESS(page))),
				    page == SHARED ? 1000 + page : value(page));
	machine_check_tlbs();
	check_all();
}

static bool is_writable(struct mm *of, enum page page)
{
	return pte_is_writable(machine_walk(&of->pgtable.space, ADDRESS(page)));
}

static void test_level_1(void)
{
	struct mm *child;
	u64 rss, flushes;

	start_with_pages();
	rss = mm->rss_pages;
	flushes = machine_flushes;
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(machine_flushes, flushes + 1);
	CHECK_EQUAL(mm->rss_pages, rss);
	CHECK_EQUAL(child->rss_pages, rss);
	CHECK_EQUAL(child->total_pages, mm->total_pages);
	CHECK_EQUAL(child->committed_pages, mm->committed_pages);
	for (enum page page = 0; page < PAGES; page++) {
		CHECK(frame_at(mm, ADDRESS(page)) ==
		      frame_at(child, ADDRESS(page)));
		CHECK_EQUAL(is_writable(mm, page), page == SHARED);
		CHECK_EQUAL(is_writable(child, page), page == SHARED);
	}
	CHECK_EQUAL(child->faults.count[FAULT_ZERO_FILL], 0);
	check_all();
	check_values(child);
	check_separate(child);
	mm_put(child);
	check_all();
}

static void test_level_0(void)
{
	struct mm *child;

	start_with_pages();
	fork_level = 0;
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	for (enum page page = 0; page < PAGES; page++) {
		bool is_same = frame_at(mm, ADDRESS(page)) ==
			       frame_at(child, ADDRESS(page));

		CHECK_EQUAL(is_same, page == ZERO || page == UNTOUCHED ||
					     page == SHARED ||
					     page == FILE_PAGE);
	}
	CHECK(is_writable(mm, PRIVATE) && is_writable(child, PRIVATE));
	CHECK(!is_writable(child, READ_ONLY));
	check_all();
	check_values(child);
	check_separate(child);
	mm_put(child);
	check_all();
}

/* Fork of a fork, of an empty space, and of one with many sharers. */
static void test_many(void)
{
	enum { CHILDREN = 40 };
	struct mm *children[CHILDREN];
	struct mm *from;

	start();
	from = mm;
	CHECK_EQUAL(fork_mm(mm, &children[0]), 0);
	mm_put(children[0]);
	CHECK_EQUAL(map(AT, 600 * P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	for (int i = 0; i < CHILDREN; i++) {
		CHECK_EQUAL(fork_mm(from, &children[i]), 0);
		from = children[i];
	}
	CHECK_EQUAL(frame_mapcount(frame_at(mm, AT)), CHILDREN + 1);
	check_all();
	for (int i = 0; i < CHILDREN; i++)
		mm_put(children[i]);
	CHECK_EQUAL(frame_mapcount(frame_at(mm, AT)), 1);
	machine_write(VADDR(AT), 2);
	CHECK_EQUAL(faults(FAULT_COW_REUSE), 1);
	check_all();
}

static void test_layout(void)
{
	struct mm *child;

	start();
	mm->brk_start = VADDR(1);
	mm->brk = VADDR(2);
	mm->limits.stack_bytes = 3;
	mm->arg_start = VADDR(4);
	mm->arg_end = VADDR(5);
	mm->env_start = VADDR(6);
	mm->env_end = VADDR(7);
	mm->stack_top = VADDR(8);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	CHECK_EQUAL(child->brk_start.val, 1);
	CHECK_EQUAL(child->brk.val, 2);
	CHECK_EQUAL(child->limits.stack_bytes, 3);
	CHECK_EQUAL(child->arg_start.val, 4);
	CHECK_EQUAL(child->arg_end.val, 5);
	CHECK_EQUAL(child->env_start.val, 6);
	CHECK_EQUAL(child->env_end.val, 7);
	CHECK_EQUAL(child->stack_top.val, 8);
}

/* ---- Out of memory at every allocation (I14) ---- */

/* Every entry of the parent but Accessed and Dirty. */
static void take_entries(u64 *entries)
{
	for (enum page page = 0; page < PAGES; page++)
		entries[page] =
			machine_walk(&mm->pgtable.space, ADDRESS(page)).raw &
			~(PTE_ACCESSED | PTE_DIRTY);
}

static void fail_each_allocation(u64 level)
{
	u64 before[PAGES], after[PAGES];
	struct mm *child = NULL;
	u64 free, nth;
	int error = -ENOMEM;

	start_with_pages();
	fork_level = level;
	free = frame_stats_read().free;
	take_entries(before);
	for (nth = 1; error; nth++) {
		machine_fail_nth(nth);
		error = fork_mm(mm, &child);
		if (!machine_failed())
			break;
		CHECK_EQUAL(error, -ENOMEM);
		CHECK(!child);
		take_entries(after);
		CHECK(memcmp(before, after, sizeof(before)) == 0);
		CHECK_EQUAL(frame_stats_read().free, free);
		check_all();
		machine_check_tlbs();
	}
	CHECK_EQUAL(error, 0);
	/* A root, areas, and tables for eight places; frames at level 0. */
	CHECK(nth > 15);
	mm_put(child);
	CHECK_EQUAL(frame_stats_read().free, free);
	check_values(mm);
}

static void test_level_0_without_memory(void)
{
	fail_each_allocation(0);
}

static void test_level_1_without_memory(void)
{
	fail_each_allocation(1);
}

/* Ending a process allocates nothing: it must work when memory is gone. */
static void test_exit_without_memory(void)
{
	struct mm *child;
	u64 allocations;

	start_with_pages();
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	mm_get(child);
	mm_put(child);
	allocations = machine_allocations;
	mm_put(child);
	mm_put(mm);
	CHECK_EQUAL(machine_allocations, allocations);
	check_all();
	/* The slab was given back: a frame for a new one, then the root. */
	for (u64 nth = 1; nth <= 3; nth++) {
		machine_fail_nth(nth);
		CHECK(!mm_create());
		CHECK(machine_failed());
	}
	check_all();
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "level 1", test_level_1 },
		{ "level 0", test_level_0 },
		{ "many", test_many },
		{ "layout", test_layout },
		{ "level 0 without memory", test_level_0_without_memory },
		{ "level 1 without memory", test_level_1_without_memory },
		{ "exit without memory", test_exit_without_memory },
	};

	return RUN_TESTS(tests);
}
