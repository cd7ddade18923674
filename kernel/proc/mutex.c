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
	*mutex = (struct mutex){ .name = name };
	wait_queue_init(&mutex->waiters, "mutex.waiters");
}

/* What a debug build asserts before a mutex is waited for. */
static void check_order(struct mutex *mutex, bool is_nested, const void *place)
{
	struct lock_held *held = &current_task()->held_mutexes;
	u8 class = lock_order_class(mutex->name, &mutex->class);

	/* Whoever waits for the spinlock would wait for the sleeper. */
	ASSERT(this_cpu()->locks_held == 0);
	if (is_nested)
		lock_order_check_nested(held, class, place);
	else
		lock_order_check(held, class, place);
}

static void is_mine_now(struct mutex *mutex)
{
	if (CALF_DEBUG)
		lock_order_taken(&current_task()->held_mutexes,
				 lock_order_class(mutex->name, &mutex->class));
}

static void is_not_mine_any_more(const struct mutex *mutex)
{
	if (CALF_DEBUG)
		lock_order_released(&current_task()->held_mutexes,
				    mutex->class);
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
	if (!try_lock(mutex))
		return false;
	is_mine_now(mutex);
	return true;
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

static void wait_for(struct mutex *mutex)
{
	if (!try_lock(mutex) && !spin_lock_a_while(mutex))
		wait_event(&mutex->waiters, try_lock(mutex));
	is_mine_now(mutex);
}

void mutex_lock(struct mutex *mutex)
{
	ASSERT(!mutex_is_held(mutex));
	if (CALF_DEBUG)
		check_order(mutex, false, __builtin_return_address(0));
	wait_for(mutex);
}

void mutex_lock_nested(struct mutex *mutex)
{
	ASSERT(!mutex_is_held(mutex));
	if (CALF_DEBUG)
		check_order(mutex, true, __builtin_return_address(0));
	wait_for(mutex);
}

int mutex_lock_killable(struct mutex *mutex)
{
	int error = 0;

	ASSERT(!mutex_is_held(mutex));
	if (CALF_DEBUG)
		check_order(mutex, false, __builtin_return_address(0));
	if (!try_lock(mutex) && !spin_lock_a_while(mutex))
		error = wait_event_killable(&mutex->waiters, try_lock(mutex));
	if (!error)
		is_mine_now(mutex);
	return error;
}

void mutex_unlock(struct mutex *mutex)
{
	ASSERT(mutex_is_held(mutex));
	is_not_mine_any_more(mutex);
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
	is_not_mine_any_more(mutex);
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
