/*
 * test_frame_init.c - from odd memory maps of firmware to a frame table
 *
 * The kernel image lies at 1 MiB to 1 MiB + 64 KiB in all of them.
 */
#include "kernel/lib/errno.h"
#include "mm/frame_cache.h"
#include "mm/check.h"
#include "tests/host/fake_machine.h"

#define MIB (1UL << 20)
#define IMAGE_PAGES 16

static struct boot_info info;

static void add_range(u64 start, u64 end, bool usable)
{
	info.ranges[info.range_count++] =
		(struct boot_range){ PADDR(start), PADDR(end), usable };
}

static u64 count_kind(enum frame_kind kind, u64 start, u64 end)
{
	u64 count = 0;

	for (u64 pfn = start >> PAGE_SHIFT; pfn < end >> PAGE_SHIFT; pfn++)
		count += frame_table[pfn].kind == kind;
	return count;
}

/* The checker looks at the kernel's tables too, so there must be some. */
static void check_machine(void)
{
	CHECK_EQUAL(pgtable_init(&kernel_pgtable), 0);
	check_all();
}

static u64 table_frames(void)
{
	return bytes_to_pages(frame_count * sizeof(struct frame));
}

static void test_plain(void)
{
	machine_map_memory(16 * MIB);
	add_range(0, 16 * MIB, true);
	CHECK_EQUAL(frame_init(&info), 0);
	CHECK_EQUAL(frame_count, 16 * MIB / PAGE_SIZE);
	CHECK_EQUAL(count_kind(FRAME_FREE, 0, MIB), 0);
	CHECK_EQUAL(frame_stats.total, 15 * MIB / PAGE_SIZE);
	CHECK_EQUAL(frame_stats.reserved, IMAGE_PAGES + table_frames());
	CHECK_EQUAL(frame_cache_free_frames(),
		    frame_stats.total - frame_stats.reserved - 1);
	CHECK_EQUAL(zero_frame->kind, FRAME_ZERO);
	CHECK_EQUAL(*(u64 *)frame_ptr(zero_frame), 0);
	check_machine();
}

/* Overlapping, unsorted, listed twice, with odd ends and empty ranges. */
static void test_odd_map(void)
{
	machine_map_memory(16 * MIB);
	add_range(8 * MIB, 16 * MIB - 5, true);
	add_range(MIB, 9 * MIB, true);
	add_range(MIB, 9 * MIB, true);
	add_range(4 * MIB + 100, 4 * MIB + 200, false);
	add_range(6 * MIB, 6 * MIB, false);
	add_range(7 * MIB, 7 * MIB + 3 * PAGE_SIZE, false);
	add_range(7 * MIB + PAGE_SIZE, 7 * MIB + 2 * PAGE_SIZE, false);
	add_range(0, 0x9fc00, true);
	add_range(3 * MIB, 3 * MIB, true);
	CHECK_EQUAL(frame_init(&info), 0);
	CHECK_EQUAL(count_kind(FRAME_FREE, 4 * MIB, 4 * MIB + PAGE_SIZE), 0);
	CHECK_EQUAL(count_kind(FRAME_FREE, 7 * MIB, 7 * MIB + 3 * PAGE_SIZE),
		    0);
	CHECK_EQUAL(frame_count, 16 * MIB / PAGE_SIZE - 1);
	CHECK_EQUAL(frame_stats.total, 15 * MIB / PAGE_SIZE - 1 - 1 - 3);
	check_machine();
}

/* The initramfs keeps its frames, until it is given to the allocator. */
static void test_initramfs(void)
{
	u64 start = 5 * MIB + 100;
	u64 end = 5 * MIB + 20 * PAGE_SIZE + 100;
	u64 free;

	machine_map_memory(16 * MIB);
	add_range(0, 16 * MIB, true);
	info.initramfs_start = PADDR(start);
	info.initramfs_end = PADDR(end);
	CHECK_EQUAL(frame_init(&info), 0);
	CHECK_EQUAL(count_kind(FRAME_FREE, 5 * MIB, 5 * MIB + 21 * PAGE_SIZE),
		    0);
	CHECK_EQUAL(frame_stats.total, 15 * MIB / PAGE_SIZE);

	free = frame_cache_free_frames();
	frame_release_range(PADDR(start), PADDR(start + 10));
	CHECK_EQUAL(frame_cache_free_frames(), free);
	/* Whole pages only: its neighbours may use the rest of the ends. */
	frame_release_range(PADDR(start), PADDR(end));
	CHECK_EQUAL(frame_cache_free_frames(), free + 19);
	CHECK_EQUAL(frame_stats.total, 15 * MIB / PAGE_SIZE);
	CHECK_EQUAL(frame_stats.reserved, IMAGE_PAGES + table_frames() + 2);
	check_machine();
}

/* Memory above 4 GiB is freed only when it can be reached. */
static void test_high(void)
{
	u64 high = 4096 * MIB;
	u64 free;

	machine_map_memory(high + 4 * MIB);
	add_range(0, 64 * MIB, true);
	add_range(high - MIB, high + 4 * MIB, true);
	CHECK_EQUAL(frame_init(&info), 0);
	free = frame_cache_free_frames();
	CHECK_EQUAL(count_kind(FRAME_FREE, high, high + 4 * MIB), 0);
	frame_init_high(&info);
	CHECK_EQUAL(count_kind(FRAME_FREE, high, high + 4 * MIB),
		    4 * MIB / PAGE_SIZE);
	CHECK_EQUAL(frame_cache_free_frames(), free + 4 * MIB / PAGE_SIZE);
}

static void test_too_little(void)
{
	machine_map_memory(4 * MIB);
	add_range(0, 4 * MIB, true);
	CHECK_EQUAL(frame_init(&info), -ENOMEM);
}

static void test_no_zero_frame(void)
{
	machine_map_memory(16 * MIB);
	add_range(0, 16 * MIB, true);
	machine_fail_nth(1);
	CHECK_EQUAL(frame_init(&info), -ENOMEM);
}

/* Not even room for the table. */
static void test_nothing(void)
{
	machine_map_memory(4 * MIB);
	add_range(0, MIB, true);
	CHECK_EQUAL(frame_init(&info), -ENOMEM);
}

/* The emergency reserve has a lower and an upper bound. */
static void test_large(void)
{
	machine_map_memory(1024 * MIB);
	add_range(0, 1024 * MIB, true);
	CHECK_EQUAL(frame_init(&info), 0);
	CHECK_EQUAL(frame_stats.emergency, 1024);
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "plain", test_plain },
		{ "odd map", test_odd_map },
		{ "initramfs", test_initramfs },
		{ "high memory", test_high },
		{ "too little", test_too_little },
		{ "nothing", test_nothing },
		{ "no zero frame", test_no_zero_frame },
		{ "large", test_large },
	};

	return RUN_TESTS(tests);
}
