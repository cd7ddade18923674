/*
 * signal_deliver.c - on the way to user mode: handle what is pending
 *
 * Owns: which signal comes first, the default actions, calling a handler, and
 * what becomes of a system call that a signal has interrupted.
 * Locks: tasks_lock.
 * Sources: signal(7); Linux v6.12 kernel/signal.c get_signal() and
 * arch/x86/kernel/signal.c, for the order of things.
 */
#include "kernel/proc/signal.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/fault_signal.h"
#include "kernel/proc/job.h"
#include "kernel/proc/process_timers.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/sigframe.h"
#include "kernel/proc/signal_queue.h"
#include "kernel/proc/signal_rules.h"
#include "kernel/proc/syscalls.h"

/* => tasks_lock is held */
static void update_work(struct task *task)
{
	if (signals_deliverable(task) || task->must_stop)
		task_add_work(task, TASK_WORK_SIGNAL);
	else
		task_clear_work(task, TASK_WORK_SIGNAL);
}

/* Of @signals, the one to be handled first. */
static int first_of(u64 signals)
{
	/* What nobody can handle ends everything else. */
	if (signals & signal_bit(SIGKILL))
		return SIGKILL;
	if (signals & SIGNALS_SYNCHRONOUS)
		signals &= SIGNALS_SYNCHRONOUS;
	return __builtin_ctzl(signals) + 1;
}

/* Take one out, its own before the process's.  => tasks_lock is held */
static void take(struct task *task, int signal, struct signal_info *info,
		 struct list_node *garbage)
{
	struct signal_pending *own = &task->signal.pending;
	bool is_own = own->set.bits & signal_bit(signal);

	signal_queue_take(is_own ? own : &task->process->pending, signal, info,
			  garbage);
	if (info->code == SI_TIMER)
		process_timers_delivered(task->process, info, garbage);
}

bool signal_take(u64 wanted, struct signal_info *info)
{
	struct task *task = current_task();
	struct list_node garbage = LIST_INIT(garbage);
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	u64 signals = signals_pending(task) & wanted;

	if (signals)
		take(task, first_of(signals), info, &garbage);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	signal_nodes_free(&garbage);
	return signals != 0;
}

/* What is to be done on the way to user mode. */
enum next {
	NEXT_NONE,
	NEXT_HANDLER,
	NEXT_STOP,
	NEXT_EXIT,
};

struct delivery {
	struct signal_info info;
	struct signal_action action; /* NEXT_HANDLER */
	sigset_t before; /* likewise: blocked again after it */
	struct list_node garbage;
};

/*
 * Find a signal that does something.  Ignored ones are taken out on the way.
 * => tasks_lock is held
 */
static enum next take_next(struct task *task, struct delivery *delivery)
{
	struct process *process = task->process;
	u64 signals;

	if (task->must_stop) {
		job_join_stop(task);
		return NEXT_STOP;
	}
	while ((signals = signals_deliverable(task))) {
		int signal = first_of(signals);
		struct signal_action *action =
			&process->actions->action[signal - 1];

		take(task, signal, &delivery->info, &delivery->garbage);
		if (signal_is_ignored(process, signal))
			continue;
		delivery->action = *action;
		if (action->handler != SIG_DFL) {
			if (action->flags & SA_RESETHAND)
				action->handler = SIG_DFL;
			return NEXT_HANDLER;
		}
		if (signal_is_fatal(process, signal))
			return NEXT_EXIT;
		if (job_begin_stop(task, signal))
			return NEXT_STOP;
	}
	return NEXT_NONE;
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
	state->blocked.bits &= ~SIGNALS_UNBLOCKABLE;
	return before;
}

/*
 * A system call that a signal has interrupted: run it again, or let it fail
 * with EINTR.  The CPU's SYSCALL instruction is two bytes long.
 */
static void finish_call(struct trap_frame *frame, enum next next, u64 flags)
{
	bool is_handled = next == NEXT_HANDLER;
	i64 result = (i64)frame->rax;
	bool again = !is_handled;

	if (frame->vector != TRAP_SYSCALL)
		return;
	if (result == -ERESTARTSYS)
		again = !is_handled || flags & SA_RESTART;
	else if (result != -ERESTARTNOHAND && result != -ERESTARTBLOCK)
		return;
	if (again) {
		frame->rax = result == -ERESTARTBLOCK ? CALL_RESTART_SYSCALL :
							frame->error_code;
		frame->rip -= 2;
	} else {
		frame->rax = (u64)-EINTR;
	}
	frame->vector = 0;
}

/* Nothing to handle: undo what rt_sigsuspend and its like have blocked. */
static void restore_blocked(struct task *task)
{
	if (task->signal.has_saved)
		task->signal.blocked = task->signal.saved_blocked;
	task->signal.has_saved = false;
}

static enum next decide(struct task *task, struct delivery *delivery)
{
	enum next next;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	list_init(&delivery->garbage);
	next = take_next(task, delivery);
	if (next == NEXT_HANDLER)
		delivery->before = block_for_handler(
			task, delivery->info.signal, &delivery->action);
	else if (next == NEXT_NONE)
		restore_blocked(task);
	update_work(task);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	signal_nodes_free(&delivery->garbage);
	return next;
}

void signal_deliver(struct trap_frame *frame)
{
	struct task *task = current_task();
	struct delivery delivery;
	enum next next;

	while ((next = decide(task, &delivery)) == NEXT_STOP)
		job_stay_stopped(task);
	if (next == NEXT_EXIT) {
		fault_signal_log_death(frame, &delivery.info);
		process_exit((u32)delivery.info.signal);
	}
	finish_call(frame, next, delivery.action.flags);
	if (next == NEXT_HANDLER &&
	    sigframe_push(frame, &delivery.info, &delivery.action,
			  delivery.before) != 0)
		sigframe_bad(delivery.info.signal);
}

void signal_set_blocked(sigset_t blocked)
{
	struct task *task = current_task();
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	task->signal.blocked.bits = blocked.bits & ~SIGNALS_UNBLOCKABLE;
	update_work(task);
	/* It may have been the one who was to take what it blocks now. */
	if (unlikely(task->process->pending.set.bits & blocked.bits))
		signal_retarget_locked(task, blocked.bits);
	spin_unlock_irqrestore(&tasks_lock, rflags);
}

void signal_swap_blocked(sigset_t blocked)
{
	struct signal_state *state = &current_task()->signal;

	state->saved_blocked = state->blocked;
	state->has_saved = true;
	signal_set_blocked(blocked);
}

i64 sys_restart_syscall(void)
{
	struct restart *restart = &current_task()->restart;
	i64 (*call)(const struct restart *) = restart->call;

	restart->call = NULL;
	return call ? call(restart) : -EINTR;
}
