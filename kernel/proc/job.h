/*
 * job.h - job control: stopping, going on, process groups and sessions
 *
 * Owns: struct stop_state, and the rules about orphaned process groups: a
 * group is orphaned when no member's parent is in the same session but
 * another group, that is, when nobody is left who could continue it.
 * Locks: tasks_lock.
 * Source: POSIX.1-2017, XBD 11.1 and XSH 2.4; Linux v6.12 kernel/{signal,
 * exit}.c.
 */
#pragma once

#include "kernel/proc/task.h"

/*
 * What @signal does the moment it is sent, whether blocked, handled or
 * ignored: SIGCONT and SIGKILL make a stopped process go on, and signals that
 * stop and SIGCONT cancel each other.  => tasks_lock is held
 */
void job_signal_sent(struct process *process, int signal);

/*
 * All threads of a process stop, each when it comes by on its way to user mode;
 * the parent is told when the last one does.
 */

/**
 * job_begin_stop() - the default action of SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU
 *
 * => tasks_lock is held; the other threads are told
 *
 * Return: true: call job_stay_stopped(); false: nobody could continue it, so
 * it does not stop.
 */
bool job_begin_stop(struct task *task, int signal);
/* @task->must_stop: call job_stay_stopped() after it.  => tasks_lock is held */
void job_join_stop(struct task *task);
/* => returns when SIGCONT or SIGKILL has come */
void job_stay_stopped(struct task *task);
/* A thread more or less, perhaps in the middle of it.  => tasks_lock is held */
void job_thread_begins(struct task *task);
void job_thread_ends(struct task *task);

/* SIGCHLD for the parent, and the end of its wait.  => tasks_lock held */
void job_tell_parent(struct process *process, i32 code, i32 status);

/* Can nobody continue this group?  => tasks_lock is held */
bool job_is_orphaned(u32 group);

/*
 * @process ends, and @child loses its parent with it: groups that are orphaned
 * by that and have stopped members get SIGHUP and SIGCONT.
 * => tasks_lock is held
 */
void job_process_ends(struct process *process);
void job_parent_ends(struct process *child, struct process *parent);

static inline bool job_is_stopped(const struct process *process)
{
	return process->stop.signal != 0 && process->stop.running == 0;
}
