/*
 * process.h - the process: what its threads have in common
 *
 * Owns: struct process and its life, the list of processes, the family tree.
 * A process has one or more threads, each a struct task.  One of them has the
 * process's own pid and is called the leader; when it ends before the others
 * it stays as a zombie, and its number with it.  Who waits for children waits
 * for processes: one has ended when its last thread has.
 * Does not own: memory, files and name, to which each task points by itself
 * (kernel/proc/task.h), as vfork and clone(2) may share them otherwise.
 *
 * Locks: tasks_lock (kernel/proc/task.h), but for what is marked.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/spinlock.h"
#include "kernel/proc/mutex.h"
#include "kernel/proc/rlimit.h"
#include "kernel/proc/signal_state.h"
#include "kernel/proc/wait.h"

struct inode;
struct mm;
struct process_timers;
struct task;
struct tty;

/* What a task, or a process and the children it waited for, have used. */
struct task_usage {
	u64 user_ns; /* sampled at the timer tick */
	u64 kernel_ns;
	u64 minor_faults; /* all kinds but segv, of mms it has left */
	u64 voluntary_switches;
	u64 involuntary_switches;
	u64 max_rss_pages;
};

struct process {
	/* These never change. */
	u32 pid; /* of the leader */
	bool is_kernel; /* a thread of the kernel: no user mode */

	/* Atomic. */
	u32 refcount; /* its tasks */
	i32 oom_score_adj; /* -1000 .. 1000, as written to /proc */
	i32 oom_score_adj_floor; /* only CAP_SYS_RESOURCE sets it lower */
	u64 user_ns; /* of all threads it ever had; sampled at the tick */
	u64 kernel_ns;
	u32 thread_count; /* that have not ended; tasks_lock to change */
	u32 live_count; /* that have not begun to end; likewise */

	/* The lock of kernel/timer.c. */
	struct list_node cpu_timers; /* armed ones that count its time */

	struct mutex exec_lock; /* one thread at a time is in execve */

	struct spinlock lock;
	/* lock */
	struct inode *exe; /* the program's file: process_set_exe(); or NULL */
	struct rlimits *limits; /* refcounted; NULL: kernel thread */

	/* All below: tasks_lock. */
	struct list_node threads; /* struct task.thread_node */
	struct task *leader;
	struct list_node all_node; /* processes; not linked before publishing */
	bool is_zombie; /* no thread is left; waits to be waited for */
	u32 exit_status; /* as wait4 shows it; of a zombie */

	/*
	 * The end of all threads but perhaps one: exit_group(2), a fatal
	 * signal, execve(2).
	 */
	bool is_ending; /* every thread; exit_status says how */
	struct task *execs; /* this one stays, the others end; or NULL */
	struct wait_queue thread_event; /* a thread has ended */

	struct process *parent; /* NULL for the kernel's and init */
	u32 parent_pid; /* 0: none; getppid(2) reads it without the lock */
	struct list_node children; /* not waited for; sibling_node */
	struct list_node sibling_node;
	struct wait_queue child_event; /* a child has ended, stopped, … */
	i32 parent_death_signal; /* sent to it when its parent ends; 0: none */
	bool is_subreaper; /* its descendants' orphans come to it */
	bool has_executed; /* a program of its own, since the fork */
	bool is_dumpable; /* others of the same user may look at its memory */

	u32 group; /* its process group */
	u32 session;
	struct tty *tty; /* controlling terminal, a reference; or NULL */
	struct stop_state stop;

	struct signal_actions *actions; /* NULL: kernel thread */
	bool is_unkillable; /* init: signals without a handler are dropped */
	struct wait_queue signal_event; /* a signal was sent: for signalfd */
	struct process_timers *timers; /* NULL: never asked for one */

	struct task_usage ended_usage; /* of threads that are gone; no times */
	struct task_usage children_usage; /* of those waited for */

	/* Last: process_create() leaves the siginfo in it as it was. */
	struct signal_pending pending; /* sent to it, for any thread */
};

/* Every process but that of the idle tasks, in order of creation. */
extern struct list_node processes;
/* Process 1, or NULL before it exists. */
extern struct process *init_process;

/* ---- Life ---------------------------------------------------------------- */

/* Return: a process without threads, and one reference; NULL: no memory. */
struct process *process_create(void) __must_check;
void process_init(struct process *process);
void process_get(struct process *process);
/* The last one frees all that is left.  => interrupts on, no lock held */
void process_put(struct process *process);

/*
 * The program it runs from now on, which nobody can open for writing
 * meanwhile; NULL: none.  => somebody executes it already
 */
void process_set_exe(struct process *process, struct inode *exe);

/* ---- The family tree ----------------------------------------------------- */

/* Its first thread is there: put it among @parent's children, or nobody's. */
void process_publish_locked(struct process *process, struct process *parent);
/* The reverse: it has been waited for, or nobody will. */
void process_unpublish_locked(struct process *process);

/*
 * The thread with the smallest number >= @tid, with a reference; or NULL.  An
 * ended leader counts as one.
 */
struct task *process_next_thread_get(struct process *process, u32 tid);
/* The memory its threads run in, with a reference; NULL: they have ended. */
struct mm *process_get_mm(struct process *process);

/* Its threads, and the leader even if that has ended. */
u32 process_thread_count(const struct process *process);

/* The process with this pid, or NULL.  => tasks_lock is held */
struct process *process_find_locked(u32 pid);
/* Processes that have not been waited for, zombies included. */
u64 process_count(void);

/* The parent's pid; 0: none. */
static inline u32 process_parent_pid(const struct process *process)
{
	return READ_ONCE(process->parent_pid);
}

/* ---- Usage --------------------------------------------------------------- */

/* Of all threads that have ended.  => tasks_lock is held, @process has ended */
struct task_usage process_ended_usage(const struct process *process);
/* Of all threads, the faults of its present mm included. */
void process_get_usage(struct process *process, struct task_usage *usage);
/* What @mm has counted belongs to @usage as well. */
void usage_add_mm(struct task_usage *usage, const struct mm *mm);
void usage_add(struct task_usage *sum, const struct task_usage *more);
/* User and kernel time. */
static inline u64 process_cpu_ns(const struct process *process)
{
	return READ_ONCE(process->user_ns) + READ_ONCE(process->kernel_ns);
}
