/*
 * mutex.c - see mutex.h
 */
#include "kernel/proc/mutex.h"

#include "kernel/lib/assert.h"
#include "kernel/x86_64/asm/percpu.h"

void mutex_init(struct mutex *mutex, const char *name)
{
	mutex->owner = NULL;
	wait_queue_init(&mutex->waiters, name);
}

static bool try_lock(struct mutex *mutex)
{
	struct task *nobody = NULL;

	return __atomic_compare_exchange_n(&mutex->owner, &nobody,
					   current_task(), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *mutex)
{
	ASSERT(!mutex_is_held(mutex));
	if (!try_lock(mutex))
		wait_event(&mutex->waiters, try_lock(mutex));
}

void mutex_unlock(struct mutex *mutex)
{
	ASSERT(mutex_is_held(mutex));
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
	wait_wake_one(&mutex->waiters);
}

bool mutex_is_held(const struct mutex *mutex)
{
	return READ_ONCE(mutex->owner) == current_task();
}
