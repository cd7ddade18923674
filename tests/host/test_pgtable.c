/*
 * test_pgtable.c - walk, create, iterate, free: no areas, only tables
 */
#include "mm/pgtable.h"
#include "tests/host/mm_test.h"

#define MIB2 (1UL << 21)
#define GIB (1UL << 30)
#define GIB512 (1UL << 39)

static struct pgtable pgtable;

static void start_pgtable(void)
{
	machine_start();
	CHECK_EQUAL(pgtable_init(&pgtable), 0);
	CHECK_EQUAL(pgtable.table_pages, 1);
}

static void free_hole(u64 start, u64 end, u64 floor, u64 ceiling)
{
	struct pgtable_hole hole = { VADDR(start), VADDR(end), VADDR(floor),
				     VADDR(ceiling) };

	pgtable_free_hole(&pgtable, &hole);
}

/* All tables go, then the root. */
static void finish_pgtable(u64 free_before)
{
	free_hole(0, PGTABLE_USER_END, 0, PGTABLE_USER_END);
	CHECK_EQUAL(pgtable.table_pages, 1);
	pgtable_destroy(&pgtable);
	CHECK_EQUAL(frame_stats_read().free, free_before);
}

static pte_t *create(u64 va)
{
	pte_t *slot = pgtable_create(&pgtable, VADDR(va));

	CHECK(slot);
	return slot;
}

static void test_walk(void)
{
	pte_t *slot;
	u64 free;

	start_pgtable();
	free = frame_stats_read().free + 1;
	CHECK(!pgtable_walk(&pgtable, VADDR(AT)));
	slot = create(AT);
	CHECK_EQUAL(pgtable.table_pages, 4);
	CHECK(pgtable_walk(&pgtable, VADDR(AT)) == slot);
	CHECK(create(AT) == slot);
	CHECK(create(AT + P) == slot + 1);
	CHECK_EQUAL(pgtable.table_pages, 4);

	/* One table more for another 2 MiB, 1 GiB, 512 GiB each. */
	create(AT + MIB2);
	CHECK_EQUAL(pgtable.table_pages, 5);
	create(AT + GIB);
	CHECK_EQUAL(pgtable.table_pages, 7);
	create(AT + GIB512);
	CHECK_EQUAL(pgtable.table_pages, 10);
	CHECK(!pgtable_walk(&pgtable, VADDR(AT + 2 * GIB512)));

	/* Of upper levels: the slot that points to the table below. */
	slot = pgtable_walk_level(&pgtable, AT, 2);
	CHECK(pte_is_present(*slot));
	CHECK(pgtable_create_level(&pgtable, AT, 2) == slot);
	finish_pgtable(free);
}

/* A large page ends the walk: there is no table below. */
static void test_large(void)
{
	pte_t *slot;

	start_pgtable();
	slot = pgtable_create_level(&pgtable, AT, 2);
	*slot = pte_make_large(PFN(512), (struct pte_rights){ .read = true });
	CHECK(!pgtable_walk_level(&pgtable, AT, 1));
	CHECK(pgtable_walk_level(&pgtable, AT, 2) == slot);
}

static u64 count_slots(u64 start, u64 end)
{
	struct pgtable_iter it;
	u64 count = 0;
	u64 last = 0;

	pgtable_for_each_slot(it, &pgtable, VADDR(start), VADDR(end)) {
		CHECK(it.va.val >= start && it.va.val < end);
		CHECK(it.va.val > last || count == 0);
		CHECK(it.slot == pgtable_walk(&pgtable, it.va));
		last = it.va.val;
		count++;
	}
	return count;
}

static void test_iterate(void)
{
	start_pgtable();
	CHECK_EQUAL(count_slots(0, USER_END), 0);
	create(AT);
	create(AT + 3 * MIB2);
	create(AT + GIB512);
	CHECK_EQUAL(count_slots(0, USER_END), 3 * 512);
	CHECK_EQUAL(count_slots(AT, AT), 0);
	CHECK_EQUAL(count_slots(AT, AT + P), 1);
	CHECK_EQUAL(count_slots(AT, AT + MIB2), 512 - 3);
	CHECK_EQUAL(count_slots(AT + MIB2, AT + 3 * MIB2), 3);
	create(AT + MIB2);
	CHECK_EQUAL(count_slots(AT, AT + MIB2), 512);
}

