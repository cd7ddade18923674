/*
 * mutex.h - a lock whose waiters sleep
 *
 * For sections that may sleep themselves, such as a read of a file.  Not for
 * interrupt handlers, and never taken while a spinlock is held.  As with
 * spinlocks, a debug build checks that they are taken in one order.
 */
#pragma once

#include "kernel/lib/lock_order.h"
#include "kernel/proc/wait.h"

struct mutex {
	struct task *owner; /* atomic; NULL: free */
	struct wait_queue waiters;
	const char *name;
	u8 class; /* debug: see kernel/lib/lock_order.h */
};

#define MUTEX_INIT(mutex)                                                      \
	{                                                                      \
		.waiters = WAIT_QUEUE_INIT((mutex).waiters), .name = #mutex    \
	}

/* For one whose holders give it back before they wait for another. */
#define MUTEX_INIT_WITHOUT_ORDER(mutex)                                        \
	{                                                                      \
		.waiters = WAIT_QUEUE_INIT((mutex).waiters), .name = #mutex,   \
		.class = LOCK_CLASS_NONE                                       \
	}

void mutex_init(struct mutex *mutex, const char *name);
/* => sleeps until it is free, whatever signals arrive */
void mutex_lock(struct mutex *mutex);
/* A second of its name; the caller says why it cannot be the other way round. */
void mutex_lock_nested(struct mutex *mutex);
/* Return: 0; -ERESTARTSYS: a fatal signal is pending, it is not held. */
int mutex_lock_killable(struct mutex *mutex) __must_check;
/* Return: whether it was free and is held now. */
bool mutex_try_lock(struct mutex *mutex) __must_check;
void mutex_unlock(struct mutex *mutex);
/*
 * As mutex_unlock(), but who has waited longest has it then, even if it takes
 * time to wake up: for holders that would take it again at once.
 */
void mutex_hand_over(struct mutex *mutex);
/* By the task this runs as. */
bool mutex_is_held(const struct mutex *mutex);
