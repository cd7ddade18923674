/*
 * sys_sched.c - how much of the processor a process shall get
 *
 * What is asked for is checked and remembered as on Linux; the scheduler gives
 * everybody the same, in turn (kernel/proc/sched.c).
 * Source: sched(7), setpriority(2); Linux v6.12 kernel/sched/syscalls.c.
 */
#include "kernel/proc/syscalls.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/sched.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/cpu.h"
#include "mm/uaccess.h"

#define SCHED_OTHER 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5
#define SCHED_DEADLINE 6
#define SCHED_RESET_ON_FORK 0x40000000

#define PRIORITY_MAX 99
#define RR_SLICE_NS 100000000UL /* Linux's default for SCHED_RR */

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_fair(int policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

/* pid 0: the caller.  Return: the task with a reference, or NULL. */
static struct task *find_task(int pid)
{
	return task_find_get(pid ? (u32)pid : current_task()->pid);
}

/* ---- Policy -------------------------------------------------------------- */

/* @policy < 0: keep the present one.  => tasks_lock is held */
static int set_policy(struct task *task, int policy, i32 priority)
{
	if (policy < 0)
		policy = task->policy;
	if (!is_realtime(policy) && !is_fair(policy))
		return -EINVAL;
	if (priority < 0 || priority > PRIORITY_MAX ||
	    is_realtime(policy) != (priority != 0))
		return -EINVAL;
	if ((is_realtime(policy) && !is_capable(CAP_SYS_NICE)) ||
	    !may_schedule_locked(task))
		return -EPERM;
	task->policy = policy;
	task->priority = priority;
	return 0;
}

static i64 change_policy(int pid, int policy, vaddr_t parameter)
{
	struct task *task;
	i32 priority;
	u64 rflags;
	int error;

	if (pid < 0 || !parameter.val)
		return -EINVAL;
	if (copy_from_user(&priority, parameter, sizeof(priority)) != 0)
		return -EFAULT;
	task = find_task(pid);
	if (!task)
		return -ESRCH;
	rflags = spin_lock_irqsave(&tasks_lock);
	error = set_policy(task, policy, priority);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	task_put(task);
	return error;
}

i64 sys_sched_setscheduler(int pid, int policy, vaddr_t parameter)
{
	if (policy < 0)
		return -EINVAL;
	return change_policy(pid, policy & ~SCHED_RESET_ON_FORK, parameter);
}

i64 sys_sched_setparam(int pid, vaddr_t parameter)
{
	return change_policy(pid, -1, parameter);
}

i64 sys_sched_getscheduler(int pid)
{
	struct task *task;
	i64 policy;

	if (pid < 0)
		return -EINVAL;
	task = find_task(pid);
	if (!task)
		return -ESRCH;
	policy = task->policy;
	task_put(task);
	return policy;
}

i64 sys_sched_getparam(int pid, vaddr_t parameter)
{
	struct task *task;
	i32 priority;

	if (pid < 0 || !parameter.val)
		return -EINVAL;
	task = find_task(pid);
	if (!task)
		return -ESRCH;
	priority = task->priority;
	task_put(task);
	return copy_to_user(parameter, &priority, sizeof(priority));
}

i64 sys_sched_get_priority_max(int policy)
{
	if (is_realtime(policy))
		return PRIORITY_MAX;
	return is_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

i64 sys_sched_get_priority_min(int policy)
{
	if (is_realtime(policy))
		return 1;
	return is_fair(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

i64 sys_sched_rr_get_interval(int pid, vaddr_t interval)
{
	struct linux_timespec time;
	struct task *task;
	u64 ns = SCHED_TICK_NS;

	if (pid < 0)
		return -EINVAL;
	task = find_task(pid);
	if (!task)
		return -ESRCH;
	if (task->policy == SCHED_RR)
		ns = RR_SLICE_NS;
	if (task->policy == SCHED_FIFO)
		ns = 0; /* until it gives up the CPU */
	task_put(task);
	time = ns_to_timespec(ns);
	return copy_to_user(interval, &time, sizeof(time));
}

/* ---- Which CPUs ---------------------------------------------------------- */

/* The mask of the system calls: one word is enough for CPUS_MAX. */
_Static_assert(CPUS_MAX <= 64, "one word");

i64 sys_sched_getaffinity(int pid, u32 bytes, vaddr_t mask)
{
	struct task *task;
	u64 allowed;

	if (bytes * 8 < cpu_count || bytes % sizeof(u64))
		return -EINVAL;
	task = find_task(pid);
	if (!task)
		return -ESRCH;
	allowed = READ_ONCE(task->affinity) & sched_cpus();
	task_put(task);
	if (copy_to_user(mask, &allowed, sizeof(allowed)) != 0)
		return -EFAULT;
	return sizeof(allowed);
}

i64 sys_sched_setaffinity(int pid, u32 bytes, vaddr_t mask)
{
	struct task *task;
	u64 allowed = 0;
	u64 rflags;
	int error = 0;

	if (copy_from_user(&allowed, mask, min_u64(bytes, sizeof(allowed))) !=
	    0)
		return -EFAULT;
	task = find_task(pid);
	if (!task)
		return -ESRCH;
	allowed &= sched_cpus();
	rflags = spin_lock_irqsave(&tasks_lock);
	if (!may_schedule_locked(task))
		error = -EPERM;
	else if (!allowed)
		error = -EINVAL;
	else
		sched_set_affinity(task, allowed);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	if (task == current_task())
		schedule(); /* goes on where it may */
	task_put(task);
	return error;
}

i64 sys_getcpu(vaddr_t cpu, vaddr_t node)
{
	u32 id = this_cpu()->id;
	int error = 0;

	if (cpu.val)
		error = copy_to_user(cpu, &id, sizeof(id));
	if (!error && node.val)
		error = zero_user(node, sizeof(u32)); /* all memory is near */
	return error;
}

/* ---- Nice, and the priority of input and output -------------------------- */

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2
#define NICE_MIN (-20)
#define NICE_MAX 19

static bool is_meant(const struct task *task, int which, u32 who)
{
	const struct task *self = current_task();

	switch (which) {
	case PRIO_PROCESS:
		return task->pid == (who ? who : self->pid);
	case PRIO_PGRP:
		return task->process->group ==
		       (who ? who : self->process->group);
	default:
		return task->credentials.user.real ==
		       (who ? who : self->credentials.user.real);
	}
}

static int set_nice(struct task *task, int nice)
{
	if (!may_schedule_locked(task))
		return -EPERM;
	if (nice < task->nice && !is_capable(CAP_SYS_NICE))
		return -EACCES;
	task->nice = nice;
	return 0;
}

i64 sys_setpriority(int which, int who, int nice)
{
	struct task *task;
	i64 result = -ESRCH;
	u64 rflags;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (nice < NICE_MIN)
		nice = NICE_MIN;
	if (nice > NICE_MAX)
		nice = NICE_MAX;
	rflags = spin_lock_irqsave(&tasks_lock);
	list_for_each_entry(task, &tasks, all_node) {
		int error;

		if (!is_meant(task, which, (u32)who))
			continue;
		error = set_nice(task, nice);
		if (error || result == -ESRCH)
			result = error;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return result;
}

/* Return: 20 - nice of the one that has most, so that it is positive. */
i64 sys_getpriority(int which, int who)
{
	struct task *task;
	i64 result = -ESRCH;
	u64 rflags;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	rflags = spin_lock_irqsave(&tasks_lock);
	list_for_each_entry(task, &tasks, all_node)
		if (is_meant(task, which, (u32)who) && result < 20 - task->nice)
			result = 20 - task->nice;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return result;
}

/* ioprio_set(2): there is no disk to wait for. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_WHO_USER 3
#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_CLASS_IDLE 3

i64 sys_ioprio_get(int which, int who)
{
	struct task *task;
	i64 priority;

	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	task = find_task(which == IOPRIO_WHO_PROCESS ? who : 0);
	if (!task)
		return -ESRCH;
	priority = task->io_priority;
	task_put(task);
	return priority;
}

i64 sys_ioprio_set(int which, int who, int priority)
{
	struct task *task;

	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER ||
	    priority < 0 || priority >> IOPRIO_CLASS_SHIFT > IOPRIO_CLASS_IDLE)
		return -EINVAL;
	task = find_task(which == IOPRIO_WHO_PROCESS ? who : 0);
	if (!task)
		return -ESRCH;
	task->io_priority = priority;
	task_put(task);
	return 0;
}
