/*
 * mutex.h - a lock whose waiters sleep
 *
 * For sections that may sleep themselves, such as a read of a file.  Not for
 * interrupt handlers, and never taken while a spinlock is held.
 */
#pragma once

#include "kernel/proc/wait.h"

struct mutex {
	struct task *owner; /* atomic; NULL: free */
	struct wait_queue waiters;
};

#define MUTEX_INIT(name)                                                       \
	{                                                                      \
		.waiters = WAIT_QUEUE_INIT((name).waiters)                     \
	}

void mutex_init(struct mutex *mutex, const char *name);
/* => sleeps until it is free, whatever signals arrive */
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
/*
 * As mutex_unlock(), but who has waited longest has it then, even if it takes
 * time to wake up: for holders that would take it again at once.
 */
void mutex_hand_over(struct mutex *mutex);
/* By the task this runs as. */
bool mutex_is_held(const struct mutex *mutex);
