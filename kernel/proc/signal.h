/*
 * signal.h - sending and handling signals
 *
 * Owns: pending and blocked sets, handlers, default actions, kill(2) and its
 * relatives.  What a handler's stack frame looks like is in
 * kernel/proc/sigframe.c, stopping and going on in kernel/proc/job.h.
 * Locks: tasks_lock, with interrupts off; the functions that send may be
 * called from interrupt handlers.
 */
#pragma once

#include "kernel/proc/task.h"

/*
 * To a process a signal is sent for whichever thread takes it first; a thread
 * that does not block it is woken.
 */

/* Send @signal from the kernel itself (SI_KERNEL): a file too large. */
void signal_send(struct process *process, int signal);
/* The same to one thread: a closed pipe. */
void signal_send_thread(struct task *task, int signal);
/* To each process of the group.  Return: how many. */
u32 signal_send_group(u32 process_group, int signal);
/* As above.  => tasks_lock is held */
u32 signal_send_group_locked(u32 process_group, int signal);
/*
 * With everything a siginfo_t shall say.  => tasks_lock is held
 * Return: false: nobody will see it, or one like it is pending already.
 */
bool signal_send_locked(struct process *process,
			const struct signal_info *info);

/* Whom a signal is for. */
struct signal_target {
	struct process *process;
	struct task *task; /* this thread of it; NULL: any */
};

/*
 * As above, with nodes for real-time signals: see signal_queue.h.
 */
bool signal_send_supplied_locked(struct signal_target target,
				 const struct signal_info *info,
				 struct list_node *supply);

/**
 * signal_take() - take one of the current task's pending signals out
 * @wanted: a set, as the bits of a sigset_t
 *
 * Return: false: none of them is pending.
 */
bool signal_take(u64 wanted, struct signal_info *info);

/**
 * signal_force() - the signal of a fault of the current task
 *
 * => cannot be ignored or blocked: if it is, the task dies of it
 */
void signal_force(const struct signal_info *info);

/* The current task's handler of @signal cannot even be called: forget it. */
void signal_reset_handler(int signal);
/* Will the task not survive its return to user mode? */
bool signal_is_fatal_pending(const struct task *task);

/* Would @signal, of a fault of the current task, end it? */
bool signal_force_is_fatal(int signal);

/* SIGKILL, from the kernel itself, whatever is blocked; even for init. */
void signal_kill(struct process *process);
/* For each thread but @but, which may be NULL.  => tasks_lock is held */
void signal_kill_threads_locked(struct process *process,
				const struct task *but);

/**
 * signal_deliver() - handle what is pending, on the way to user mode
 * @frame: the registers user mode will continue with
 *
 * => interrupts are on; may not return: the default action is to exit
 */
void signal_deliver(struct trap_frame *frame);

/* Block exactly @blocked (SIGKILL and SIGSTOP never) for the current task. */
void signal_set_blocked(sigset_t blocked);
/* Likewise, until a handler has run or the call is over without one. */
void signal_swap_blocked(sigset_t blocked);

/**
 * signal_set_stack() - the set half of sigaltstack(2)
 * @rsp: the user's stack pointer
 *
 * Return: 0; -EPERM: it is in use; -ENOMEM: too small; -EINVAL.
 */
int signal_set_stack(const struct signal_stack *stack, u64 rsp);

/*
 * @task will not take those of @signals that were sent to its process: tell
 * another thread.  => tasks_lock is held
 */
void signal_retarget_locked(struct task *task, u64 signals);

/* If something is pending for @task, it shall look.  => tasks_lock is held */
void signal_note_work_locked(struct task *task);

/* rt_sigaction(2).  => @signal is valid and not SIGKILL or SIGSTOP */
void signal_set_action(int signal, const struct signal_action *action);

/* Does nobody wait for children that end (SIG_IGN, SA_NOCLDWAIT)? */
bool signal_ignores_children_locked(const struct process *process);
/* The task is gone: free what was sent to it. */
void signal_discard_all(struct task *task);

/* execve: handlers go back to default, ignored signals stay ignored. */
void signal_actions_exec(struct task *task);
/* Return: a copy for a child, or NULL. */
struct signal_actions *signal_actions_copy(struct process *parent) __must_check;
/* Return: for kfree(), or NULL. */
struct signal_actions *signal_actions_create(void) __must_check;

/* "SIGSEGV"; "SIG33" for the real-time ones. */
const char *signal_name(int signal);
