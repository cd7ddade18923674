/*
 * test_frame.c - the buddy allocator, the frames of each CPU, the counts, the
 *                reserve, the poison
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <pthread.h>
#include <sched.h>

#include "mm/frame_cache.h"
#include "tests/host/fake_machine.h"

static u64 free_frames(void)
{
	return frame_stats_read().free;
}

static bool always(unsigned int order __unused)
{
	return true;
}

/* Take all there is, in single frames; give every second one back … */
static void test_split_and_join(void)
{
	static struct frame *taken[MACHINE_BYTES / PAGE_SIZE];
	u64 all, count = 0;
	struct frame *block;

	machine_start();
	frame_may_use_reserve = always;
	all = free_frames();
	while ((block = frame_alloc(FRAME_KERNEL)))
		taken[count++] = block;
	CHECK_EQUAL(count, all);
	CHECK_EQUAL(free_frames(), 0);

	for (u64 i = 0; i < count; i += 2)
		frame_put(taken[i]);
	CHECK_EQUAL(free_frames(), (all + 1) / 2);
	/* … no two of which are neighbours: there is no block of two. */
	CHECK(!frame_alloc_block(FRAME_KERNEL, 1));
	CHECK(!frame_alloc_block(FRAME_KERNEL, FRAME_ORDER_MAX));

	/* The others too, and all is joined to blocks as large as before. */
	for (u64 i = 1; i < count; i += 2)
		frame_put(taken[i]);
	CHECK_EQUAL(free_frames(), all);
	block = frame_alloc_block(FRAME_KERNEL, FRAME_ORDER_MAX);
	CHECK(block);
	CHECK_EQUAL(frame_pfn(block).val % (1UL << FRAME_ORDER_MAX), 0);
	CHECK_EQUAL(free_frames(), all - (1UL << FRAME_ORDER_MAX));
	for (u64 i = 0; i < 1UL << FRAME_ORDER_MAX; i++)
		frame_put(&block[i]);
	CHECK_EQUAL(free_frames(), all);
}

/* A CPU's own comes back to it; another has one of its own, or no frame. */
static void test_own_frames(void)
{
	struct mm *mm;
	struct frame *first, *second;

	machine_start();
	mm = mm_create();
	machine_run(1, mm);
	first = frame_alloc(FRAME_KERNEL);
	frame_put(first);
	machine_run(2, mm);
	second = frame_alloc(FRAME_KERNEL);
	CHECK(second != first);
	machine_run(1, mm);
	CHECK(frame_alloc(FRAME_KERNEL) == first);
	frame_put(first);
	frame_put(second);
	CHECK(frame_alloc(FRAME_KERNEL) == second);
}

/* Not one is missing while any CPU has it: all can be had, by everyone. */
static void test_last_frames(void)
{
	static struct frame *taken[MACHINE_BYTES / PAGE_SIZE];
	u64 all, count = 0;
	struct mm *mm;

	machine_start();
	frame_may_use_reserve = always;
	mm = mm_create();
	for (unsigned int cpu = 0; cpu < MACHINE_CPUS; cpu++) {
		machine_run(cpu, mm);
		all = free_frames();
		frame_put(frame_alloc(FRAME_KERNEL));
		CHECK_EQUAL(free_frames(), all);
	}
	while ((taken[count] = frame_alloc(FRAME_KERNEL)))
		count++;
	CHECK_EQUAL(count, all);
	CHECK_EQUAL(free_frames(), 0);

	/* Given back by all of them in turn; then the last CPU wants one. */
	for (u64 i = 0; i < count; i++) {
		machine_run(i % (MACHINE_CPUS - 1), mm);
		frame_put(taken[i]);
	}
	CHECK_EQUAL(free_frames(), all);
	machine_run(MACHINE_CPUS - 1, mm);
	for (u64 i = 0; i < all; i++)
		CHECK(frame_alloc(FRAME_KERNEL));
	CHECK(!frame_alloc(FRAME_KERNEL));
}

