/*
 * signal.c - sending signals, and what happens to a task that has one
 *
 * Owns: the pending sets and the default actions.
 * Locks: tasks_lock.
 * Sources: signal(7); Linux v6.12 kernel/signal.c, for the rules of init and
 * of forced signals.
 */
#include "kernel/proc/signal.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/process_timers.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/sigframe.h"
#include "mm/kmem.h"

static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP",	 [SIGINT] = "SIGINT",
	[SIGQUIT] = "SIGQUIT",	 [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP",	 [SIGABRT] = "SIGABRT",
	[SIGBUS] = "SIGBUS",	 [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL",	 [SIGUSR1] = "SIGUSR1",
	[SIGSEGV] = "SIGSEGV",	 [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",	 [SIGALRM] = "SIGALRM",
	[SIGTERM] = "SIGTERM",	 [SIGCHLD] = "SIGCHLD",
	[SIGCONT] = "SIGCONT",	 [SIGSTOP] = "SIGSTOP",
	[SIGTSTP] = "SIGTSTP",	 [SIGTTIN] = "SIGTTIN",
	[SIGTTOU] = "SIGTTOU",	 [SIGURG] = "SIGURG",
	[SIGWINCH] = "SIGWINCH", [SIGVTALRM] = "SIGVTALRM",
	[SIGPROF] = "SIGPROF",
};

const char *signal_name(int signal)
{
	if ((size_t)signal < ARRAY_SIZE(signal_names) && signal_names[signal])
		return signal_names[signal];
	return "a signal";
}

/* ---- Sets --------------------------------------------------------------- */

#define UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

/* Not wanted unless there is a handler. */
#define IGNORED_BY_DEFAULT                                                     \
	(signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGURG) |      \
	 signal_bit(SIGWINCH))

/* Would stop a process.  Nothing can be stopped here yet. */
#define STOPS_BY_DEFAULT                                                       \
	(signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) |     \
	 signal_bit(SIGTTOU))

/* Made by the instruction that runs: handled before all others. */
#define SYNCHRONOUS                                                            \
	(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) |       \
	 signal_bit(SIGTRAP) | signal_bit(SIGFPE))

static u64 deliverable(const struct task *task)
{
	return task->signal.pending.bits & ~task->signal.blocked.bits;
}

static u64 handler_of(const struct task *task, int signal)
{
	return task->actions->action[signal - 1].handler;
}

static bool is_ignored(const struct task *task, int signal)
{
	u64 handler = handler_of(task, signal);

	if (handler == SIG_DFL)
		return signal_bit(signal) &
		       (IGNORED_BY_DEFAULT | STOPS_BY_DEFAULT);
	return handler == SIG_IGN;
}

/* Nobody handles it and it is not ignored: the task will exit. */
static bool is_fatal(const struct task *task, int signal)
{
	return handler_of(task, signal) == SIG_DFL && !is_ignored(task, signal);
}

/* => tasks_lock is held */
static void update_work(struct task *task)
{
	if (deliverable(task))
		task_add_work(task, TASK_WORK_SIGNAL);
	else
		task_clear_work(task, TASK_WORK_SIGNAL);
}

static bool is_fatal_pending_locked(const struct task *task)
{
	u64 signals = deliverable(task);

	while (signals) {
		int signal = __builtin_ctzl(signals) + 1;

		if (is_fatal(task, signal))
			return true;
		signals &= signals - 1;
	}
	return false;
}

bool signal_is_fatal_pending(const struct task *task)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	bool result = is_fatal_pending_locked(task);

	spin_unlock_irqrestore(&tasks_lock, rflags);
	return result;
}

/* ---- Sending ------------------------------------------------------------ */

static bool is_dropped(const struct task *task, int signal)
{
	const struct signal_state *state = &task->signal;

	if (state->is_unkillable && handler_of(task, signal) == SIG_DFL)
		return true;
	/* A blocked one is kept: a handler may be set before it is let in. */
	return is_ignored(task, signal) &&
	       !(state->blocked.bits & signal_bit(signal));
}

