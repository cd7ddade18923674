/*
 * wait.c - see wait.h
 */
#include "kernel/proc/wait.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/time.h"

void wait_queue_init(struct wait_queue *queue, const char *name)
{
	spinlock_init(&queue->lock, name);
	list_init(&queue->waiters);
	queue->wakes = 0;
}

void wait_wake_all(struct wait_queue *queue)
{
	u64 rflags = spin_lock_irqsave(&queue->lock);
	struct waiter *waiter;

	WRITE_ONCE(queue->wakes, queue->wakes + 1);
	list_for_each_entry(waiter, &queue->waiters, node)
		sched_wake(waiter->task, SCHED_WAKE_ANY);
	spin_unlock_irqrestore(&queue->lock, rflags);
}

void wait_wake_one(struct wait_queue *queue)
{
	u64 rflags = spin_lock_irqsave(&queue->lock);

	if (!list_is_empty(&queue->waiters)) {
		struct waiter *waiter =
			list_first_entry(&queue->waiters, struct waiter, node);

		/* To the end: the next call wakes somebody else. */
		list_remove(&waiter->node);
		list_push_back(&queue->waiters, &waiter->node);
		sched_wake(waiter->task, SCHED_WAKE_ANY);
	}
	spin_unlock_irqrestore(&queue->lock, rflags);
}

void wait_begin(struct wait_queue *queue, struct waiter *waiter)
{
	u64 rflags;

	waiter->task = current_task();
	rflags = spin_lock_irqsave(&queue->lock);
	list_push_back(&queue->waiters, &waiter->node);
	spin_unlock_irqrestore(&queue->lock, rflags);
}

/*
 * From here on a wake-up makes the task runnable again, so schedule() will
 * come back.  The exchange is a full barrier: the condition must not be
 * read before the state can be seen.
 */
void wait_prepare(enum task_state state)
{
	__atomic_exchange_n(&current_task()->state, state, __ATOMIC_SEQ_CST);
}

/* Return: 0: test again; -ERESTARTSYS, -ETIMEDOUT: do not sleep any more. */
int wait_sleep(u64 deadline_ns)
{
	struct task *task = current_task();
	enum task_state state = READ_ONCE(task->state);

	if (state == TASK_INTERRUPTIBLE && task_has_signal(task))
		return -ERESTARTSYS;
	if (state == TASK_KILLABLE && signal_is_fatal_pending(task))
		return -ERESTARTSYS;
	if (deadline_ns == WAIT_FOREVER) {
		schedule();
		return 0;
	}
	if (time_since_boot_ns() >= deadline_ns)
		return -ETIMEDOUT;
	sched_sleep_until(deadline_ns);
	return 0;
}

void wait_finish(struct wait_queue *queue, struct waiter *waiter)
{
	u64 rflags;

	wait_prepare(TASK_RUNNABLE);
	rflags = spin_lock_irqsave(&queue->lock);
	list_remove(&waiter->node);
	spin_unlock_irqrestore(&queue->lock, rflags);
}
