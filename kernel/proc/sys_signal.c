/*
 * sys_signal.c - the system calls about signals
 */
#include "kernel/proc/syscalls.h"

#include "kernel/fs/poll_args.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/sigframe.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_queue.h"
#include "kernel/proc/signal_rules.h"
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

	old_action = current_task()->process->actions->action[signal - 1];
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
	const struct task *task = current_task();
	sigset_t pending = { signals_pending(task) &
			     task->signal.blocked.bits };

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
	return -ERESTARTNOHAND;
}

i64 sys_pause(void)
{
	return wait_for_signal();
}

i64 sys_rt_sigsuspend(vaddr_t set, u64 set_bytes)
{
	sigset_t blocked;

	if (set_bytes != sizeof(sigset_t))
		return -EINVAL;
	if (copy_from_user(&blocked, set, sizeof(blocked)) != 0)
		return -EFAULT;
	signal_swap_blocked(blocked);
	return wait_for_signal();
}

/* Sleep until one of @wanted is pending.  Return: as wait_sleep(). */
static int wait_for_one_of(u64 wanted, u64 deadline_ns)
{
	struct task *task = current_task();
	int error = 0;

	WRITE_ONCE(task->signal.waited_for.bits, wanted);
	while (!error) {
		wait_prepare(TASK_INTERRUPTIBLE);
		if (signals_pending(task) & wanted)
			break;
		error = wait_sleep(deadline_ns);
	}
	wait_prepare(TASK_RUNNABLE);
	WRITE_ONCE(task->signal.waited_for.bits, 0);
	return error;
}

static int write_info(vaddr_t to, const struct signal_info *info)
{
	u64 rest = SIGINFO_BYTES - sizeof(*info);

	if (copy_to_user(to, info, sizeof(*info)) != 0)
		return -EFAULT;
	return zero_user(vaddr_add(to, sizeof(*info)), rest);
}

