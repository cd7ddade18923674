/*
 * exit.c - the end of a task, and of a process
 *
 * A task gives back its memory and files itself.  Of the leader and of the
 * process a zombie remains: a pid, a status, the usage, and a kernel stack; the
 * parent's wait4 (kernel/proc/wait4.c) frees that.  Other threads vanish.
 *
 * A thread ends twice: it begins to, and the last one to begin (live_count)
 * gives back what belongs to the process; and it is done, and the last one to
 * be done (thread_count) makes the process a zombie.  In between it may sleep.
 */
#include "kernel/proc/exit.h"

#include "kernel/dev/tty.h"
#include "kernel/exit_status.h"
#include "kernel/fs/files.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trace.h"
#include "kernel/oom.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/job.h"
#include "kernel/proc/process_timers.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/tlb.h"
#include "mm/check.h"
#include "mm/mm.h"
#include "mm/mm_trace.h"
#include "mm/uaccess.h"

/* A shell's and init's way to say "killed by signal n" in a status. */
#define STATUS_SIGNAL_BASE 128u
#define EXIT_SIGNAL_MAX 31u

static u8 qemu_status(u32 status)
{
	u32 code = status >> 8 & 0xff;
	u32 signal = status & 0x7f;

	if (code > STATUS_SIGNAL_BASE)
		signal = code - STATUS_SIGNAL_BASE;
	if (signal >= 1 && signal <= EXIT_SIGNAL_MAX)
		return (u8)(EXIT_SIGNAL + signal);
	return code <= EXIT_INIT_MAX && !signal ? (u8)code : EXIT_OTHER;
}

void exit_machine(u32 status)
{
	if (exit_status_is_signal(status))
		log_error("calf: init killed by signal %u\n", status & 0x7f);
	else
		log_error("calf: init exited with status %u\n",
			  status >> 8 & 0xff);
	mm_trace_state();
	cpu_power_off(qemu_status(status));
}

void task_return_borrowed_mm(struct task *task)
{
	if (!task->borrows_mm)
		return;
	__atomic_store_n(&task->borrows_mm, false, __ATOMIC_SEQ_CST);
	wait_wake_all(&task->vfork_event);
}

/* pthread_join(3) waits for this word; see set_tid_address(2). */
static void clear_child_tid(struct task *task)
{
	const u32 zero = 0;

	if (!task->clear_child_tid.val)
		return;
	(void)copy_to_user_partial(task->clear_child_tid, &zero, sizeof(zero));
	futex_wake_at(task->clear_child_tid, 1);
}

static void give_back_memory(struct task *task, bool is_last)
{
	struct mm *mm = task->mm;

	futex_give_up_robust(task);
	clear_child_tid(task);
	if (is_last && !task->borrows_mm)
		usage_add_mm(&task->usage, mm);

	spin_lock(&task->lock);
	task->mm = NULL;
	spin_unlock(&task->lock);
	/* No user address from here on: others need not tell us of flushes. */
	tlb_be_lazy();
	if (is_last)
		process_set_exe(task->process, NULL);
	task_return_borrowed_mm(task);
	oom_put_mm(mm);
}

static void give_back_files(struct task *task)
{
	struct files *files = task->files;

	spin_lock(&task->lock);
	task->files = NULL;
	spin_unlock(&task->lock);
	files_put(files);
}

/* Who asked for the orphans, or init.  => tasks_lock is held */
static struct process *find_reaper(const struct process *process)
{
	struct process *reaper = process->parent;

	while (reaper && !reaper->is_subreaper)
		reaper = reaper->parent;
	return reaper ? reaper : init_process;
}

/* Tell the parent.  Return: whether it will wait. */
static bool tell_parent(struct process *process)
{
	bool is_killed = exit_status_is_signal(process->exit_status);
	u32 status = is_killed ? process->exit_status & 0x7f :
				 process->exit_status >> 8;

	job_tell_parent(process, is_killed ? CLD_KILLED : CLD_EXITED,
			(i32)status);
	return !signal_ignores_children_locked(process->parent);
}

/* => tasks_lock is held */
static void adopt(struct process *child, struct process *reaper)
{
	list_remove(&child->sibling_node);
	child->parent = reaper;
	child->parent_pid = reaper->pid;
	list_push_back(&reaper->children, &child->sibling_node);
}

static void tell_child(struct process *child)
{
	const struct signal_info info = {
		.signal = child->parent_death_signal,
		.code = SI_USER,
		.pid = current_task()->process->pid,
	};

	/* As if the parent had sent it: not to another user's process. */
	if (info.signal && may_signal_locked(child->leader, info.signal))
		signal_send_locked(child, &info);
}