static void make_pending(struct task *task, const struct signal_info *info)
{
	struct signal_state *state = &task->signal;
	u32 wake = 1u << TASK_INTERRUPTIBLE;

	state->info[info->signal - 1].code = info->code;
	state->info[info->signal - 1].pid = info->pid;
	state->info[info->signal - 1].status = info->status;
	state->info[info->signal - 1].address = info->address;
	state->pending.bits |= signal_bit(info->signal);
	update_work(task);
	if (is_fatal_pending_locked(task))
		wake |= 1u << TASK_KILLABLE;
	if (deliverable(task))
		sched_wake(task, wake);
}

bool signal_send_locked(struct task *task, const struct signal_info *info)
{
	u64 bit = signal_bit(info->signal);

	ASSERT(spin_is_held(&tasks_lock));
	if (task->is_kernel_thread || task->state == TASK_ZOMBIE ||
	    task->state == TASK_DEAD)
		return false;
	if (bit & STOPS_BY_DEFAULT && handler_of(task, info->signal) == SIG_DFL)
		log_warning("calf: %s[%u]: %s has no effect yet\n", task->name,
			    task->pid, signal_name(info->signal));
	if (is_dropped(task, info->signal) || task->signal.pending.bits & bit)
		return false;
	make_pending(task, info);
	return true;
}

void signal_send_info(struct task *task, const struct signal_info *info)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	signal_send_locked(task, info);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void signal_send(struct task *task, int signal)
{
	signal_send_info(task, &(struct signal_info){ .signal = signal,
						      .code = SI_KERNEL });
}

