/*
 * tty_job.c - see tty.h: what a terminal is to a session
 *
 * A session has at most one controlling terminal; its members point to it,
 * each with a reference.  One group of the session is in the foreground: it
 * gets what ^C sends, and the others stop when they read.
 * Locks: tasks_lock.  References are dropped after it: the last one frees.
 */
#include "kernel/dev/tty.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/job.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_rules.h"
#include "kernel/x86_64/asm/percpu.h"
#include "mm/uaccess.h"

static bool is_leader(const struct process *process)
{
	return process->session == process->pid;
}

static void put_many(struct tty *tty, u32 count)
{
	while (count--)
		tty_put(tty);
}

/* ---- Whose it is --------------------------------------------------------- */

/* => tasks_lock is held */
static void make_controlling(struct tty *tty, struct process *process)
{
	tty->session = process->session;
	tty->foreground_group = process->group;
	tty_get(tty);
	process->tty = tty;
}

/*
 * Nobody of its session has it any more.  => tasks_lock is held
 * Return: references for put_many().
 */
static u32 clear_session(struct tty *tty)
{
	struct process *process;
	u32 count = 0;

	list_for_each_entry(process, &processes, all_node) {
		if (process->tty != tty)
			continue;
		process->tty = NULL;
		count++;
	}
	tty->session = 0;
	tty->foreground_group = 0;
	return count;
}

void tty_become_controlling(struct tty *tty)
{
	struct process *process = current_task()->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	if (is_leader(process) && !process->tty && !tty->session)
		make_controlling(tty, process);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

i64 tty_set_controlling(struct tty *tty, u64 steal)
{
	struct process *process = current_task()->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	u32 count = 0;
	i64 result = 0;

	if (is_leader(process) && process->session == tty->session) {
		/* It has it already. */
	} else if (!is_leader(process) || process->tty ||
		   (tty->session && steal != 1)) {
		result = -EPERM;
	} else {
		count = clear_session(tty);
		make_controlling(tty, process);
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	put_many(tty, count);
	return result;
}

/* The leader lets go of it, and all others with it.  => tasks_lock held */
static u32 leader_lets_go(struct tty *tty, bool is_exit)
{
	u32 group = tty->foreground_group;

	if (group) {
		signal_send_group_locked(group, SIGHUP);
		if (!is_exit)
			signal_send_group_locked(group, SIGCONT);
	}
	return clear_session(tty);
}

i64 tty_give_up(struct tty *tty)
{
	struct process *process = current_task()->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	u32 count = 0;
	i64 result = 0;

	if (process->tty != tty) {
		result = -ENOTTY;
	} else if (is_leader(process)) {
		count = leader_lets_go(tty, false);
	} else {
		process->tty = NULL;
		count = 1;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	put_many(tty, count);
	return result;
}

void tty_leader_ends(struct process *process)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct tty *tty = process->tty;
	u32 count = tty ? leader_lets_go(tty, true) : 0;

	spin_unlock_irqrestore(&tasks_lock, rflags);
	put_many(tty, count);
}

void tty_session_begins(struct process *process)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct tty *tty = process->tty;

	process->tty = NULL;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	if (tty)
		tty_put(tty);
}

void tty_hang_up(struct tty *tty)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct process *leader = NULL;
	u32 count;

	if (tty->session)
		leader = process_find_locked(tty->session);
	if (leader) {
		const struct signal_info hangup = { .signal = SIGHUP,
						    .code = SI_KERNEL };
		const struct signal_info go_on = { .signal = SIGCONT,
						   .code = SI_KERNEL };

		signal_send_locked(leader, &hangup);
		signal_send_locked(leader, &go_on);
	}
	count = clear_session(tty);
	WRITE_ONCE(tty->is_hung_up, true);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	wait_wake_all(&tty->can_read);
	wait_wake_all(&tty->can_write);
	put_many(tty, count);
}

/* ---- Foreground and background ------------------------------------------- */

static bool is_ignored_or_blocked(const struct task *task, int signal)
{
	return task->signal.blocked.bits & signal_bit(signal) ||
	       signal_handler_of(task->process, signal) == SIG_IGN;
}

int tty_check_change(struct tty *tty, int signal)
{
	struct task *task = current_task();
	const struct process *process = task->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	int result = 0;

	if (process->tty != tty || !tty->foreground_group ||
	    tty->foreground_group == process->group) {
		/* In the foreground, or none of its business. */
	} else if (is_ignored_or_blocked(task, signal)) {
		result = signal == SIGTTIN ? -EIO : 0;
	} else if (job_is_orphaned(process->group)) {
		result = -EIO;
	} else {
		signal_send_group_locked(process->group, signal);
		/* Even if a SIGCONT takes it back: come by and begin again. */
		task_add_work(task, TASK_WORK_SIGNAL);
		result = -ERESTARTSYS;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return result;
}

static bool is_mine(const struct tty *tty)
{
	return READ_ONCE(current_task()->process->tty) == tty;
}

i64 tty_get_foreground(struct tty *tty, vaddr_t to, bool from_master)
{
	u32 group = READ_ONCE(tty->foreground_group);

	if (!from_master && !is_mine(tty))
		return -ENOTTY;
	return copy_to_user(to, &group, sizeof(group));
}

i64 tty_get_session(struct tty *tty, vaddr_t to, bool from_master)
{
	u32 session = READ_ONCE(tty->session);

	if (!session || (!from_master && !is_mine(tty)))
		return -ENOTTY;
	return copy_to_user(to, &session, sizeof(session));
}

/* A group of the caller's session.  => tasks_lock held */
static int check_group(u32 group)
{
	const struct process *self = current_task()->process;
	const struct process *process;
	int error = -ESRCH;

	list_for_each_entry(process, &processes, all_node) {
		if (process->group != group)
			continue;
		error = process->session == self->session ? 0 : -EPERM;
	}
	return error;
}

i64 tty_set_foreground(struct tty *tty, vaddr_t from)
{
	int error = tty_check_change(tty, SIGTTOU);
	u64 rflags;
	i32 group;

	if (error)
		return error == -EIO ? -ENOTTY : error;
	if (!is_mine(tty) ||
	    READ_ONCE(tty->session) != current_task()->process->session)
		return -ENOTTY;
	if (copy_from_user(&group, from, sizeof(group)) != 0)
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	rflags = spin_lock_irqsave(&tasks_lock);
	error = check_group((u32)group);
	if (!error)
		tty->foreground_group = (u32)group;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return error;
}

/* ---- /proc --------------------------------------------------------------- */

struct tty_of_process tty_of_process(const struct process *process)
{
	struct tty_of_process result = { .foreground_group = -1 };
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	if (process->tty) {
		result.rdev = process->tty->rdev;
		result.foreground_group = (i32)process->tty->foreground_group;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return result;
}
