/*
 * exit.c - the end of a task
 *
 * A task gives back its memory and files itself.  What remains is a zombie: a
 * pid, a status, the usage, and the kernel stack it stands on; the parent's
 * wait4 (kernel/proc/wait4.c) frees that.
 */
#include "kernel/proc/exit.h"

#include "kernel/exit_status.h"
#include "kernel/fs/files.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/process_timers.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/cpu.h"
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
	task_return_borrowed_mm(task);
	mm_put(mm);
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

/* => tasks_lock is held */
static void adopt(struct task *child, struct task *reaper)
{
	bool is_zombie = child->state == TASK_ZOMBIE;

	list_remove(&child->sibling_node);
	child->parent = reaper;
	child->parent_pid = reaper->pid;
	list_push_back(is_zombie ? &reaper->zombies : &reaper->children,
		       &child->sibling_node);
}

static void send_sigchld(struct task *task)
{
	bool is_killed = exit_status_is_signal(task->exit_status);
	const struct signal_info info = {
		.signal = SIGCHLD,
		.code = is_killed ? CLD_KILLED : CLD_EXITED,
		.pid = task->pid,
		.status = (i32)(is_killed ? task->exit_status & 0x7f :
					    task->exit_status >> 8),
	};

	signal_send_locked(task->parent, &info);
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

/* Orphans go to one who waits for whoever ends. */
static void give_away_children(struct task *task)
{
	struct task *reaper = find_reaper(task);
	struct task *child;
	struct task *next;

	list_for_each_entry_safe(child, next, &task->children, sibling_node) {
		adopt(child, reaper);
		tell_child(child);
	}
	if (list_is_empty(&task->zombies))
		return;
	list_for_each_entry_safe(child, next, &task->zombies, sibling_node) {
		adopt(child, reaper);
		send_sigchld(child);
	}
	wait_wake_all(&reaper->child_event);
}

/*
 * Tell the parent.  From the moment tasks_lock is dropped, the parent may
 * free this task; task_free() waits until its stack is not in use any more.
 */
static void become_zombie(struct task *task)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct task *parent = task->parent;

	give_away_children(task);
	send_sigchld(task);
	if (signal_ignores_children_locked(parent)) {
		/* Nobody will wait: the next task frees what is left. */
		task_unpublish_locked(task);
		task->state = TASK_DEAD;
	} else {
		list_remove(&task->sibling_node);
		list_push_back(&parent->zombies, &task->sibling_node);
		task->state = TASK_ZOMBIE;
	}
	wait_wake_all(&parent->child_event);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void task_exit(u32 status)
{
	struct task *task = current_task();

	ASSERT(!task->is_kernel_thread && this_cpu()->locks_held == 0);
	if (task == init_task)
		exit_machine(status);

	task->exit_status = status;
	process_timers_exit(task);
	give_back_memory(task);
	give_back_files(task);
	check_event();
	become_zombie(task);
	schedule();
	panic("%s[%u] runs after its end", task->name, task->pid);
}
