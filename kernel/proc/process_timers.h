/*
 * process_timers.h - the timers of a process, which send it signals
 *
 * Owns: the three of setitimer(2) and those of timer_create(2).  When they
 * expire is the business of kernel/timer.h.
 * Locks: tasks_lock guards the list of a process and the counts of overruns,
 * which belong to a pending signal.
 */
#pragma once

#include "kernel/proc/signal_state.h"
#include "kernel/timer.h"

struct process;

/* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */
#define INTERVAL_TIMERS 3

struct process_timers {
	struct timer interval[INTERVAL_TIMERS];
	struct list_node posix; /* tasks_lock; struct posix_timer */
	i32 next_id;
};

/* The calling process's, made if there are none yet; NULL: no memory. */
struct process_timers *process_timers_current(void) __must_check;

/*
 * A signal of a timer is about to be handled: its siginfo tells how often the
 * timer has expired since it was sent.  A real-time one gives its node in
 * @garbage back to the timer, for the next time.  => tasks_lock is held
 */
void process_timers_delivered(struct process *process, struct signal_info *info,
			      struct list_node *garbage);

/*
 * Which timers go by the clock that a program calls @id?
 * Return: 0; -EINVAL: no such clock; -EOPNOTSUPP: it has no timers.
 */
int timer_clock_of_id(int id, enum timer_clock *clock) __must_check;

/* execve keeps the interval timers only.  => @process is the current one */
void process_timers_exec(struct process *process);
/* Cancel and free all.  => @process is the current one, it ends */
void process_timers_exit(struct process *process);