/*
 * Orphans go to one who waits for whoever ends.  Those that have ended already
 * and that nobody wants are freed.
 */
static void give_away_children(struct process *process)
{
	struct list_node unwanted = LIST_INIT(unwanted);
	struct process *child;
	struct process *next;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct process *reaper = find_reaper(process);

	list_for_each_entry_safe(child, next, &process->children,
				 sibling_node) {
		adopt(child, reaper);
		job_parent_ends(child, process);
		if (!child->is_zombie) {
			tell_child(child);
		} else if (!tell_parent(child)) {
			process_unpublish_locked(child);
			list_push_back(&unwanted, &child->sibling_node);
		}
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	list_for_each_entry_safe(child, next, &unwanted, sibling_node)
		task_put(child->leader);
}

/* Return: for task_put(): a leader that nobody will wait for; or NULL. */
static struct task *end_process(struct process *process)
{
	struct task *leader = process->leader;

	job_process_ends(process);
	/* Before the parent is told: it looks at once. */
	process->is_zombie = true;
	if (tell_parent(process))
		return NULL;
	process_unpublish_locked(process);
	return leader;
}

/*
 * From the moment tasks_lock is dropped, the parent may free this task;
 * task_free() waits until its stack is not in use any more.
 */
static void become_zombie(struct task *task)
{
	struct process *process = task->process;
	struct task *unwanted = NULL;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	job_thread_ends(task);
	signal_retarget_locked(task, ~0UL);
	if (task_is_leader(task)) {
		task->state = TASK_ZOMBIE;
	} else {
		usage_add(&process->ended_usage, &task->usage);
		task_unpublish_locked(task);
		task->state = TASK_DEAD; /* the next task frees what is left */
	}
	if (--process->thread_count == 0)
		unwanted = end_process(process);
	if (unwanted == task) {
		task->state = TASK_DEAD;
		unwanted = NULL;
	}
	if (process->execs)
		wait_wake_all(&process->thread_event);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	if (unwanted)
		task_put(unwanted);
}

/* Return: whether no other thread is left that has not begun to end. */
static bool begin_to_end(struct task *task, u32 status)
{
	struct process *process = task->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	bool is_last = --process->live_count == 0;

	task->is_exiting = true;
	/* As Linux: unless it is ended as a whole, the last one decides. */
	if (is_last && !process->is_ending)
		process->exit_status = status;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	if (is_last)
		TRACE(EXIT, .code = process->pid, .value = status);
	else
		TRACE(THREAD_EXIT, .code = process->pid);
	if (is_last && process == init_process)
		exit_machine(process->exit_status);
	return is_last;
}

void task_exit(u32 status)
{
	struct task *task = current_task();
	struct process *process = task->process;
	bool is_last;

	ASSERT(!task->is_kernel_thread && this_cpu()->locks_held == 0);
	is_last = begin_to_end(task, status);
	timers_thread_ends(task);
	if (is_last)
		process_timers_exit(process);
	give_back_memory(task, is_last);
	give_back_files(task);
	check_event();
	if (is_last) {
		if (process->tty && process->session == process->pid)
			tty_leader_ends(process);
		/* Nobody but its own threads can add one. */
		if (!list_is_empty(&process->children))
			give_away_children(process);
	}
	become_zombie(task);
	schedule();
	panic("%s[%u] runs after its end", task->name, task->pid);
}

void process_exit(u32 status)
{
	struct task *task = current_task();
	struct process *process = task->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	bool execs = process->execs && process->execs != task;

	/* If another thread executes a program, this one only makes room. */
	if (!process->is_ending && !execs) {
		process->is_ending = true;
		process->exit_status = status;
		signal_kill_threads_locked(process, task);
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	task_exit(status);
}

int process_end_other_threads(void)
{
	struct task *task = current_task();
	struct process *process = task->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	int error = process->is_ending ? -EINTR : 0;

	if (!error && process->thread_count > 1) {
		process->execs = task;
		signal_kill_threads_locked(process, task);
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	if (!error &&
	    wait_event_killable(&process->thread_event,
				READ_ONCE(process->thread_count) == 1))
		error = -EINTR;
	if (!error && !task_is_leader(task))
		task_become_leader(task);
	/* A SIGKILL that came first has been sent to this task as well. */
	rflags = spin_lock_irqsave(&tasks_lock);
	process->execs = NULL;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return error;
}
