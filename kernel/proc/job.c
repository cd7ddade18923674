/*
 * job.c - see job.h
 */
#include "kernel/proc/job.h"

#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_queue.h"
#include "kernel/proc/signal_rules.h"
#include "kernel/x86_64/asm/percpu.h"

/* The unit of times in a siginfo_t: USER_HZ is 100. */
#define NS_PER_CLOCK_TICK 10000000

/* ---- Stopping and going on ---------------------------------------------- */

void job_tell_parent(struct task *task, i32 code, i32 status)
{
	struct task *parent = task->parent;
	const struct signal_action *action;
	const struct signal_info info = {
		.signal = SIGCHLD,
		.code = code,
		.pid = task->pid,
		.status = status,
		.user_ticks = (i64)(task->usage.user_ns / NS_PER_CLOCK_TICK),
		.kernel_ticks =
			(i64)(task->usage.kernel_ns / NS_PER_CLOCK_TICK),
	};

	if (!parent)
		return;
	action = &parent->actions->action[SIGCHLD - 1];
	/* Explicitly ignored, it is not even kept while it is blocked. */
	if (action->handler != SIG_IGN &&
	    (code < CLD_STOPPED || !(action->flags & SA_NOCLDSTOP)))
		signal_send_locked(parent, &info);
	wait_wake_all(&parent->child_event);
}

static void go_on(struct task *task)
{
	task->stop.signal = 0;
	task->stop.is_stop_news = false;
	sched_wake(task, 1u << TASK_STOPPED);
}

/* Forget those of @signals that are pending; all of them are standard ones. */
static void cancel(struct task *task, u64 signals)
{
	task->signal.pending.set.bits &= ~signals;
}

void job_signal_sent(struct task *task, int signal)
{
	if (signal_bit(signal) & SIGNALS_STOP) {
		cancel(task, signal_bit(SIGCONT));
	} else if (signal == SIGCONT) {
		cancel(task, SIGNALS_STOP);
		if (!job_is_stopped(task))
			return;
		go_on(task);
		task->stop.is_continue_news = true;
		job_tell_parent(task, CLD_CONTINUED, SIGCONT);
	} else if (signal == SIGKILL && job_is_stopped(task)) {
		go_on(task);
	}
}

bool job_begin_stop(struct task *task, int signal)
{
	if (signal != SIGSTOP && job_is_orphaned(task->process_group))
		return false;
	task->stop.signal = signal;
	task->stop.is_stop_news = true;
	task->stop.is_continue_news = false;
	/* First, or the parent might see it running when it looks. */
	wait_prepare(TASK_STOPPED);
	job_tell_parent(task, CLD_STOPPED, signal);
	return true;
}

void job_stay_stopped(struct task *task)
{
	while (READ_ONCE(task->stop.signal)) {
		wait_prepare(TASK_STOPPED);
		if (READ_ONCE(task->stop.signal))
			schedule();
	}
	wait_prepare(TASK_RUNNABLE);
}

/* ---- Orphaned process groups -------------------------------------------- */

/* Is @task's parent one who could continue its group? */
static bool has_shepherd(const struct task *task)
{
	const struct task *parent = task->parent;

	return parent && parent != init_task &&
	       parent->process_group != task->process_group &&
	       parent->session == task->session;
}

/* As if @leaving, a pid or 0, were not in it. */
static bool is_orphaned_without(u32 process_group, u32 leaving)
{
	struct task *task;

	list_for_each_entry(task, &tasks, all_node)
		if (task->process_group == process_group &&
		    task->pid != leaving && task->state != TASK_ZOMBIE &&
		    has_shepherd(task))
			return false;
	return true;
}

bool job_is_orphaned(u32 process_group)
{
	return is_orphaned_without(process_group, 0);
}

static bool has_stopped_member(u32 process_group)
{
	struct task *task;

	list_for_each_entry(task, &tasks, all_node)
		if (task->process_group == process_group &&
		    job_is_stopped(task))
			return true;
	return false;
}

static void hang_up_if_orphaned(u32 group, u32 leaving)
{
	if (!is_orphaned_without(group, leaving) || !has_stopped_member(group))
		return;
	signal_send_group_locked(group, SIGHUP);
	signal_send_group_locked(group, SIGCONT);
}

void job_task_ends(struct task *task)
{
	const struct task *parent = task->parent;

	/* Only a group that had a shepherd can lose it. */
	if (parent && parent->process_group != task->process_group &&
	    parent->session == task->session)
		hang_up_if_orphaned(task->process_group, task->pid);
}

void job_parent_ends(struct task *child, struct task *parent)
{
	if (parent->process_group != child->process_group &&
	    parent->session == child->session)
		hang_up_if_orphaned(child->process_group, 0);
}
