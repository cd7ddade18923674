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
void signal_note_work_locked(struct task *task)
{
	if (signals_deliverable(task))
		task_add_work(task, TASK_WORK_SIGNAL);
}

static bool is_fatal_pending_locked(const struct task *task)
{
	u64 signals = signals_deliverable(task);

	while (signals) {
		int signal = __builtin_ctzl(signals) + 1;

		if (signal_is_fatal(task->process, signal))
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

static u64 kept_by(const struct task *task)
{
	return task->signal.blocked.bits | task->signal.waited_for.bits;
}

static bool is_dropped(struct signal_target target, int signal)
{
	const struct process *process = target.process;
	const struct task *task = target.task ? target.task : process->leader;

	if (process->is_unkillable &&
	    signal_handler_of(process, signal) == SIG_DFL)
		return true;
	/* A blocked one is kept: a handler may be set before it is let in. */
	return signal_is_ignored(process, signal) &&
	       !(kept_by(task) & signal_bit(signal));
}

/* Something is pending for @task: let it look. */
static void tell(struct task *task)
{
	u32 wake = 1u << TASK_INTERRUPTIBLE;

	signal_note_work_locked(task);
	if (is_fatal_pending_locked(task))
		wake |= 1u << TASK_KILLABLE;
	sched_wake(task, wake);
}

static bool wants(const struct task *task, u64 bit)
{
	return !task->is_exiting && (bit & ~task->signal.blocked.bits ||
				     bit & task->signal.waited_for.bits);
}

/* The thread that is to take a signal of the whole process; or NULL. */
static struct task *choose_thread(struct process *process, u64 bit)
{
	struct task *task;

	if (wants(process->leader, bit))
		return process->leader;
	list_for_each_entry(task, &process->threads, thread_node)
		if (wants(task, bit))
			return task;
	return NULL; /* they all block it: the first to let it in takes it */
}

static void make_pending(struct signal_target target,
			 const struct signal_info *info,
			 struct list_node *supply)
{
	u64 bit = signal_bit(info->signal);
	struct task *task = target.task;

	signal_queue_add(task ? &task->signal.pending :
				&target.process->pending,
			 info, supply);
	if (info->signal == SIGKILL)
		signal_kill_threads_locked(target.process, NULL);
	else if (!task)
		task = choose_thread(target.process, bit);
	if (task && wants(task, bit))
		tell(task);
	wait_wake_all(&target.process->signal_event);
}

void signal_kill_threads_locked(struct process *process, const struct task *but)
{
	struct task *task;

	job_signal_sent(process, SIGKILL); /* those that are stopped, too */
	list_for_each_entry(task, &process->threads, thread_node) {
		if (task == but || task->is_exiting)
			continue;
		task->signal.pending.set.bits |= signal_bit(SIGKILL);
		task->signal.pending.info[SIGKILL - 1] = (struct signal_info){
			.signal = SIGKILL,
			.code = SI_KERNEL,
		};
		tell(task);
	}
}

void signal_retarget_locked(struct task *task, u64 signals)
{
	struct process *process = task->process;

	signals &= process->pending.set.bits;
	for (; signals; signals &= signals - 1) {
		struct task *other = choose_thread(process, signals & -signals);

		if (other && other != task)
			tell(other);
	}
}

bool signal_send_supplied_locked(struct signal_target target,
				 const struct signal_info *info,
				 struct list_node *supply)
{
	const struct process *process = target.process;
	const struct signal_pending *pending =
		target.task ? &target.task->signal.pending : &process->pending;

	ASSERT(spin_is_held(&tasks_lock));
	if (process->is_kernel || process->is_zombie ||
	    (target.task && target.task->is_exiting))
		return false;
	job_signal_sent(target.process, info->signal);
	if (is_dropped(target, info->signal) ||
	    (!signal_is_queued(info->signal) &&
	     pending->set.bits & signal_bit(info->signal)))
		return false;
	make_pending(target, info, supply);
	return true;
}

bool signal_send_locked(struct process *process, const struct signal_info *info)
{
	return signal_send_supplied_locked(
		(struct signal_target){ .process = process }, info, NULL);
}

static void send(struct signal_target target, int signal)
{
	const struct signal_info info = { .signal = signal, .code = SI_KERNEL };
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	signal_send_supplied_locked(target, &info, NULL);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void signal_send(struct process *process, int signal)
{
	send((struct signal_target){ .process = process }, signal);
}

void signal_send_thread(struct task *task, int signal)
{
	send((struct signal_target){ task->process, task }, signal);
}

u32 signal_send_group_locked(u32 process_group, int signal)
{
	const struct signal_info info = { .signal = signal, .code = SI_KERNEL };
	struct process *process;
	u32 count = 0;

	list_for_each_entry(process, &processes, all_node) {
		if (process->group != process_group)
			continue;
		signal_send_locked(process, &info);
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
	u64 handler = signal_handler_of(task->process, signal);

	return handler == SIG_DFL || handler == SIG_IGN ||
	       task->signal.blocked.bits & signal_bit(signal);
}

void signal_force(const struct signal_info *info)
{
	struct task *task = current_task();
	struct process *process = task->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	/* The instruction would fault again at once: someone must act. */
	if (signal_force_is_fatal(info->signal)) {
		process->actions->action[info->signal - 1].handler = SIG_DFL;
		task->signal.blocked.bits &= ~signal_bit(info->signal);
		process->is_unkillable = false;
	}
	/* One that was sent before would hide what the fault says. */
	task->signal.pending.set.bits &= ~signal_bit(info->signal);
	make_pending((struct signal_target){ process, task }, info, NULL);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void signal_reset_handler(int signal)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	current_task()->process->actions->action[signal - 1].handler = SIG_DFL;
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void signal_kill(struct process *process)
{
	const struct signal_info info = { .signal = SIGKILL,
					  .code = SI_KERNEL };
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	process->is_unkillable = false;
	signal_send_locked(process, &info);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

/* ---- Actions ------------------------------------------------------------ */

struct signal_actions *signal_actions_create(void)
{
	return kmalloc_zeroed(sizeof(struct signal_actions));
}

struct signal_actions *signal_actions_copy(struct process *parent)
{
	struct signal_actions *copy = kmalloc(sizeof(*copy));
	u64 rflags;

	if (!copy)
		return NULL;
	rflags = spin_lock_irqsave(&tasks_lock);
	*copy = *parent->actions;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return copy;
}

void signal_actions_exec(struct task *task)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	for (int i = 0; i < SIGNAL_MAX; i++) {
		struct signal_action *action =
			&task->process->actions->action[i];
		u64 handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL;

		*action = (struct signal_action){ .handler = handler };
	}
	task->signal.stack = (struct signal_stack){ .flags = SS_DISABLE };
	task->restart.call = NULL;
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

bool signal_ignores_children_locked(const struct process *process)
{
	const struct signal_action *action =
		&process->actions->action[SIGCHLD - 1];

	return action->handler == SIG_IGN || action->flags & SA_NOCLDWAIT;
}

/* Forget @signals, wherever in @process they are pending. */
static void drop(struct process *process, u64 signals,
		 struct list_node *garbage)
{
	struct task *task;

	signal_queue_drop(&process->pending, signals, garbage);
	list_for_each_entry(task, &process->threads, thread_node)
		signal_queue_drop(&task->signal.pending, signals, garbage);
}

void signal_set_action(int signal, const struct signal_action *action)
{
	struct process *process = current_task()->process;
	struct list_node garbage = LIST_INIT(garbage);
	struct signal_action *to = &process->actions->action[signal - 1];
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	*to = *action;
	to->flags &= SA_KNOWN;
	to->mask.bits &= ~SIGNALS_UNBLOCKABLE;
	/* POSIX: what becomes ignored is dropped, blocked or not. */
	if (signal_is_ignored(process, signal))
		drop(process, signal_bit(signal), &garbage);
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
