/*
 * timer.h - the one mechanism behind all timers: setitimer(2),
 *           timer_create(2), timerfd_create(2), clock_nanosleep(2)
 *
 * Owns: struct timer and the lists of those that are armed.  Expiry is
 * noticed at the timer tick, or earlier when somebody asks a timer.  What it
 * means is the owner's: it is called once with the number of times the
 * timer has expired since the last call.
 * Locks: timers_lock, taken with interrupts off; an expire() is called under
 * it.  Order: timers_lock, then tasks_lock or the lock of a wait queue.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/x86_64/asm/types.h"

struct process;
struct task;
struct linux_itimerspec;

enum timer_clock {
	TIMER_BOOT, /* time since boot */
	TIMER_REALTIME, /* the time of day, which may be set */
	TIMER_CPU, /* user and kernel time of a process */
	TIMER_CPU_USER, /* user time of a process */
	TIMER_CPU_THREAD, /* user and kernel time of a thread */
};

/* Whose timer it is, and whose time a CPU clock counts. */
struct timer_owner {
	struct process *process; /* NULL only where no CPU clock is used */
	struct task *thread; /* of TIMER_CPU_THREAD; else NULL */
};

struct timer {
	struct list_node node; /* timers_lock; on a list while armed */
	enum timer_clock clock;
	struct timer_owner owner;
	u64 next_ns; /* timers_lock; on @clock; 0: off */
	u64 interval_ns; /* timers_lock; 0: once */
	void (*expire)(struct timer *timer, u64 count);
};

/* When and how often; all on the timer's clock. */
struct timer_setting {
	enum timer_clock clock;
	u64 next_ns; /* 0: off */
	u64 interval_ns;
};

void timer_init(struct timer *timer, enum timer_clock clock,
		const struct timer_owner *owner,
		void (*expire)(struct timer *timer, u64 count));

/* Set it anew.  What has expired before that is expired. */
void timer_set(struct timer *timer, const struct timer_setting *setting);
/* Off.  When this returns, expire() is not running and will not run. */
void timer_cancel(struct timer *timer);
/* If it has expired by now: do not wait for the next tick. */
void timer_update(struct timer *timer);

/* What is left until it expires, and the interval; updates it first. */
void timer_read(struct timer *timer, u64 *left_ns, u64 *interval_ns);

/* The time by @clock; of @owner, if it is a CPU clock. */
u64 timer_clock_now(enum timer_clock clock, const struct timer_owner *owner);

/* @task ends: its clock stands still, and timers by it never expire. */
void timers_thread_ends(struct task *task);

/* The timer tick, in the interrupt.  => no lock is held */
void timers_tick(void);
/* The time of day has jumped. */
void timers_clock_was_set(void);