u32 signal_send_group(u32 process_group, int signal)
{
	const struct signal_info info = { .signal = signal, .code = SI_KERNEL };
	struct task *task;
	u32 count = 0;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	list_for_each_entry(task, &tasks, all_node) {
		if (task->process_group != process_group)
			continue;
		signal_send_locked(task, &info);
		count++;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return count;
}

bool signal_force_is_fatal(int signal)
{
	const struct task *task = current_task();
	u64 handler = handler_of(task, signal);

	return handler == SIG_DFL || handler == SIG_IGN ||
	       task->signal.blocked.bits & signal_bit(signal);
}

void signal_force(const struct signal_info *info)
{
	struct task *task = current_task();
	struct signal_state *state = &task->signal;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	/* The instruction would fault again at once: someone must act. */
	if (signal_force_is_fatal(info->signal)) {
		task->actions->action[info->signal - 1].handler = SIG_DFL;
		state->blocked.bits &= ~signal_bit(info->signal);
		state->is_unkillable = false;
	}
	make_pending(task, info);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void signal_reset_handler(int signal)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	current_task()->actions->action[signal - 1].handler = SIG_DFL;
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void signal_kill(struct task *task)
{
	const struct signal_info info = { .signal = SIGKILL,
					  .code = SI_KERNEL };
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	task->signal.is_unkillable = false;
	signal_send_locked(task, &info);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

/* ---- Handling ----------------------------------------------------------- */

/* Take the next signal out of the pending set.  => one is deliverable */
static struct signal_info take_signal(struct task *task)
{
	struct signal_state *state = &task->signal;
	u64 signals = deliverable(task);
	struct signal_info info;

	/* What nobody can handle ends everything else. */
	if (signals & signal_bit(SIGKILL))
		signals = signal_bit(SIGKILL);
	else if (signals & SYNCHRONOUS)
		signals &= SYNCHRONOUS;
	info.signal = __builtin_ctzl(signals) + 1;
	info.code = state->info[info.signal - 1].code;
	info.pid = state->info[info.signal - 1].pid;
	info.status = state->info[info.signal - 1].status;
	info.address = state->info[info.signal - 1].address;
	state->pending.bits &= ~signal_bit(info.signal);
	if (info.code == SI_TIMER)
		process_timers_delivered(task, &info);
	return info;
}

/*
 * Find a signal that has a handler.  Ignored ones are taken out on the way.
 * Return: false: none is left, @info->signal is 0 or a fatal one.
 */
static bool next_handled(struct task *task, struct signal_info *info,
			 struct signal_action *action)
{
	info->signal = 0;
	while (deliverable(task)) {
		*info = take_signal(task);
		*action = task->actions->action[info->signal - 1];
		if (is_fatal(task, info->signal))
			return false;
		if (!is_ignored(task, info->signal)) {
			if (action->flags & SA_RESETHAND)
				task->actions->action[info->signal - 1].handler =
					SIG_DFL;
			return true;
		}
		info->signal = 0;
	}
	return false;
}

/* While the handler runs.  Return: what to go back to afterwards. */
static sigset_t block_for_handler(struct task *task, int signal,
				  const struct signal_action *action)
{
	struct signal_state *state = &task->signal;
	sigset_t before = state->has_saved ? state->saved_blocked :
					     state->blocked;

	state->has_saved = false;
	state->blocked.bits |= action->mask.bits;
	if (!(action->flags & SA_NODEFER))
		state->blocked.bits |= signal_bit(signal);
	state->blocked.bits &= ~UNBLOCKABLE;
	return before;
}

/*
 * A system call that a signal has interrupted: run it again, or let it fail
 * with EINTR.  The CPU's SYSCALL instruction is two bytes long.
 */
static void restart_call(struct trap_frame *frame, bool again)
{
	if (frame->vector != TRAP_SYSCALL || (i64)frame->rax != -ERESTARTSYS)
		return;
	if (again) {
		frame->rax = frame->error_code;
		frame->rip -= 2;
	} else {
		frame->rax = (u64)-EINTR;
	}
	frame->vector = 0;
}

void signal_deliver(struct trap_frame *frame)
{
	struct task *task = current_task();
	struct signal_action action;
	struct signal_info info;
	sigset_t before = { 0 };
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	bool is_handled = next_handled(task, &info, &action);

	if (is_handled) {
		before = block_for_handler(task, info.signal, &action);
	} else if (!info.signal && task->signal.has_saved) {
		task->signal.blocked = task->signal.saved_blocked;
		task->signal.has_saved = false;
	}
	update_work(task);
	spin_unlock_irqrestore(&tasks_lock, rflags);

	if (!is_handled && info.signal)
		task_exit((u32)info.signal);
	if (!is_handled) {
		restart_call(frame, true);
		return;
	}
	restart_call(frame, action.flags & SA_RESTART);
	if (sigframe_push(frame, &info, &action, before) != 0)
		sigframe_bad(info.signal);
}

void signal_set_blocked(sigset_t blocked)
{
	struct task *task = current_task();
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	task->signal.blocked.bits = blocked.bits & ~UNBLOCKABLE;
	update_work(task);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

/* ---- Actions ------------------------------------------------------------ */

struct signal_actions *signal_actions_create(void)
{
	struct signal_actions *actions = kmalloc_zeroed(sizeof(*actions));

	if (actions)
		actions->refcount = 1;
	return actions;
}

struct signal_actions *signal_actions_copy(struct task *parent)
{
	struct signal_actions *copy = signal_actions_create();
	u64 rflags;

	if (!copy)
		return NULL;
	rflags = spin_lock_irqsave(&tasks_lock);
	memcpy(copy->action, parent->actions->action, sizeof(copy->action));
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return copy;
}

void signal_actions_put(struct signal_actions *actions)
{
	if (__atomic_fetch_sub(&actions->refcount, 1, __ATOMIC_ACQ_REL) == 1)
		kfree(actions);
}

void signal_actions_exec(struct task *task)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	ASSERT(task->actions->refcount == 1);
	for (int i = 0; i < SIGNAL_MAX; i++) {
		struct signal_action *action = &task->actions->action[i];
		u64 handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL;

		*action = (struct signal_action){ .handler = handler };
	}
	task->signal.stack = (struct signal_stack){ .flags = SS_DISABLE };
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

bool signal_ignores_children_locked(const struct task *task)
{
	const struct signal_action *action =
		&task->actions->action[SIGCHLD - 1];

	return action->handler == SIG_IGN || action->flags & SA_NOCLDWAIT;
}

void signal_set_action(int signal, const struct signal_action *action)
{
	struct task *task = current_task();
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	task->actions->action[signal - 1] = *action;
	task->actions->action[signal - 1].mask.bits &= ~UNBLOCKABLE;
	/* POSIX: what becomes ignored is dropped, blocked or not. */
	if (is_ignored(task, signal))
		task->signal.pending.bits &= ~signal_bit(signal);
	update_work(task);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}