static void test_free_hole(void)
{
	u64 base = AT - AT % MIB2;
	u64 free;

	start_pgtable();
	free = frame_stats_read().free;
	create(AT);
	create(AT + MIB2);

	/* A neighbour in the same table, below or above: nothing goes. */
	free_hole(AT, AT + P, AT, AT + P);
	free_hole(AT, AT + P, AT - P, base + GIB);
	free_hole(AT, AT + P, 0, base + MIB2 - P);
	CHECK_EQUAL(pgtable.table_pages, 5);

	/* One in the next table: this table goes, the upper ones stay. */
	free_hole(AT, AT + P, 0, base + MIB2);
	CHECK_EQUAL(pgtable.table_pages, 4);
	CHECK(!pgtable_walk(&pgtable, VADDR(AT)));
	CHECK(pgtable_walk(&pgtable, VADDR(AT + MIB2)));

	/* None at all: all goes but the root. */
	free_hole(AT + MIB2, AT + MIB2 + P, 0, PGTABLE_USER_END);
	CHECK_EQUAL(pgtable.table_pages, 1);
	CHECK_EQUAL(frame_stats_read().free, free);

	/* A hole with several tables in it, of which some are missing. */
	create(AT);
	create(AT + 2 * GIB);
	create(AT + 5 * GIB512);
	free_hole(AT, AT + 6 * GIB512, 0, PGTABLE_USER_END);
	CHECK_EQUAL(pgtable.table_pages, 1);
	CHECK_EQUAL(frame_stats_read().free, free);
}

/* Wherever memory runs out, what was made serves the next try. */
static void test_no_memory(void)
{
	struct pgtable other;
	u64 free;

	start_pgtable();
	free = frame_stats_read().free + 1;
	for (u64 nth = 1; nth <= 3; nth++) {
		machine_fail_nth(nth);
		CHECK(!pgtable_create(&pgtable, VADDR(AT + nth * GIB512)));
		CHECK(machine_failed());
		CHECK_EQUAL(pgtable.table_pages, 1 + nth * (nth - 1) / 2);
	}
	machine_fail_nth(1);
	CHECK_EQUAL(pgtable_init(&other), -ENOMEM);
	machine_fail_nth(0);
	finish_pgtable(free);
}

/* I12: the kernel's half is copied, the user's half is empty. */
static void test_kernel_half(void)
{
	const pte_t *entries;
	pte_t *kernel;

	machine_start();
	CHECK(pgtable_create_level(&kernel_pgtable, KSTACK_BASE, 3));
	CHECK_EQUAL(kernel_pgtable.table_pages, 2);
	kernel = pfn_to_ptr(kernel_pgtable.space.root);
	CHECK(!pte_is_user(kernel[pgtable_index(KSTACK_BASE, 4)]));
	CHECK_EQUAL(pgtable_init(&pgtable), 0);
	entries = pfn_to_ptr(pgtable.space.root);
	for (int i = 0; i < PGTABLE_ENTRIES; i++)
		CHECK_EQUAL(entries[i].raw,
			    i < PGTABLE_KERNEL_INDEX ? 0 : kernel[i].raw);
}

static void leave_a_leaf(void)
{
	pgtable.table_pages++;
	pgtable_destroy(&pgtable);
}

static void test_mistakes(void)
{
	start_pgtable();
	CHECK_PANIC(leave_a_leaf, "I7 violated: 1 table pages are left");
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "walk", test_walk },
		{ "large", test_large },
		{ "iterate", test_iterate },
		{ "free hole", test_free_hole },
		{ "no memory", test_no_memory },
		{ "kernel half", test_kernel_half },
		{ "mistakes", test_mistakes },
	};

	return RUN_TESTS(tests);
}
