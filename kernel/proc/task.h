/*
 * task.h - the task: one thread of execution, of a user program or the kernel
 *
 * Owns: struct task and its life, the pid table, the family tree.  A process
 * is a task with an address space of its own; several tasks of one process
 * (threads) would share mm, files and actions and differ in pid only.
 * Does not own: who runs when (kernel/proc/sched.h).
 *
 * Locks, outermost first:
 *	task->lock	the pointers of one task to what it shares
 *	tasks_lock	the pid table, the list of tasks, the family tree and
 *			signal state; taken with interrupts off
 *	queue->lock	(kernel/proc/wait.h)
 *	run_queue->lock	(kernel/proc/sched.c)
 */
#pragma once

#include "kernel/lib/avl.h"
#include "kernel/lib/list.h"
#include "kernel/lib/lock_order.h"
#include "kernel/lib/spinlock.h"
#include "kernel/proc/credentials.h"
#include "kernel/proc/rlimit.h"
#include "kernel/proc/signal_state.h"
#include "kernel/proc/wait.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/asm/trap_frame.h"

struct files;
struct inode;
struct mm;
struct process_timers;
struct tty;

/* As Linux's TASK_COMM_LEN, the terminator included. */
#define TASK_NAME_BYTES 16

/* Bits of task->work: what to look at on the way back to user mode. */
#define TASK_WORK_RESCHED 1u
#define TASK_WORK_SIGNAL 2u
/* This entry into the kernel found no frame (kernel/oom.h). */
#define TASK_WORK_NO_FRAME 4u

#define INIT_PID 1u
/* As Linux's default pid_max: every pid is less. */
#define PID_LIMIT 32768u

/* What a task and the children it waited for have used. */
struct task_usage {
	u64 user_ns; /* sampled at the timer tick */
	u64 kernel_ns;
	u64 minor_faults; /* all kinds but segv, of mms it has left */
	u64 voluntary_switches;
	u64 involuntary_switches;
	u64 max_rss_pages;
};

/* The last exception in user mode, as the CPU described it. */
struct task_fault {
	u64 vector;
	u64 error_code;
	u64 address; /* CR2 */
};

/*
 * A call that sleeps until a time cannot be begun again with its arguments
 * after a signal: it would sleep for too long.
 */
struct restart {
	i64 (*call)(const struct restart *restart); /* NULL: there is none */
	u64 deadline_ns; /* since boot */
	vaddr_t address; /* of the remaining time, poll's array, a futex */
	u32 count; /* of poll's array; the clock to sleep by; futex flags */
	u32 value; /* futex */
	u32 bits; /* futex */
};

struct task {
	/* Only this task writes these, or they never change. */
	u32 pid;
	u32 tgid; /* == pid as long as there are no threads */
	bool is_published; /* it can be found; see task_publish() */
	u64 start_ns; /* since boot */
	bool is_kernel_thread; /* no mm, no user mode */
	void *kernel_stack_top; /* NULL for the boot CPU's idle task */
	void *fpu_state; /* FPU_STATE_ALIGNed inside fpu_memory; or NULL */
	void *fpu_memory;
	u64 fs_base; /* valid while it does not run */
	u64 user_gs_base; /* likewise */
	vaddr_t set_child_tid; /* gets the pid at the start; 0: none */
	vaddr_t clear_child_tid; /* zeroed at exit; 0: none */
	u32 exit_status; /* as wait4 shows it; set once */
	u64 last_unknown_call; /* a system call number, to log it once */
	struct process_timers *timers; /* NULL: never asked for one */
	u32 personality; /* personality(2) */
	u64 timer_slack_ns; /* prctl(2); 0: the default */
	bool is_dumpable; /* others of the same user may look at its memory */
	bool is_subreaper; /* its descendants' orphans come to it */
	i32 parent_death_signal; /* sent to it when its parent ends; 0: none */
	bool is_exiting; /* in task_exit(); its end frees memory */
	u32 missed_order; /* with TASK_WORK_NO_FRAME: of what size */
	u64 fail_nth; /* allocations until one fails; 0: none shall */
	struct task_fault fault; /* for the frames of signal handlers */
	struct lock_held held_mutexes; /* debug */

	/* The lock of kernel/timer.c. */
	struct list_node cpu_timers; /* armed ones that count its time */

	/* Atomic. */
	u32 refcount; /* the pid table, readers of /proc */
	u32 work; /* TASK_WORK_… */
	i32 oom_score_adj; /* -1000 .. 1000, as written to /proc */
	i32 oom_score_adj_floor; /* only CAP_SYS_RESOURCE sets it lower */
	u64 affinity; /* bit n: may run on CPU n */

	/* The run queue's lock (kernel/proc/sched.c). */
	enum task_state state;
	bool is_running; /* on a CPU, its stack in use */
	u32 cpu; /* index of the run queue it belongs to */
	struct list_node run_node;
	u64 saved_rsp; /* while it does not run */
	struct task_usage usage; /* read by others without the lock */

	/* lock: what may be shared with other tasks */
	struct spinlock lock;
	struct mm *mm; /* NULL: kernel thread, or exited */
	struct mm *mm_before_exec; /* kept while execve fills the next; or NULL */
	struct files *files; /* likewise */
	struct inode *exe; /* the program's file, see task_set_exe(); or NULL */
	char name[TASK_NAME_BYTES];
	struct rlimits *limits; /* refcounted; NULL: kernel thread */

