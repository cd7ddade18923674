/*
 * frame_init.c - from the firmware's memory map to the frame table
 *
 * Owns: which frames are RAM, and which of them the allocator may have.
 * Runs once, on the boot CPU.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/frame.h"
#include "mm/frame_cache.h"

/* What linker.ld put around the kernel. */
extern const char kernel_image_start[];
extern const char kernel_image_end[];

/* The boot page tables reach this far. */
#define BOOT_MAP_END_PFN (4UL << 30 >> PAGE_SHIFT)

/* With less than 4 MiB free no program of any use would start. */
#define MINIMUM_FREE_FRAMES (4UL << 20 >> PAGE_SHIFT)

/* 1/64 of memory, but at least 64 frames and at most 1024 (4 MiB). */
#define EMERGENCY_SHARE 64
#define EMERGENCY_MIN 64
#define EMERGENCY_MAX 1024

/* Real-mode structures and the firmware's own data lie below 1 MiB. */
#define LOW_MEMORY_END_PFN (0x100000UL >> PAGE_SHIFT)

/* [start, end) in frames. */
struct span {
	u64 start;
	u64 end;
};

/* What is not free although a usable range may cover it. */
static struct span taken[BOOT_RANGES_MAX + 3];
static unsigned int taken_count;

/* Every page that a byte of [@start, @end) lies in. */
static void take(u64 start, u64 end)
{
	if (start >= end)
		return;
	ASSERT(taken_count < ARRAY_SIZE(taken));
	taken[taken_count++] =
		(struct span){ start >> PAGE_SHIFT, bytes_to_pages(end) };
}

/* As take(), for RAM that we use ourselves. */
static void take_ram(u64 start, u64 end)
{
	u64 pages = bytes_to_pages(end) - (start >> PAGE_SHIFT);

	take(start, end);
	frame_stats.total += pages;
	frame_stats.reserved += pages;
}

/* Move @pfn out of every taken span. */
static u64 skip_taken(u64 pfn)
{
	for (unsigned int i = 0; i < taken_count; i++)
		if (pfn >= taken[i].start && pfn < taken[i].end)
			return skip_taken(taken[i].end);
	return pfn;
}

/* Return: where the first taken span at or above @pfn starts, or @limit. */
static u64 next_taken(u64 pfn, u64 limit)
{
	for (unsigned int i = 0; i < taken_count; i++)
		if (taken[i].start >= pfn && taken[i].start < limit)
			limit = taken[i].start;
	return limit;
}

/* Call @visit for each free span of frames in [@low, @high). */
static void visit_free_spans(const struct boot_info *info, struct span limit,
			     void (*visit)(struct span))
{
	for (u32 i = 0; i < info->range_count; i++) {
		const struct boot_range *range = &info->ranges[i];
		struct span span;
		u64 end = min_u64(range->end.val >> PAGE_SHIFT, limit.end);

		if (!range->usable)
			continue;
		span.start =
			max_u64(bytes_to_pages(range->start.val), limit.start);
		while ((span.start = skip_taken(span.start)) < end) {
			span.end = next_taken(span.start, end);
			visit(span);
			span.start = span.end;
		}
	}
}

/* The largest aligned block that starts at @pfn and ends by @end. */
static unsigned int largest_order(u64 pfn, u64 end)
{
	unsigned int order = 0;

	while (order < FRAME_ORDER_MAX && is_aligned(pfn, 2UL << order) &&
	       pfn + (2UL << order) <= end)
		order++;
	return order;
}

static bool block_is_reserved(u64 pfn, unsigned int order)
{
	for (u64 i = 0; i < 1UL << order; i++)
		if (pfn_to_frame(PFN(pfn + i))->kind != FRAME_RESERVED)
			return false;
	return true;
}

/* A firmware that lists the same RAM twice must not make us free it twice. */
static void release_span(struct span span)
{
	unsigned int order;

	for (u64 pfn = span.start; pfn < span.end; pfn += 1UL << order) {
		order = largest_order(pfn, span.end);
		while (order > 0 && !block_is_reserved(pfn, order))
			order--;
		if (!block_is_reserved(pfn, order))
			continue;
		for (u64 i = 0; i < 1UL << order; i++)
			pfn_to_frame(PFN(pfn + i))->refcount = 0;
		frame_cache_give(pfn_to_frame(PFN(pfn)), order);
		TRACE(RELEASE, .frame = (u32)pfn, .code = order);
		frame_stats.total += 1UL << order;
	}
}

static u64 table_pages;
static u64 table_pfn;

/* Keep the highest span that holds the table. */
static void try_table(struct span span)
{
	if (span.end - span.start >= table_pages)
		table_pfn = max_u64(table_pfn, span.end - table_pages);
}

static u64 highest_usable_frame(const struct boot_info *info)
{
	u64 end = 0;

	for (u32 i = 0; i < info->range_count; i++)
		if (info->ranges[i].usable)
			end = max_u64(end,
				      info->ranges[i].end.val >> PAGE_SHIFT);
	return end;
}

static void take_what_is_not_ours(const struct boot_info *info)
{
	take(0, LOW_MEMORY_END_PFN << PAGE_SHIFT);
	for (u32 i = 0; i < info->range_count; i++)
		if (!info->ranges[i].usable)
			take(info->ranges[i].start.val,
			     info->ranges[i].end.val);
	take_ram((u64)kernel_image_start - KERNEL_BASE,
		 (u64)kernel_image_end - KERNEL_BASE);
	if (info->initramfs_end.val > info->initramfs_start.val)
		take_ram(info->initramfs_start.val, info->initramfs_end.val);
}

int frame_init(const struct boot_info *info)
{
	struct span low = { 0, BOOT_MAP_END_PFN };

	take_what_is_not_ours(info);
	frame_count = highest_usable_frame(info);
	table_pages = bytes_to_pages(frame_count * sizeof(struct frame));
	visit_free_spans(info, low, try_table);
	if (!table_pfn)
		return -ENOMEM;
	take_ram(table_pfn << PAGE_SHIFT, (table_pfn + table_pages)
						  << PAGE_SHIFT);

	frame_table = pfn_to_ptr(PFN(table_pfn));
	memset(frame_table, 0, table_pages << PAGE_SHIFT);
	for (u64 pfn = 0; pfn < frame_count; pfn++) {
		frame_table[pfn].kind = FRAME_RESERVED;
		frame_table[pfn].refcount = 1;
	}
	visit_free_spans(info, low, release_span);
	if (frame_cache_free_frames() < MINIMUM_FREE_FRAMES)
		return -ENOMEM;

	frame_stats.emergency = min_u64(
		max_u64(frame_stats.total / EMERGENCY_SHARE, EMERGENCY_MIN),
		EMERGENCY_MAX);
	zero_frame = frame_alloc_zeroed(FRAME_ZERO);
	if (!zero_frame)
		return -ENOMEM;
	zero_pfn = frame_pfn(zero_frame);
	TRACE(BOOT, .frame = (u32)frame_count, .value = frame_stats.total,
	      .other = (u32)zero_pfn.val);
	return 0;
}

void frame_init_high(const struct boot_info *info)
{
	struct span high = { BOOT_MAP_END_PFN, frame_count };

	visit_free_spans(info, high, release_span);
}

void frame_release_range(paddr_t start, paddr_t end)
{
	struct span span = { bytes_to_pages(start.val), end.val >> PAGE_SHIFT };
	u64 before = frame_stats.total;

	if (span.start >= span.end)
		return;
	release_span(span);

	/* It was counted as RAM already, as reserved. */
	frame_stats.reserved -= frame_stats.total - before;
	frame_stats.total = before;
}
