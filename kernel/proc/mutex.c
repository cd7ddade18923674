/*
 * mutex.c - see mutex.h
 */
#include "kernel/proc/mutex.h"

#include "kernel/lib/assert.h"
#include "kernel/proc/sched.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/cpu.h"

/*
 * The owner mostly runs on another CPU, and is done sooner than it takes to
 * fall asleep and be woken.
 */
#define SPINS_BEFORE_SLEEP 100

void mutex_init(struct mutex *mutex, const char *name)
{
	mutex->owner = NULL;
	wait_queue_init(&mutex->waiters, name);
}

static bool try_lock(struct mutex *mutex)
{
	struct task *owner = NULL;

	/* Perhaps it was handed over to us. */
	return __atomic_compare_exchange_n(&mutex->owner, &owner,
					   current_task(), false,
					   __ATOMIC_ACQUIRE,
					   __ATOMIC_ACQUIRE) ||
	       owner == current_task();
}

bool mutex_try_lock(struct mutex *mutex)
{
	ASSERT(!mutex_is_held(mutex));
	return try_lock(mutex);
}

/* Alone, nobody will set it free while this CPU spins. */
static bool spin_lock_a_while(struct mutex *mutex)
{
	for (int i = 0; i < SPINS_BEFORE_SLEEP && cpu_count > 1; i++) {
		if (!READ_ONCE(mutex->owner) && try_lock(mutex))
			return true;
		cpu_pause();
	}
	return false;
}

void mutex_lock(struct mutex *mutex)
{
	ASSERT(!mutex_is_held(mutex));
	if (!try_lock(mutex) && !spin_lock_a_while(mutex))
		wait_event(&mutex->waiters, try_lock(mutex));
}

int mutex_lock_killable(struct mutex *mutex)
{
	ASSERT(!mutex_is_held(mutex));
	if (try_lock(mutex) || spin_lock_a_while(mutex))
		return 0;
	return wait_event_killable(&mutex->waiters, try_lock(mutex));
}

void mutex_unlock(struct mutex *mutex)
{
	ASSERT(mutex_is_held(mutex));
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
	/*
	 * Order: who sleeps gets on the list first and tries the lock then; so
	 * it found the lock free, or is found here.
	 */
	if (wait_queue_has_waiters(&mutex->waiters))
		wait_wake_one(&mutex->waiters);
}

void mutex_hand_over(struct mutex *mutex)
{
	struct wait_queue *queue = &mutex->waiters;
	struct task *next = NULL;
	u64 rflags = spin_lock_irqsave(&queue->lock);

	ASSERT(mutex_is_held(mutex));
	if (!list_is_empty(&queue->waiters))
		next = list_first_entry(&queue->waiters, struct waiter, node)
			       ->task;
	__atomic_store_n(&mutex->owner, next, __ATOMIC_SEQ_CST);
	if (next)
		sched_wake(next, SCHED_WAKE_ANY);
	spin_unlock_irqrestore(&queue->lock, rflags);
}

bool mutex_is_held(const struct mutex *mutex)
{
	return READ_ONCE(mutex->owner) == current_task();
}
