/*
 * task.h - the task: one thread of execution, of a user program or the kernel
 *
 * Owns: struct task and its life, the table of all numbers.  The threads of
 * one process share what kernel/proc/process.h lists, their memory and
 * their files.
 * Does not own: who runs when (kernel/proc/sched.h).
 *
 * Locks, outermost first:
 *	task->lock	the pointers of one task to what it shares
 *	process->lock	those of a process
 *	tasks_lock	the pid table, the lists of tasks and of processes, the
 *			family tree and signal state; taken with interrupts off
 *	queue->lock	(kernel/proc/wait.h)
 *	run_queue->lock	(kernel/proc/sched.c)
 */
#pragma once

#include "kernel/lib/avl.h"
#include "kernel/lib/list.h"
#include "kernel/lib/lock_order.h"
#include "kernel/lib/spinlock.h"
#include "kernel/proc/credentials.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal_state.h"
#include "kernel/proc/wait.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/asm/trap_frame.h"

struct files;
struct mm;

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
	u32 pid; /* as programs say: its tid */
	struct process *process; /* a reference */
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
	u64 last_unknown_call; /* a system call number, to log it once */
	vaddr_t robust_list; /* set_robust_list(2); 0: none */
	u32 personality; /* personality(2) */
	u64 timer_slack_ns; /* prctl(2); 0: the default */
	bool is_exiting; /* in task_exit(); its end frees memory */
	u32 missed_order; /* with TASK_WORK_NO_FRAME: of what size */
	u64 missed_ends; /* likewise: victims that had ended */
	u64 fail_nth; /* allocations until one fails; 0: none shall */
	struct task_fault fault; /* for the frames of signal handlers */
	u64 minor_faults; /* its own; usage counts those of whole mms */
	struct lock_held held_mutexes; /* debug */

	/* The lock of kernel/timer.c. */
	struct list_node cpu_timers; /* armed ones that count its time alone */

	/* Atomic. */
	u32 refcount; /* the pid table, readers of /proc */
	u32 work; /* TASK_WORK_… */
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
	char name[TASK_NAME_BYTES];

	/* tasks_lock */
	struct list_node thread_node; /* process->threads */
	struct list_node all_node; /* tasks */
	struct avl_node pid_node;
	bool must_stop; /* its process is being stopped, it is not yet */
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
	bool borrows_mm; /* atomic */
	struct wait_queue vfork_event;

	/* How restart_syscall(2) goes on with a call; only this task. */
	struct restart restart;

	/* tasks_lock.  Last: task_create() leaves the siginfo in it. */
	struct signal_state signal;
};

/* Every task but the idle ones, in order of creation. */
extern struct list_node tasks;
extern struct spinlock tasks_lock;

/* ---- Life --------------------------------------------------------------- */

/* The first code of a task, on its own stack; @argument NULL: the task. */
struct task_start {
	void (*entry)(void *argument);
	void *argument;
};

/**
 * task_create() - a task that cannot be found and does not run yet
 * @process: to be a thread of this one; NULL: the leader of a new one
 *
 * => has a pid, a kernel stack and FPU state; no mm, files, actions
 *
 * Return: 0 and one reference; -EAGAIN: out of pids; -ENOMEM.
 */
int task_create(const char *name, const struct task_start *start,
		struct process *process, struct task **task) __must_check;
/**
 * task_publish() - make it findable
 * @parent: of a new process; NULL: nobody's child
 *
 * Return: 0; -EAGAIN: the threads of its process are ending (never for the
 * first one).
 */
int task_publish(struct task *task, struct process *parent);
/* The reverse: it has ended.  => tasks_lock is held */
void task_unpublish_locked(struct task *task);
/*
 * @task, the only thread left, becomes the leader and gets the number of the
 * process; the old leader has ended.  => as execve(2) wants it
 */
void task_become_leader(struct task *task);
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
/* As above, but of tasks that lead a process. */
struct task *task_find_next_leader_get(u32 pid);
/* Threads of all processes, zombies included. */
u64 task_count(void);
/* The pid that was given last. */
u32 task_last_pid(void);
/* Tasks made since boot. */
u64 task_created_count(void);

/* ---- Looking at a task that may end at any moment ----------------------- */

/* A reference for mm_put() or files_put(), or NULL. */
struct mm *task_get_mm(struct task *task);
struct files *task_get_files(struct task *task);
void task_get_name(struct task *task, char name[TASK_NAME_BYTES]);
/* The letter of /proc/PID/stat: R S D T Z. */
char task_state_letter(const struct task *task);
/* ---- Oneself ------------------------------------------------------------ */

/* The registers user mode will continue with.  => @task has a user mode */
static inline struct trap_frame *task_user_frame(struct task *task)
{
	return (struct trap_frame *)task->kernel_stack_top - 1;
}

static inline bool task_is_leader(const struct task *task)
{
	return task->process->leader == task;
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
