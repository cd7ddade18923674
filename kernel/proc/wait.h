/*
 * wait.h - sleep until something becomes true
 *
 * Owns: struct wait_queue and the protocol that loses no wake-up: the sleeper
 * first says that it is about to sleep (wait_prepare), then tests its
 * condition, then calls schedule().  A waker first makes the condition true,
 * then wakes; so either the test sees it or the wake-up does.
 * Locks: queue->lock, taken with interrupts off: interrupt handlers wake.
 *	Order: queue->lock, then the run queue's lock.
 *
 *	static struct wait_queue bytes_arrived = WAIT_QUEUE_INIT(bytes_arrived);
 *
 *	error = wait_event_interruptible(&bytes_arrived, count > 0);
 *	if (error)
 *		return error;
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/spinlock.h"

struct task;

/* What a task is doing; kept in struct task. */
enum task_state {
	TASK_RUNNABLE, /* running, or on the run queue */
	TASK_INTERRUPTIBLE, /* asleep; any signal that is not ignored wakes */
	TASK_KILLABLE, /* asleep; only a fatal signal wakes */
	TASK_UNINTERRUPTIBLE, /* asleep; no signal wakes */
	TASK_STOPPED, /* by job control; SIGCONT and SIGKILL wake */
	TASK_ZOMBIE, /* ended; waits to be waited for */
	TASK_DEAD, /* ended; nobody will ask */
};

struct wait_queue {
	struct spinlock lock;
	struct list_node waiters; /* lock; struct waiter.node */
	u64 wakes; /* lock to change; calls of wait_wake_all() */
};

#define WAIT_QUEUE_INIT(name)                                                  \
	{                                                                      \
		.lock = SPINLOCK_INIT(#name),                                  \
		.waiters = LIST_INIT((name).waiters)                           \
	}

void wait_queue_init(struct wait_queue *queue, const char *name);

/* Wake everyone who waits.  => callable from interrupt handlers */
void wait_wake_all(struct wait_queue *queue);
/* Wake the one that has waited longest. */
void wait_wake_one(struct wait_queue *queue);

/*
 * Without the queue's lock.  => the caller's condition was made true by an
 * operation that is a full barrier
 */
static inline bool wait_queue_has_waiters(const struct wait_queue *queue)
{
	return READ_ONCE(queue->waiters.next) != &queue->waiters;
}

/* No deadline. */
#define WAIT_FOREVER (~0UL)

/*
 * The macros below sleep until @condition is true.  It is evaluated several
 * times, must not sleep itself, and is evaluated without any lock: take the
 * lock again afterwards and look again if another sleeper may be faster.
 * => no spinlock is held, interrupts are on
 *
 * wait_event()                nothing else ends the sleep
 * wait_event_interruptible()  0, or -ERESTARTSYS: a signal wants to be handled
 * wait_event_killable()       0, or -ERESTARTSYS: a fatal signal is pending
 * wait_event_deadline()       0, or -ETIMEDOUT; @deadline_ns as in
 *                             time_since_boot_ns()
 * wait_event_interruptible_deadline()  0, -ERESTARTSYS or -ETIMEDOUT
 *
 * A condition that is true wins over a signal and over the deadline.
 */
#define wait_event(queue, condition)                                           \
	((void)wait_event_state(queue, condition, TASK_UNINTERRUPTIBLE,        \
				WAIT_FOREVER))

#define wait_event_interruptible(queue, condition)                             \
	wait_event_state(queue, condition, TASK_INTERRUPTIBLE, WAIT_FOREVER)

#define wait_event_killable(queue, condition)                                  \
	wait_event_state(queue, condition, TASK_KILLABLE, WAIT_FOREVER)

#define wait_event_deadline(queue, condition, deadline_ns)                     \
	wait_event_state(queue, condition, TASK_UNINTERRUPTIBLE, deadline_ns)

#define wait_event_interruptible_deadline(queue, condition, deadline_ns)       \
	wait_event_state(queue, condition, TASK_INTERRUPTIBLE, deadline_ns)

#define wait_event_state(queue, condition, state, deadline_ns)                 \
	({                                                                     \
		const u64 deadline_ns_ = (deadline_ns);                        \
		struct waiter waiter_;                                         \
		int error_ = 0;                                                \
                                                                               \
		wait_begin(queue, &waiter_);                                   \
		while (!error_) {                                              \
			wait_prepare(state);                                   \
			if (condition)                                         \
				break;                                         \
			error_ = wait_sleep(deadline_ns_);                     \
		}                                                              \
		wait_finish(queue, &waiter_);                                  \
		error_;                                                        \
	})

/* The steps of the macros; @waiter lives on the sleeper's stack. */
struct waiter {
	struct list_node node; /* queue->lock */
	struct task *task;
};

void wait_begin(struct wait_queue *queue, struct waiter *waiter);
void wait_prepare(enum task_state state);
int wait_sleep(u64 deadline_ns) __must_check;
void wait_finish(struct wait_queue *queue, struct waiter *waiter);
