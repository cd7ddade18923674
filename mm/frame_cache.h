/*
 * frame_cache.h - free frames at hand for each CPU, before the buddy allocator
 *
 * Most allocations are of one frame, and soon after one is freed.  If every CPU
 * has a few of its own for that, they do not wait for each other's frame_lock,
 * and a frame that was used last, and so is in the CPU's cache, is used next.
 *
 * Owns: those frames, and the number of all that are free.  To the rest of the
 * kernel a frame in here is free like any other (I3): it is counted, and no
 * allocation fails for want of it, whichever CPU has it.
 * Invariants: I3.
 * Locks: one for each CPU's frames, as others take them when memory is short.
 *	Order: a cache's lock, then frame_lock.
 * Source: for the idea, Bonwick and Adams, "Magazines and Vmem", USENIX 2001.
 */
#pragma once

#include "mm/frame.h"

/**
 * frame_cache_take() - 2^@order frames
 * @keep: fail rather than leave fewer than @keep frames free
 *
 * Return: the first one, all still marked FRAME_FREE; or NULL.
 */
struct frame *frame_cache_take(unsigned int order, u64 keep) __must_check;

/* Give one block back.  => aligned to its size, refcounts 0 */
void frame_cache_give(struct frame *block, unsigned int order);

/* All that are free: in here and in the buddy allocator. */
u64 frame_cache_free_frames(void);