	/* tasks_lock */
	struct task *parent; /* NULL for kernel threads and init */
	u32 parent_pid; /* 0: none; getppid(2) reads it without the lock */
	struct list_node children; /* not waited for; sibling_node */
	struct list_node sibling_node;
	struct list_node all_node; /* tasks */
	struct avl_node pid_node;
	u32 process_group;
	u32 session;
	struct tty *tty; /* controlling terminal, a reference; or NULL */
	struct signal_actions *actions; /* refcounted */
	struct signal_state signal;
	struct stop_state stop;
	struct task_usage children_usage; /* of those waited for */
	struct credentials credentials; /* changed by itself only */
	/* Asked for, and remembered: see kernel/proc/sys_sched.c. */
	i32 nice;
	i32 policy;
	i32 priority;
	i32 io_priority;

	/*
	 * After vfork the child runs in its parent's mm, and the parent sleeps
	 * on vfork_event until the child has executed or ended.
	 */
	bool has_executed; /* a program of its own, since the fork */
	bool borrows_mm; /* atomic */
	struct wait_queue vfork_event;
	struct wait_queue child_event; /* a child has ended, stopped, … */
	struct wait_queue signal_event; /* a signal was sent: for signalfd */

	/* How restart_syscall(2) goes on with a call; only this task. */
	struct restart restart;
};

/* Every task but the idle ones, in order of creation; for /proc and GDB. */
extern struct list_node tasks;
extern struct spinlock tasks_lock;
/* Process 1, or NULL before it exists. */
extern struct task *init_task;

/* ---- Life --------------------------------------------------------------- */

/**
 * task_create() - a task that cannot be found and does not run yet
 * @entry: the first code it runs, on its own stack; called with @argument, or
 *         with the task if that is NULL
 *
 * => has a pid, a kernel stack and FPU state; no mm, files, actions
 *
 * Return: 0 and one reference; -EAGAIN: out of pids; -ENOMEM.
 */
int task_create(const char *name, void (*entry)(void *), void *argument,
		struct task **task) __must_check;
/* Make it findable, as a child of @parent.  => cannot fail */
void task_publish(struct task *task, struct task *parent);
/* The reverse: it has been waited for.  => tasks_lock is held */
void task_unpublish_locked(struct task *task);
void task_get(struct task *task);
/* The last one frees all that is left.  => interrupts on, no lock held */
void task_put(struct task *task);

/**
 * kernel_thread_create() - a task that runs @entry(@argument) in the kernel
 *
 * => @entry never returns
 *
 * Return: 0, or -ENOMEM.
 */
int kernel_thread_create(const char *name, void (*entry)(void *),
			 void *argument) __must_check;

/* ---- Finding ------------------------------------------------------------ */

/* Return: the task with a reference for task_put(), or NULL. */
struct task *task_find_get(u32 pid);
/* The task with the smallest pid >= @pid, with a reference; or NULL. */
struct task *task_find_next_get(u32 pid);
/* As task_find_get(), without a reference.  => tasks_lock is held */
struct task *task_find_locked(u32 pid);
/* Tasks that have not been waited for, zombies included. */
u64 task_count(void);
/* The pid that was given last. */
u32 task_last_pid(void);
/* Tasks made since boot. */
u64 task_created_count(void);

/* ---- Looking at a task that may end at any moment ----------------------- */

/*
 * The program @task runs from now on, which nobody can open for writing
 * meanwhile; NULL: none.  => somebody executes it already
 */
void task_set_exe(struct task *task, struct inode *exe);

/* A reference for mm_put() or files_put(), or NULL. */
struct mm *task_get_mm(struct task *task);
/* Does it run in @mm, or will it again if its execve fails? */
bool task_uses_mm(struct task *task, const struct mm *mm);
struct files *task_get_files(struct task *task);
/* The parent's pid; 0: none. */
static inline u32 task_parent_pid(const struct task *task)
{
	return READ_ONCE(task->parent_pid);
}

void task_get_name(struct task *task, char name[TASK_NAME_BYTES]);
/* The letter of /proc/PID/stat: R S D T Z. */
char task_state_letter(const struct task *task);
/* Its own usage, the faults of its present mm included. */
void task_get_usage(struct task *task, struct task_usage *usage);
/* What @mm has counted belongs to @usage as well. */
void task_usage_add_mm(struct task_usage *usage, const struct mm *mm);

/* ---- Oneself ------------------------------------------------------------ */

/* The registers user mode will continue with.  => @task has a user mode */
static inline struct trap_frame *task_user_frame(struct task *task)
{
	return (struct trap_frame *)task->kernel_stack_top - 1;
}

static inline void task_add_work(struct task *task, u32 work)
{
	__atomic_fetch_or(&task->work, work, __ATOMIC_SEQ_CST);
}

static inline void task_clear_work(struct task *task, u32 work)
{
	__atomic_fetch_and(&task->work, ~work, __ATOMIC_SEQ_CST);
}

/* Is there a signal to be handled?  Sleeps end with -ERESTARTSYS then. */
static inline bool task_has_signal(const struct task *task)
{
	return READ_ONCE(task->work) & TASK_WORK_SIGNAL;
}
