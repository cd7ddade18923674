/*
 * frame_cache.c - see frame_cache.h
 *
 * free_frames is a promise: whoever wants a frame first takes it off this
 * number, and only then off a list.  So the reserve is kept to the frame, and
 * who has been promised one will find it, at worst with another CPU.
 */
#include "mm/frame_cache.h"

#include "kernel/lib/spinlock.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/smp.h"
#include "mm/buddy.h"

/* Frames come as one block of 2^4; a quarter of what Linux takes at once. */
#define REFILL_ORDER 4
#define REFILL_FRAMES (1u << REFILL_ORDER)

/* With more than this, as many as a refill go back. */
#define FRAMES_MAX (2 * REFILL_FRAMES)

struct frame_cache {
	struct spinlock lock;
	struct list_node frames; /* lock; the one used last comes first */
	u32 count; /* lock */
} __aligned(64); /* so that no two CPUs write to one line */

static struct frame_cache caches[CPUS_MAX] = {
	[0 ... CPUS_MAX - 1] = { .lock = SPINLOCK_INIT("frame_cache") },
};

/* Atomic; never more than there are on all lists. */
static u64 free_frames;

u64 frame_cache_free_frames(void)
{
	return __atomic_load_n(&free_frames, __ATOMIC_RELAXED);
}

static bool claim(u64 count, u64 keep)
{
	u64 free = frame_cache_free_frames();

	do
		if (free < keep + count)
			return false;
	while (!__atomic_compare_exchange_n(&free_frames, &free, free - count,
					    true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	return true;
}

/* ---- One CPU's frames ---- */

static struct frame_cache *lock_cache(u32 cpu)
{
	struct frame_cache *cache = &caches[cpu];

	spin_lock(&cache->lock);
	if (unlikely(!cache->frames.next))
		list_init(&cache->frames); /* the first time */
	return cache;
}

/* => the cache's lock is held in all that follow */
static void push(struct frame_cache *cache, struct frame *frame)
{
	list_push_front(&cache->frames, &frame->free_node);
	cache->count++;
}

static struct frame *pop(struct frame_cache *cache)
{
	struct frame *frame;

	if (list_is_empty(&cache->frames))
		return NULL;
	frame = list_first_entry(&cache->frames, struct frame, free_node);
	list_remove(&frame->free_node);
	cache->count--;
	return frame;
}

static void refill(struct frame_cache *cache)
{
	struct frame *block = buddy_take(REFILL_ORDER);
	u32 count = block ? REFILL_FRAMES : 1;

	/* Nothing that large is left: what there is. */
	if (!block)
		block = buddy_take(0);
	/* The lowest comes first, then its neighbours. */
	while (block && count > 0)
		push(cache, &block[--count]);
}

/* Those that were used longest ago go back to the buddy allocator. */
static void drain(struct frame_cache *cache, u32 keep)
{
	while (cache->count > keep) {
		struct frame *frame =
			list_entry(cache->frames.prev, struct frame, free_node);

		list_remove(&frame->free_node);
		cache->count--;
		buddy_give(frame, 0);
	}
}

/* Memory is short, or in pieces: everything back to where it can be joined. */
static void drain_all(void)
{
	for (u32 cpu = 0; cpu < CPUS_MAX; cpu++) {
		struct frame_cache *cache;

		if (!READ_ONCE(caches[cpu].count))
			continue;
		cache = lock_cache(cpu);
		drain(cache, 0);
		spin_unlock(&cache->lock);
	}
}

/* ---- All of them ---- */

/* => one frame was claimed, so there is one */
static struct frame *take_claimed(void)
{
	struct frame *frame = NULL;

	while (1) {
		struct frame_cache *cache = lock_cache(smp_cpu_id());

		if (list_is_empty(&cache->frames))
			refill(cache);
		frame = pop(cache);
		spin_unlock(&cache->lock);
		if (likely(frame))
			return frame;
		drain_all(); /* another CPU has it */
	}
}

/*
 * Claimed when it is there: a claim that must be taken back, as memory is in
 * pieces, would let others fail meanwhile.
 */
static struct frame *take_block(unsigned int order, u64 keep)
{
	struct frame *block = buddy_take(order);

	if (!block) {
		drain_all();
		block = buddy_take(order);
	}
	if (block && !claim(1UL << order, keep)) {
		buddy_give(block, order);
		block = NULL;
	}
	return block;
}

struct frame *frame_cache_take(unsigned int order, u64 keep)
{
	if (order > 0)
		return take_block(order, keep);
	return claim(1, keep) ? take_claimed() : NULL;
}

void frame_cache_give(struct frame *block, unsigned int order)
{
	struct frame_cache *cache;

	if (order > 0) {
		buddy_give(block, order);
	} else {
		buddy_mark_free(block);
		cache = lock_cache(smp_cpu_id());
		push(cache, block);
		if (cache->count > FRAMES_MAX)
			drain(cache, FRAMES_MAX - REFILL_FRAMES);
		spin_unlock(&cache->lock);
	}
	/* Order: it is on a list before anybody is promised it. */
	__atomic_fetch_add(&free_frames, 1UL << order, __ATOMIC_RELEASE);
}

struct frame_stats frame_stats_read(void)
{
	struct frame_stats stats = frame_stats;

	stats.free = frame_cache_free_frames();
	return stats;
}
