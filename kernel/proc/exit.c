/*
 * exit.c - the end of a task
 *
 * A task gives back its memory and files itself.  What remains is a zombie: a
 * pid, a status, the usage, and the kernel stack it stands on; the parent's
 * wait4 (kernel/proc/wait4.c) frees that.
 */
#include "kernel/proc/exit.h"

#include "kernel/dev/tty.h"
#include "kernel/exit_status.h"
#include "kernel/fs/files.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/oom.h"
#include "kernel/proc/job.h"
#include "kernel/proc/process_timers.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/tlb.h"
#include "mm/check.h"
#include "mm/mm.h"
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
	cpu_power_off(qemu_status(status));
}

void task_return_borrowed_mm(struct task *task)
{
	if (!task->borrows_mm)
		return;
	__atomic_store_n(&task->borrows_mm, false, __ATOMIC_SEQ_CST);
	wait_wake_all(&task->vfork_event);
}

static void give_back_memory(struct task *task)
{
	struct mm *mm = task->mm;
	const u32 zero = 0;

	if (task->clear_child_tid.val)
		(void)copy_to_user_partial(task->clear_child_tid, &zero,
					   sizeof(zero));
	if (!task->borrows_mm)
		task_usage_add_mm(&task->usage, mm);

	spin_lock(&task->lock);
	task->mm = NULL;
	spin_unlock(&task->lock);
	/* No user address from here on: others need not tell us of flushes. */
	tlb_be_lazy();
	task_set_exe(task, NULL);
	task_return_borrowed_mm(task);
	oom_put_mm(mm);
}

/*
 * Whoever puts the last reference of a dead task may have no lock: what needs
 * the kernel lock goes here.
 */
static void give_back_program(struct task *task)
{
	struct inode *exe = task->exe;

	spin_lock(&task->lock);
	task->exe = NULL;
	spin_unlock(&task->lock);
	if (exe)
		inode_put(exe);
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
static struct task *find_reaper(const struct task *task)
{
	struct task *reaper = task->parent;

	while (reaper && !reaper->is_subreaper)
		reaper = reaper->parent;
	return reaper ? reaper : init_task;
}

/* Nobody will wait for it: take it out of the family. */
static void forget(struct task *task)
{
	task_unpublish_locked(task);
	task->state = TASK_DEAD;
}

/* Tell the parent.  Return: whether it will wait. */
static bool tell_parent(struct task *task)
{
	bool is_killed = exit_status_is_signal(task->exit_status);
	u32 status = is_killed ? task->exit_status & 0x7f :
				 task->exit_status >> 8;

	job_tell_parent(task, is_killed ? CLD_KILLED : CLD_EXITED, (i32)status);
	return !signal_ignores_children_locked(task->parent);
}

/* => tasks_lock is held */
static void adopt(struct task *child, struct task *reaper)
{
	list_remove(&child->sibling_node);
	child->parent = reaper;
	child->parent_pid = reaper->pid;
	list_push_back(&reaper->children, &child->sibling_node);
}

static void tell_child(struct task *child)
{
	const struct signal_info info = {
		.signal = child->parent_death_signal,
		.code = SI_USER,
		.pid = current_task()->pid,
	};

	/* As if the parent had sent it: not to another user's process. */
	if (info.signal && may_signal_locked(child, info.signal))
		signal_send_locked(child, &info);
}

/*
 * Orphans go to one who waits for whoever ends.  Those that have ended already
 * and that nobody wants are freed.
 */
static void give_away_children(struct task *task)
{
	struct list_node unwanted = LIST_INIT(unwanted);
	struct task *child;
	struct task *next;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct task *reaper = find_reaper(task);

	list_for_each_entry_safe(child, next, &task->children, sibling_node) {
		adopt(child, reaper);
		job_parent_ends(child, task);
		if (child->state != TASK_ZOMBIE) {
			tell_child(child);
		} else if (!tell_parent(child)) {
			forget(child);
			list_push_back(&unwanted, &child->sibling_node);
		}
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	list_for_each_entry_safe(child, next, &unwanted, sibling_node)
		task_put(child);
}

/*
 * Tell the parent.  From the moment tasks_lock is dropped, the parent may
 * free this task; task_free() waits until its stack is not in use any more.
 */
static void become_zombie(struct task *task)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	job_task_ends(task);
	/* Before the parent is told: it looks at once. */
	task->state = TASK_ZOMBIE;
	if (!tell_parent(task))
		forget(task); /* the next task frees what is left */
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void task_exit(u32 status)
{
	struct task *task = current_task();

	ASSERT(!task->is_kernel_thread && this_cpu()->locks_held == 0);
	if (task == init_task)
		exit_machine(status);

	task->exit_status = status;
	task->is_exiting = true;
	process_timers_exit(task);
	give_back_memory(task);
	give_back_files(task);
	give_back_program(task);
	check_event();
	if (task->tty && task->session == task->tgid)
		tty_leader_ends(task);
	/* Nobody but this task itself can add one. */
	if (!list_is_empty(&task->children))
		give_away_children(task);
	become_zombie(task);
	schedule();
	panic("%s[%u] runs after its end", task->name, task->pid);
}
