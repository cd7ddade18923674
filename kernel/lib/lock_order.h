/*
 * lock_order.h - are locks always taken in the same order?
 *
 * CPU 0 holds A and waits for B, CPU 1 holds B and waits for A: both wait for
 * ever.  It takes the worst moment to see that happen, but none at all to see
 * that it can: sometime B was taken with A held, and sometime A with B held.
 * A debug build remembers every such pair and panics at the first that
 * contradicts the others, naming both locks and both places.
 *
 * What is ordered are classes: all locks of one name, such as every mm->lock.
 * Two locks of one class need an order of their own, which their callers
 * have to know (spin_lock_nested() and its like say so).  Who only tries
 * a lock does not wait, and may do it in any order.
 *
 * Spinlocks are held by a CPU, mutexes by a task.  Between the two kinds there
 * is nothing to remember: a mutex is never taken with a spinlock held.
 *
 * Owns: the pairs seen.  A release build calls nothing of this.
 * Locks: none of its own, as it is called while others are taken.
 * Source: for the idea, Linux v6.12 kernel/locking/lockdep.c.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Deeper than the memory code ever goes, in an interrupt on top of it. */
#define LOCK_DEPTH_MAX 15

/* What a CPU or a task holds; all zeros: nothing. */
struct lock_held {
	u8 count;
	u8 classes[LOCK_DEPTH_MAX];
};

/* A lock's class is 0 until it is first taken; this one takes no part. */
#define LOCK_CLASS_NONE 255

/**
 * lock_order_class() - the class of all locks that are called @name
 * @class: the lock's own note of it
 */
u8 lock_order_class(const char *name, u8 *class);

/**
 * lock_order_check() - a lock of @class is about to be waited for
 * @held: by whoever takes it
 * @place: the instruction that does, for the message
 *
 * Panics if this contradicts an order seen before.
 */
void lock_order_check(const struct lock_held *held, u8 class,
		      const void *place);
/* As above, but others of @class may be held. */
void lock_order_check_nested(const struct lock_held *held, u8 class,
			     const void *place);

/* It is held now; it is not any more. */
void lock_order_taken(struct lock_held *held, u8 class);
void lock_order_released(struct lock_held *held, u8 class);
