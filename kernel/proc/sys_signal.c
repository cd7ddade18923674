/*
 * sys_signal.c - the system calls about signals
 */
#include "kernel/proc/syscalls.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/sigframe.h"
#include "kernel/proc/signal.h"
#include "mm/uaccess.h"

/* rt_sigprocmask(2) */
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

static bool is_signal(int signal)
{
	return signal >= 1 && signal <= SIGNAL_MAX;
}

i64 sys_rt_sigaction(int signal, vaddr_t action, vaddr_t old, u64 set_bytes)
{
	struct signal_action new_action;
	struct signal_action old_action;

	if (set_bytes != sizeof(sigset_t) || !is_signal(signal))
		return -EINVAL;
	if (action.val &&
	    copy_from_user(&new_action, action, sizeof(new_action)) != 0)
		return -EFAULT;
	if (action.val && (signal == SIGKILL || signal == SIGSTOP))
		return -EINVAL;

	old_action = current_task()->actions->action[signal - 1];
	if (action.val)
		signal_set_action(signal, &new_action);
	if (old.val)
		return copy_to_user(old, &old_action, sizeof(old_action));
	return 0;
}

i64 sys_rt_sigprocmask(int how, vaddr_t set, vaddr_t old, u64 set_bytes)
{
	sigset_t before = current_task()->signal.blocked;
	sigset_t blocked;

	if (set_bytes != sizeof(sigset_t))
		return -EINVAL;
	if (set.val) {
		if (copy_from_user(&blocked, set, sizeof(blocked)) != 0)
			return -EFAULT;
		if (how == SIG_BLOCK)
			blocked.bits |= before.bits;
		else if (how == SIG_UNBLOCK)
			blocked.bits = before.bits & ~blocked.bits;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		signal_set_blocked(blocked);
	}
	if (old.val)
		return copy_to_user(old, &before, sizeof(before));
	return 0;
}

i64 sys_rt_sigpending(vaddr_t set, u64 set_bytes)
{
	const struct signal_state *state = &current_task()->signal;
	sigset_t pending = { state->pending.bits & state->blocked.bits };

	if (set_bytes > sizeof(sigset_t))
		return -EINVAL;
	return copy_to_user(set, &pending, set_bytes);
}

/* Sleep until a signal has been handled. */
static i64 wait_for_signal(void)
{
	struct task *task = current_task();

	while (!task_has_signal(task)) {
		wait_prepare(TASK_INTERRUPTIBLE);
		if (wait_sleep(WAIT_FOREVER) != 0)
			break;
	}
	wait_prepare(TASK_RUNNABLE);
	return -EINTR;
}

i64 sys_pause(void)
{
	return wait_for_signal();
}

i64 sys_rt_sigsuspend(vaddr_t set, u64 set_bytes)
{
	struct signal_state *state = &current_task()->signal;
	sigset_t blocked;

	if (set_bytes != sizeof(sigset_t))
		return -EINVAL;
	if (copy_from_user(&blocked, set, sizeof(blocked)) != 0)
		return -EFAULT;
	state->saved_blocked = state->blocked;
	state->has_saved = true;
	signal_set_blocked(blocked);
	return wait_for_signal();
}

int signal_set_stack(const struct signal_stack *stack, u64 rsp)
{
	struct signal_stack *present = &current_task()->signal.stack;
	u32 mode = stack->flags & ~SS_AUTODISARM;

	if (present->bytes != 0 && sigframe_is_on_stack(present, rsp))
		return -EPERM;
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		*present = (struct signal_stack){ .flags = SS_DISABLE };
		return 0;
	}
	if (stack->bytes < MINSIGSTKSZ)
		return -ENOMEM;
	*present = (struct signal_stack){
		.base = stack->base,
		.flags = stack->flags & SS_AUTODISARM,
		.bytes = stack->bytes,
	};
	return 0;
}

i64 sys_sigaltstack(vaddr_t stack, vaddr_t old)
{
	u64 rsp = task_user_frame(current_task())->rsp;
	struct signal_stack before = current_task()->signal.stack;
	struct signal_stack wanted;

	if (stack.val) {
		int error;

		if (copy_from_user(&wanted, stack, sizeof(wanted)) != 0)
			return -EFAULT;
		error = signal_set_stack(&wanted, rsp);
		if (error)
			return error;
	}
	if (!old.val)
		return 0;
	if (before.bytes != 0 && sigframe_is_on_stack(&before, rsp))
		before.flags |= SS_ONSTACK;
	return copy_to_user(old, &before, sizeof(before));
}

/* ---- Sending ------------------------------------------------------------ */

/* kill(2) with pid <= 0: does it mean @task? */
static bool is_in_target(const struct task *task, int pid)
{
	const struct task *self = current_task();

	if (task->is_kernel_thread)
		return false;
	if (pid == -1)
		return task != self && task->pid != INIT_PID;
	if (pid == 0)
		return task->process_group == self->process_group;
	return task->process_group == (u32)-pid;
}

/* => tasks_lock is held; a signal of 0 only asks whether there is anybody */
static i64 send_to_many(int pid, const struct signal_info *info)
{
	struct task *task;
	bool is_sent = false;
	i64 result = -ESRCH;

	list_for_each_entry(task, &tasks, all_node) {
		if (!is_in_target(task, pid))
			continue;
		result = -EPERM;
		if (!may_signal_locked(task, info->signal))
			continue;
		is_sent = true;
		if (info->signal)
			signal_send_locked(task, info);
	}
	return is_sent ? 0 : result;
}

static i64 send_to_one(int pid, const struct signal_info *info)
{
	struct task *task = task_find_locked((u32)pid);

	if (!task)
		return -ESRCH;
	if (!may_signal_locked(task, info->signal))
		return -EPERM;
	if (info->signal && !task->is_kernel_thread)
		signal_send_locked(task, info);
	return 0;
}

static i64 send_from_user(int pid, int signal, i32 code)
{
	const struct signal_info info = {
		.signal = signal,
		.code = code,
		.pid = current_task()->pid,
	};
	i64 result;
	u64 rflags;

	if (signal < 0 || signal > SIGNAL_MAX)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	rflags = spin_lock_irqsave(&tasks_lock);
	result = pid > 0 ? send_to_one(pid, &info) : send_to_many(pid, &info);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return result;
}

i64 sys_kill(int pid, int signal)
{
	return send_from_user(pid, signal, SI_USER);
}

i64 sys_tkill(int tid, int signal)
{
	if (tid <= 0)
		return -EINVAL;
	return send_from_user(tid, signal, SI_TKILL);
}

i64 sys_tgkill(int tgid, int tid, int signal)
{
	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	/* Every process has one thread. */
	if (tgid != tid)
		return -ESRCH;
	return sys_tkill(tid, signal);
}
