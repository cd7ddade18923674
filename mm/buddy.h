/*
 * buddy.h - the free frames, in blocks of powers of two
 *
 * Owns: the free lists and frame_lock.  Knows nothing of counts.
 * Invariants: a free frame has kind FRAME_FREE and refcount 0 (I3).
 * Locks: frame_lock, the innermost of the memory code.
 * Source: Knuth vol. 1, section 2.5, "The buddy system".
 */
#pragma once

#include "mm/frame.h"

/**
 * buddy_take() - a block of 2^@order frames
 * @keep: fail rather than leave fewer than @keep frames free
 *
 * Return: its first frame, all still marked FRAME_FREE; or NULL.
 */
struct frame *buddy_take(unsigned int order, u64 keep) __must_check;

/* Give one block back.  => aligned to its size, refcounts 0 */
void buddy_give(struct frame *block, unsigned int order);

u64 buddy_free_frames(void);
