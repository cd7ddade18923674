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
 * Owns: the counts, the emergency reserve, the poison.  Free blocks are
 * kept by mm/buddy.c; the table is made by mm/frame_init.c.
 * Invariants: I3.
 * Locks: none; the counts are atomic.
 */
#include "mm/frame.h"

#include "kernel/lib/string.h"
#include "mm/buddy.h"

/* Fills free frames in debug builds; as an address it is non-canonical. */
#define POISON_BYTE 0xca
#define POISON_WORD 0xcacacacacacacacaUL

struct frame *frame_table;
u64 frame_count;
struct frame *zero_frame;
pfn_t zero_pfn;
bool (*allocation_fails)(void);
bool (*frame_may_use_reserve)(unsigned int order);

/* total, reserved and emergency are set by frame_init(). */
struct frame_stats frame_stats;

/*
 * Frames that were never handed out are not poisoned: filling all of a large
 * machine at boot would take longer than the lesson.
 */
static void poison(struct frame *frame)
{
	if (!CALF_DEBUG)
		return;
	memset(frame_ptr(frame), POISON_BYTE, PAGE_SIZE);
	frame->is_poisoned = true;
}

/* A write to a free frame shows here, when it is handed out again. */
static void assert_poisoned(struct frame *frame)
{
	const u64 *word = frame_ptr(frame);

	if (!frame->is_poisoned)
		return;
	frame->is_poisoned = false;
	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		ASSERT_INVARIANT(I3, word[i] == POISON_WORD,
				 "free frame %#lx was written at offset %#lx",
				 frame_pfn(frame).val, i * sizeof(*word));
}

static struct frame *take_block(unsigned int order)
{
	struct frame *block;

	if (unlikely(allocation_fails) && allocation_fails())
		return NULL;
	block = buddy_take(order, frame_stats.emergency);
	if (!block && frame_may_use_reserve && frame_may_use_reserve(order))
		block = buddy_take(order, 0);
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
		assert_poisoned(&block[i]);
		block[i].kind = (u8)kind;
		block[i].mapcount = 0;
		block[i].pincount = 0; /* was free_node */
		__atomic_store_n(&block[i].refcount, 1, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&frame_stats.allocations, 1UL << order,
			   __ATOMIC_RELAXED);
	return block;
}

struct frame *frame_alloc(enum frame_kind kind)
{
	return frame_alloc_block(kind, 0);
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
	poison(frame);
	__atomic_fetch_add(&frame_stats.frees, 1, __ATOMIC_RELAXED);
	buddy_give(frame, 0);
}

struct frame_stats frame_stats_read(void)
{
	struct frame_stats stats = frame_stats;

	stats.free = buddy_free_frames();
	return stats;
}
