/*
 * buddy.h - the free frames, in blocks of powers of two
 *
 * Owns: the free lists and frame_lock.  Knows nothing of counts.  Only
 * mm/frame_cache.h takes from here and gives back.
 * Invariants: a free frame has kind FRAME_FREE and refcount 0 (I3).
 * Locks: frame_lock, the innermost of the memory code.
 * Source: Knuth vol. 1, section 2.5, "The buddy system".
 */
#pragma once

#include "mm/frame.h"

/* Return: the first of 2^@order frames, all still marked FRAME_FREE; or NULL. */
struct frame *buddy_take(unsigned int order) __must_check;

/* Give one block back.  => aligned to its size, refcounts 0 */
void buddy_give(struct frame *block, unsigned int order);

/* Free, but not here: mm/frame_cache.h keeps it, so it is nobody's buddy. */
void buddy_mark_free(struct frame *frame);
