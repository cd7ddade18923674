/*
 * frame.c - what the two counts of a frame mean
 *
 *   refcount  0: free.  n: n reasons to keep it, of which
 *   mapcount     are page-table entries.
 *
 * A frame is born with refcount 1 and no mapping.  The PTE it was made for
 * takes over that reference (frame_adopt_mapped); every further PTE adds one
 * of each (frame_get_mapped) and drops one of each when it goes
 * (frame_put_mapped).  Whoever drops the last reference frees the
 * frame, so nobody has to know who the other holders are.
 *
 * Owns: the counts, the emergency reserve.  Free frames are kept by
 * mm/frame_cache.c and mm/buddy.c; the table is made by mm/frame_init.c.
 * Invariants: I3.
 * Locks: none; the counts are atomic.
 */
#include "mm/frame.h"

#include "kernel/lib/string.h"
#include "mm/frame_cache.h"
#include "mm/poison.h"

struct frame *frame_table;
u64 frame_count;
struct frame *zero_frame;
pfn_t zero_pfn;
bool (*allocation_fails)(void);
bool (*frame_may_use_reserve)(unsigned int order);

/* total, reserved and emergency are set by frame_init(). */
struct frame_stats frame_stats;

static struct frame *take_block(unsigned int order)
{
	struct frame *block;

	if (unlikely(allocation_fails) && allocation_fails())
		return NULL;
	block = frame_cache_take(order, frame_stats.emergency);
	if (!block && frame_may_use_reserve && frame_may_use_reserve(order))
		block = frame_cache_take(order, 0);
	return block;
}

struct frame *frame_alloc_block(enum frame_kind kind, unsigned int order)
{
	struct frame *block = take_block(order);

	if (!block)
		return NULL;
	for (u64 i = 0; i < 1UL << order; i++) {
		ASSERT_INVARIANT(I3, block[i].refcount == 0,
				 "free pfn %#lx has refcount %u",
				 frame_pfn(&block[i]).val, block[i].refcount);
		poison_assert_intact(&block[i]);
		block[i].kind = (u8)kind;
		block[i].mapcount = 0;
		block[i].pincount = 0; /* was free_node */
		__atomic_store_n(&block[i].refcount, 1, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&frame_stats.allocations, 1UL << order,
			   __ATOMIC_RELAXED);
	TRACE(ALLOC, .frame = (u32)frame_pfn(block).val, .code = order,
	      .kind = (u8)kind);
	return block;
}

struct frame *frame_alloc_zeroed(enum frame_kind kind)
{
	struct frame *frame = frame_alloc(kind);

	if (frame)
		memset(frame_ptr(frame), 0, PAGE_SIZE);
	return frame;
}

void frame_free(struct frame *frame)
{
	ASSERT_INVARIANT(I2, frame_mapcount(frame) == 0,
			 "pfn %#lx is mapped %u times without a reference",
			 frame_pfn(frame).val, frame_mapcount(frame));
	ASSERT_INVARIANT(I9, frame != zero_frame, "the zero frame was freed");
	TRACE_COUNTS(FREE, frame, 0, 0);
	poison_fill(frame);
	__atomic_fetch_add(&frame_stats.frees, 1, __ATOMIC_RELAXED);
	frame_cache_give(frame, 0);
}