/* What lies with other CPUs is joined again when a large block is wanted. */
static void test_join_from_all(void)
{
	struct mm *mm;
	struct frame *block;

	machine_start();
	frame_may_use_reserve = always;
	mm = mm_create();
	block = frame_alloc_block(FRAME_KERNEL, 2);
	while (frame_alloc(FRAME_KERNEL))
		;
	for (unsigned int i = 0; i < 4; i++) {
		machine_run(i, mm);
		frame_put(&block[i]);
	}
	CHECK_EQUAL(free_frames(), 4);
	CHECK(frame_alloc_block(FRAME_KERNEL, 2) == block);
	CHECK_EQUAL(free_frames(), 0);
}

/* Of every order: aligned, each frame with a count of its own. */
static void test_blocks(void)
{
	machine_start();
	for (unsigned int order = 0; order <= FRAME_ORDER_MAX; order++) {
		struct frame *block = frame_alloc_block(FRAME_KERNEL, order);

		CHECK(block);
		CHECK_EQUAL(frame_pfn(block).val % (1UL << order), 0);
		for (u64 i = 0; i < 1UL << order; i++) {
			CHECK_EQUAL(frame_refcount(&block[i]), 1);
			CHECK_EQUAL(block[i].kind, FRAME_KERNEL);
			frame_put(&block[i]);
		}
	}
}

static void test_reserve(void)
{
	machine_start();
	while (frame_alloc(FRAME_ANON))
		;
	CHECK_EQUAL(free_frames(), frame_stats.emergency);
	CHECK(frame_stats.emergency >= 64);
	CHECK(!frame_alloc(FRAME_PGTABLE));
	CHECK(!frame_alloc(FRAME_KERNEL));
	frame_may_use_reserve = always;
	CHECK(frame_alloc(FRAME_PGTABLE));
	frame_may_use_reserve = NULL;
	CHECK(!frame_alloc_zeroed(FRAME_ANON));
}

static void test_counts(void)
{
	struct frame *frame;
	struct frame_stats before;

	machine_start();
	before = frame_stats_read();
	frame = frame_alloc_zeroed(FRAME_ANON);
	CHECK_EQUAL(*(u64 *)frame_ptr(frame), 0);
	frame_adopt_mapped(frame);
	frame_get_mapped(frame);
	frame_get(frame);
	CHECK_EQUAL(frame_refcount(frame), 3);
	CHECK_EQUAL(frame_mapcount(frame), 2);
	frame_put_mapped(frame);
	frame_put_mapped(frame);
	CHECK_EQUAL(frame_refcount(frame), 1);
	CHECK_EQUAL(frame_mapcount(frame), 0);
	frame_put(frame);
	CHECK_EQUAL(frame->kind, FRAME_FREE);
	CHECK_EQUAL(frame_stats.allocations, before.allocations + 1);
	CHECK_EQUAL(frame_stats.frees, before.frees + 1);
	CHECK_EQUAL(free_frames(), before.free);
}

/* 300 sharers: a count of eight bits would have gone round. */
static void test_many_sharers(void)
{
	struct frame *frame;

	machine_start();
	frame = frame_alloc(FRAME_ANON);
	for (int i = 0; i < 300; i++)
		frame_get_mapped(frame);
	CHECK_EQUAL(frame_refcount(frame), 301);
	CHECK_EQUAL(frame_mapcount(frame), 300);
}

/* ---- Mistakes that must not go unnoticed ---- */

static void put_twice(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON);

	frame_put(frame);
	frame_put(frame);
}

static void get_free(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON);

	frame_put(frame);
	frame_get(frame);
}

static void get_too_often(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON);

	frame->refcount = ~0u;
	frame_get(frame);
}

static void put_mapped(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON);

	frame_adopt_mapped(frame);
	frame_put(frame);
}

static void put_unmapped(void)
{
	frame_put_mapped(frame_alloc(FRAME_ANON));
}

static void put_zero_frame(void)
{
	frame_put(zero_frame);
}

