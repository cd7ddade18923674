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

void job_tell_parent(struct process *process, i32 code, i32 status)
{
	struct process *parent = process->parent;
	const struct signal_action *action;
	const struct signal_info info = {
		.signal = SIGCHLD,
		.code = code,
		.pid = process->pid,
		.status = status,
		.user_ticks = (i64)(process->user_ns / NS_PER_CLOCK_TICK),
		.kernel_ticks = (i64)(process->kernel_ns / NS_PER_CLOCK_TICK),
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

static void go_on(struct process *process)
{
	struct task *task;

	process->stop.signal = 0;
	process->stop.is_stop_news = false;
	list_for_each_entry(task, &process->threads, thread_node) {
		task->must_stop = false;
		sched_wake(task, 1u << TASK_STOPPED);
	}
}

/* Forget those of @signals that are pending; all of them are standard ones. */
static void cancel(struct process *process, u64 signals)
{
	struct task *task;

	process->pending.set.bits &= ~signals;
	list_for_each_entry(task, &process->threads, thread_node)
		task->signal.pending.set.bits &= ~signals;
}

void job_signal_sent(struct process *process, int signal)
{
	bool was_stopped = job_is_stopped(process);

	if (signal_bit(signal) & SIGNALS_STOP) {
		cancel(process, signal_bit(SIGCONT));
	} else if (signal == SIGCONT) {
		cancel(process, SIGNALS_STOP);
		if (process->stop.signal)
			go_on(process);
		if (!was_stopped)
			return;
		process->stop.is_continue_news = true;
		job_tell_parent(process, CLD_CONTINUED, SIGCONT);
	} else if (signal == SIGKILL && process->stop.signal) {
		go_on(process);
	}
}

static void count_stopped(struct process *process)
{
	if (--process->stop.running != 0)
		return;
	process->stop.is_stop_news = true;
	job_tell_parent(process, CLD_STOPPED, process->stop.signal);
}

void job_join_stop(struct task *task)
{
	task->must_stop = false;
	/* First, or the parent might see it running when it looks. */
	wait_prepare(TASK_STOPPED);
	count_stopped(task->process);
}

bool job_begin_stop(struct task *task, int signal)
{
	struct process *process = task->process;
	struct task *other;

	if (signal != SIGSTOP && job_is_orphaned(process->group))
		return false;
	process->stop = (struct stop_state){ .signal = signal };
	list_for_each_entry(other, &process->threads, thread_node) {
		if (other->is_exiting)
			continue;
		process->stop.running++;
		other->must_stop = true;
		task_add_work(other, TASK_WORK_SIGNAL);
		if (other != task)
			sched_wake(other, 1u << TASK_INTERRUPTIBLE);
	}
	job_join_stop(task);
	return true;
}

void job_thread_begins(struct task *task)
{
	struct process *process = task->process;

	if (!process->stop.signal)
		return;
	process->stop.running++;
	task->must_stop = true;
	task_add_work(task, TASK_WORK_SIGNAL);
}

void job_thread_ends(struct task *task)
{
	if (!task->must_stop)
		return;
	task->must_stop = false;
	count_stopped(task->process);
}

void job_stay_stopped(struct task *task)
{
	const struct stop_state *stop = &task->process->stop;

	while (READ_ONCE(stop->signal)) {
		wait_prepare(TASK_STOPPED);
		if (READ_ONCE(stop->signal))
			schedule();
	}
	wait_prepare(TASK_RUNNABLE);
}

/* ---- Orphaned process groups -------------------------------------------- */

/* Is the parent one who could continue the group? */
static bool has_shepherd(const struct process *process)
{
	const struct process *parent = process->parent;

	return parent && parent != init_process &&
	       parent->group != process->group &&
	       parent->session == process->session;
}

/* As if @leaving, a pid or 0, were not in it. */
static bool is_orphaned_without(u32 group, u32 leaving)
{
	struct process *process;

	list_for_each_entry(process, &processes, all_node)
		if (process->group == group && process->pid != leaving &&
		    !process->is_zombie && has_shepherd(process))
			return false;
	return true;
}

bool job_is_orphaned(u32 group)
{
	return is_orphaned_without(group, 0);
}

static bool has_stopped_member(u32 group)
{
	struct process *process;

	list_for_each_entry(process, &processes, all_node)
		if (process->group == group && job_is_stopped(process))
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

void job_process_ends(struct process *process)
{
	const struct process *parent = process->parent;

	/* Only a group that had a shepherd can lose it. */
	if (parent && parent->group != process->group &&
	    parent->session == process->session)
		hang_up_if_orphaned(process->group, process->pid);
}

void job_parent_ends(struct process *child, struct process *parent)
{
	if (parent->group != child->group && parent->session == child->session)
		hang_up_if_orphaned(child->group, 0);
}