i64 sys_rt_sigtimedwait(vaddr_t set, vaddr_t to, vaddr_t time, u64 set_bytes)
{
	struct signal_info info;
	sigset_t wanted;
	u64 deadline_ns;
	int error;

	if (set_bytes != sizeof(wanted))
		return -EINVAL;
	if (copy_from_user(&wanted, set, sizeof(wanted)) != 0)
		return -EFAULT;
	error = poll_deadline_read(time, POLL_TIMESPEC, &deadline_ns);
	if (error)
		return error;
	wanted.bits &= ~SIGNALS_UNBLOCKABLE;
	while (!signal_take(wanted.bits, &info)) {
		error = wait_for_one_of(wanted.bits, deadline_ns);
		if (error == -ETIMEDOUT)
			return -EAGAIN;
		if (error)
			return -EINTR;
	}
	if (to.val && write_info(to, &info) != 0)
		return -EFAULT;
	return info.signal;
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

/* kill(2) with pid <= 0: does it mean @process? */
static bool is_in_target(const struct process *process, int pid)
{
	const struct process *self = current_task()->process;

	if (process->is_kernel)
		return false;
	if (pid == -1)
		return process != self && process != init_process;
	if (pid == 0)
		return process->group == self->group;
	return process->group == (u32)-pid;
}

/* => tasks_lock is held; a signal of 0 only asks whether there is anybody */
static i64 send_to_many(int pid, const struct signal_info *info,
			struct list_node *supply)
{
	struct signal_target target = { .task = NULL };
	struct process *process;
	bool is_sent = false;
	i64 result = -ESRCH;

	list_for_each_entry(process, &processes, all_node) {
		if (!is_in_target(process, pid))
			continue;
		result = -EPERM;
		if (!may_signal_locked(process->leader, info->signal))
			continue;
		is_sent = true;
		target.process = process;
		if (info->signal)
			signal_send_supplied_locked(target, info, supply);
	}
	return is_sent ? 0 : result;
}

/* As Linux: any thread's number names its process. */
static i64 send_to_one(int pid, const struct signal_info *info,
		       struct list_node *supply)
{
	struct task *task = task_find_locked((u32)pid);

	if (!task)
		return -ESRCH;
	if (!may_signal_locked(task, info->signal))
		return -EPERM;
	if (info->signal)
		signal_send_supplied_locked(
			(struct signal_target){ .process = task->process },
			info, supply);
	return 0;
}

/* @tgid: of the process it must belong to; 0: any */
static i64 send_to_thread(int tgid, int tid, const struct signal_info *info,
			  struct list_node *supply)
{
	struct task *task = task_find_locked((u32)tid);

	if (!task || (tgid && task->process->pid != (u32)tgid))
		return -ESRCH;
	if (!may_signal_locked(task, info->signal))
		return -EPERM;
	if (info->signal)
		signal_send_supplied_locked(
			(struct signal_target){ task->process, task }, info,
			supply);
	return 0;
}

/*
 * Nodes for all who will get it.  Should others join them meanwhile, they get
 * the signal without its siginfo.
 */
static u32 alloc_nodes(struct list_node *supply, int pid)
{
	const struct process *process;
	u32 count = 0;
	u64 rflags;

	if (pid > 0)
		return signal_nodes_alloc(supply, 1);
	rflags = spin_lock_irqsave(&tasks_lock);
	list_for_each_entry(process, &processes, all_node)
		if (is_in_target(process, pid))
			count++;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return signal_nodes_alloc(supply, count);
}

/* @pid: as kill(2) takes it.  Return: 0; -EAGAIN: too many in queues; … */
static i64 send_from_user(int pid, const struct signal_info *info)
{
	struct list_node supply = LIST_INIT(supply);
	i64 result;
	u64 rflags;

	if (info->signal < 0 || info->signal > SIGNAL_MAX)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	/* kill(2) loses the siginfo then; sigqueue(3) must not. */
	if (signal_is_queued(info->signal) && !alloc_nodes(&supply, pid) &&
	    info->code == SI_QUEUE)
		return -EAGAIN;
	rflags = spin_lock_irqsave(&tasks_lock);
	result = pid > 0 ? send_to_one(pid, info, &supply) :
			   send_to_many(pid, info, &supply);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	signal_nodes_free(&supply);
	return result;
}

i64 sys_kill(int pid, int signal)
{
	const struct signal_info info = {
		.signal = signal,
		.code = SI_USER,
		.pid = current_task()->process->pid,
	};

	return send_from_user(pid, &info);
}

/* @tgid: 0: any process's thread.  Return: as send_from_user(). */
static i64 send_thread_from_user(int tgid, int tid,
				 const struct signal_info *info)
{
	struct list_node supply = LIST_INIT(supply);
	i64 result;
	u64 rflags;

	if (info->signal < 0 || info->signal > SIGNAL_MAX)
		return -EINVAL;
	if (signal_is_queued(info->signal) && !signal_nodes_alloc(&supply, 1) &&
	    info->code == SI_QUEUE)
		return -EAGAIN;
	rflags = spin_lock_irqsave(&tasks_lock);
	result = send_to_thread(tgid, tid, info, &supply);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	signal_nodes_free(&supply);
	return result;
}

static i64 send_plain_to_thread(int tgid, int tid, int signal)
{
	const struct signal_info info = {
		.signal = signal,
		.code = SI_TKILL,
		.pid = current_task()->process->pid,
	};

	return send_thread_from_user(tgid, tid, &info);
}

i64 sys_tkill(int tid, int signal)
{
	return tid <= 0 ? -EINVAL : send_plain_to_thread(0, tid, signal);
}

i64 sys_tgkill(int tgid, int tid, int signal)
{
	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	return send_plain_to_thread(tgid, tid, signal);
}

/* A siginfo from the user.  Return: 0, -EFAULT or -EPERM. */
static int read_info(vaddr_t from, int pid, int signal,
		     struct signal_info *info)
{
	if (copy_from_user(info, from, sizeof(*info)) != 0)
		return -EFAULT;
	info->signal = signal;
	/* Nobody may pretend to be the kernel, or kill(2). */
	if ((info->code >= 0 || info->code == SI_TKILL) &&
	    (u32)pid != current_task()->process->pid)
		return -EPERM;
	return 0;
}

i64 sys_rt_sigqueueinfo(int pid, int signal, vaddr_t from)
{
	struct signal_info info;
	int error = read_info(from, pid, signal, &info);

	if (error)
		return error;
	/* As Linux: a negative number is nobody's, not a group's. */
	return pid > 0 ? send_from_user(pid, &info) : -ESRCH;
}

i64 sys_rt_tgsigqueueinfo(int tgid, int tid, int signal, vaddr_t from)
{
	struct signal_info info;
	int error;

	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	error = read_info(from, tid, signal, &info);
	if (error)
		return error;
	return send_thread_from_user(tgid, tid, &info);
}
