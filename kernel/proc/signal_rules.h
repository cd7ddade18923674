/*
 * signal_rules.h - what a signal does, decided by sets and handlers
 *
 * Owns: the default actions, and the questions that signal.c, signal_deliver.c
 * and job.c ask.
 * Locks: tasks_lock is held, or the task is the current one.
 * Source: signal(7).
 */
#pragma once

#include "kernel/proc/task.h"

#define SIGNALS_UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

/* Not wanted unless there is a handler. */
#define SIGNALS_IGNORED                                                        \
	(signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) |      \
	 signal_bit(SIGWINCH))

/* Stop the process unless there is a handler. */
#define SIGNALS_STOP                                                           \
	(signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) |     \
	 signal_bit(SIGTTOU))

/* Made by the instruction that runs: handled before all others. */
#define SIGNALS_SYNCHRONOUS                                                    \
	(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) |       \
	 signal_bit(SIGTRAP) | signal_bit(SIGFPE))

/* End the process in a way that somebody will want to look into. */
#define SIGNALS_CORE                                                           \
	(SIGNALS_SYNCHRONOUS | signal_bit(SIGQUIT) | signal_bit(SIGABRT) |     \
	 signal_bit(SIGXCPU) | signal_bit(SIGXFSZ) | signal_bit(SIGSYS))

/* Sent to @task itself, or to its process for any thread to take. */
static inline u64 signals_pending(const struct task *task)
{
	return task->signal.pending.set.bits | task->process->pending.set.bits;
}

static inline u64 signals_deliverable(const struct task *task)
{
	return signals_pending(task) & ~task->signal.blocked.bits;
}

static inline u64 signal_handler_of(const struct process *process, int signal)
{
	return process->actions->action[signal - 1].handler;
}

static inline bool signal_is_ignored(const struct process *process, int signal)
{
	u64 handler = signal_handler_of(process, signal);

	if (handler == SIG_DFL)
		return signal_bit(signal) & SIGNALS_IGNORED;
	return handler == SIG_IGN;
}

/* It has no handler and is one of those that stop. */
static inline bool signal_is_stop(const struct process *process, int signal)
{
	return signal_handler_of(process, signal) == SIG_DFL &&
	       (signal_bit(signal) & SIGNALS_STOP);
}

/* Nobody handles it and it is not ignored: the process will end. */
static inline bool signal_is_fatal(const struct process *process, int signal)
{
	return signal_handler_of(process, signal) == SIG_DFL &&
	       !(signal_bit(signal) & (SIGNALS_IGNORED | SIGNALS_STOP));
}