/* A store to free memory, through an address AddressSanitizer cannot know. */
static void write_free(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON);
	volatile u64 *word = (volatile u64 *)frame_ptr(frame) + 100;

	frame_put(frame);
	__asm__ volatile("movq $7, (%0)" : : "r"(word) : "memory");
	CHECK(frame_alloc(FRAME_ANON) == frame);
}

static void give_used(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON);

	frame_cache_give(frame, 0);
	(void)!frame_alloc(FRAME_ANON);
}

static void put_before_flush(void)
{
	struct frame *frame = frame_alloc(FRAME_ANON);
	struct tlb_space space;

	tlb_space_init(&space, PFN(0));
	tlb_switch_to(&space);
	frame_adopt_mapped(frame);
	tlb_ledger_record(&space, VADDR(USER_START),
			  pte_make(frame_pfn(frame),
				   (struct pte_rights){ .read = true }),
			  (pte_t){ 0 });
	frame_put_mapped(frame);
}

static void beyond_memory(void)
{
	(void)pfn_to_frame(PFN(frame_count));
}

static void test_mistakes(void)
{
	machine_start();
	CHECK_PANIC(put_twice, "I3 violated");
	CHECK_PANIC(get_free, "I3 violated");
	CHECK_PANIC(get_too_often, "has refcount 4294967295");
	CHECK_PANIC(put_mapped, "I2 violated");
	CHECK_PANIC(put_unmapped, "I1 violated");
	CHECK_PANIC(put_zero_frame, "I9 violated");
	CHECK_PANIC(write_free, "was written at offset 0x320");
	CHECK_PANIC(give_used, "has refcount 1");
	CHECK_PANIC(put_before_flush, "I13 violated");
	CHECK_PANIC(beyond_memory, "assertion failed");
}

/* ---- Two CPUs -------------------------------------------------------------- */

#define ROUNDS 100
#define GETS 10000 /* in one round */

/* Both are there.  Left to itself, a busy machine may give both one CPU. */
static u32 arrived;

/* Keep to the first or the second CPU that we may use, if there are two. */
static void choose_cpu(u32 number)
{
	cpu_set_t allowed, chosen;
	int cpu = -1;

	CHECK_EQUAL(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	if (CPU_COUNT(&allowed) < 2)
		return;
	for (u32 i = 0; i <= number; i++)
		do
			cpu++;
		while (!CPU_ISSET(cpu, &allowed));
	CPU_ZERO(&chosen);
	CPU_SET(cpu, &chosen);
	CHECK_EQUAL(sched_setaffinity(0, sizeof(chosen), &chosen), 0);
}

static void *get_often(void *frame)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		u32 earlier = __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);

		if (round == 0)
			choose_cpu(earlier);
		while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) <
		       2 * round + 2)
			;
		for (int i = 0; i < GETS; i++)
			frame_get(frame);
	}
	return NULL;
}

/* Each reference counts, whichever of two CPUs takes it, and when. */
static void test_counts_are_atomic(void)
{
	struct frame *frame;
	cpu_set_t allowed;
	pthread_t other;

	machine_start();
	frame = frame_alloc(FRAME_ANON);
	CHECK(frame);
	CHECK_EQUAL(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	CHECK_EQUAL(pthread_create(&other, NULL, get_often, frame), 0);
	get_often(frame);
	CHECK_EQUAL(pthread_join(other, NULL), 0);
	CHECK_EQUAL(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
	CHECK_EQUAL(frame_refcount(frame), 1 + 2 * ROUNDS * GETS);
	for (int i = 0; i < 2 * ROUNDS * GETS; i++)
		frame_put(frame);
	CHECK_EQUAL(frame_refcount(frame), 1);
	frame_put(frame);
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "split and join", test_split_and_join },
		{ "own frames", test_own_frames },
		{ "last frames", test_last_frames },
		{ "join from all", test_join_from_all },
		{ "blocks", test_blocks },
		{ "reserve", test_reserve },
		{ "counts", test_counts },
		{ "counts on two CPUs", test_counts_are_atomic },
		{ "many sharers", test_many_sharers },
		{ "mistakes", test_mistakes },
	};

	return RUN_TESTS(tests);
}
