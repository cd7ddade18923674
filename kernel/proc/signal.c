/*
 * signal.c - sending signals, and the handlers a process has set
 *
 * Locks: tasks_lock.
 * Sources: signal(7); Linux v6.12 kernel/signal.c, for the rules of init and
 * of forced signals.
 */
#include "kernel/proc/signal.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/proc/job.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal_queue.h"
#include "kernel/proc/signal_rules.h"
#include "mm/kmem.h"

static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP",	   [SIGINT] = "SIGINT",
	[SIGQUIT] = "SIGQUIT",	   [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP",	   [SIGABRT] = "SIGABRT",
	[SIGBUS] = "SIGBUS",	   [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL",	   [SIGUSR1] = "SIGUSR1",
	[SIGSEGV] = "SIGSEGV",	   [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",	   [SIGALRM] = "SIGALRM",
	[SIGTERM] = "SIGTERM",	   [SIGCHLD] = "SIGCHLD",
	[SIGCONT] = "SIGCONT",	   [SIGSTOP] = "SIGSTOP",
	[SIGTSTP] = "SIGTSTP",	   [SIGTTIN] = "SIGTTIN",
	[SIGTTOU] = "SIGTTOU",	   [SIGURG] = "SIGURG",
	[SIGXFSZ] = "SIGXFSZ",	   [SIGWINCH] = "SIGWINCH",
	[SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
	[SIGXCPU] = "SIGXCPU",	   [SIGSYS] = "SIGSYS",
};

const char *signal_name(int signal)
{
	if ((size_t)signal < ARRAY_SIZE(signal_names) && signal_names[signal])
		return signal_names[signal];
	return "a signal";
}

/* ---- Sending ------------------------------------------------------------ */

/*
 * Only ever set here: the task itself clears it when it has looked.  If it has
 * been woken from a call for a signal that SIGCONT then took away, it must
 * still come by signal_deliver(), where the call is begun again.
 */
static void note_work(struct task *task)
{
	if (signals_deliverable(task))
		task_add_work(task, TASK_WORK_SIGNAL);
}

static bool is_fatal_pending_locked(const struct task *task)
{
	u64 signals = signals_deliverable(task);

	while (signals) {
		int signal = __builtin_ctzl(signals) + 1;

		if (signal_is_fatal(task, signal))
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

static bool is_dropped(const struct task *task, int signal)
{
	const struct signal_state *state = &task->signal;
	u64 kept = state->blocked.bits | state->waited_for.bits;

	if (state->is_unkillable && signal_handler_of(task, signal) == SIG_DFL)
		return true;
	/* A blocked one is kept: a handler may be set before it is let in. */
	return signal_is_ignored(task, signal) && !(kept & signal_bit(signal));
}

static void make_pending(struct task *task, const struct signal_info *info,
			 struct list_node *supply)
{
	u64 bit = signal_bit(info->signal);
	u32 wake = 1u << TASK_INTERRUPTIBLE;

	signal_queue_add(&task->signal.pending, info, supply);
	note_work(task);
	if (is_fatal_pending_locked(task))
		wake |= 1u << TASK_KILLABLE;
	if (signals_deliverable(task) || task->signal.waited_for.bits & bit)
		sched_wake(task, wake);
	wait_wake_all(&task->signal_event);
}

bool signal_send_supplied_locked(struct task *task,
				 const struct signal_info *info,
				 struct list_node *supply)
{
	const struct signal_pending *pending = &task->signal.pending;

	ASSERT(spin_is_held(&tasks_lock));
	if (task->is_kernel_thread || task->state == TASK_ZOMBIE ||
	    task->state == TASK_DEAD)
		return false;
	job_signal_sent(task, info->signal);
	if (is_dropped(task, info->signal) ||
	    (!signal_is_queued(info->signal) &&
	     pending->set.bits & signal_bit(info->signal)))
		return false;
	make_pending(task, info, supply);
	return true;
}

bool signal_send_locked(struct task *task, const struct signal_info *info)
{
	return signal_send_supplied_locked(task, info, NULL);
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

u32 signal_send_group_locked(u32 process_group, int signal)
{
	const struct signal_info info = { .signal = signal, .code = SI_KERNEL };
	struct task *task;
	u32 count = 0;

	list_for_each_entry(task, &tasks, all_node) {
		if (task->process_group != process_group)
			continue;
		signal_send_locked(task, &info);
		count++;
	}
	return count;
}

u32 signal_send_group(u32 process_group, int signal)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	u32 count = signal_send_group_locked(process_group, signal);

	spin_unlock_irqrestore(&tasks_lock, rflags);
	return count;
}

bool signal_force_is_fatal(int signal)
{
	const struct task *task = current_task();
	u64 handler = signal_handler_of(task, signal);

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
	/* One that was sent before would hide what the fault says. */
	state->pending.set.bits &= ~signal_bit(info->signal);
	make_pending(task, info, NULL);
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
	task->restart.call = NULL;
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
	struct list_node garbage = LIST_INIT(garbage);
	struct signal_action *to = &task->actions->action[signal - 1];
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	*to = *action;
	to->flags &= SA_KNOWN;
	to->mask.bits &= ~SIGNALS_UNBLOCKABLE;
	/* POSIX: what becomes ignored is dropped, blocked or not. */
	if (signal_is_ignored(task, signal))
		signal_queue_drop(&task->signal.pending, signal_bit(signal),
				  &garbage);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	signal_nodes_free(&garbage);
}

void signal_discard_all(struct task *task)
{
	struct list_node garbage = LIST_INIT(garbage);

	/* Nobody can find the task any more: no lock is needed. */
	signal_queue_drop(&task->signal.pending, ~0UL, &garbage);
	signal_nodes_free(&garbage);
}
