/*
 * sys_process.c - the system calls about processes
 */
#include "kernel/proc/syscalls.h"

#include "kernel/dev/tty.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/clone.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/sched.h"
#include "kernel/x86_64/cpu.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

/* ---- Birth and death ---------------------------------------------------- */

i64 sys_fork(void)
{
	const struct clone_request request = { .flags = SIGCHLD };

	return task_clone(&request);
}

i64 sys_vfork(void)
{
	const struct clone_request request = {
		.flags = CLONE_VM | CLONE_VFORK | SIGCHLD,
	};

	return task_clone(&request);
}

i64 sys_clone(u64 flags, u64 stack, vaddr_t parent_tid, vaddr_t child_tid,
	      u64 tls)
{
	const struct clone_request request = {
		.flags = flags,
		.stack = stack,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = tls,
	};

	return task_clone(&request);
}

/* As clone3(2) takes it: its first version, and what came later. */
struct linux_clone_args {
	u64 flags;
	u64 pidfd;
	u64 child_tid;
	u64 parent_tid;
	u64 exit_signal;
	u64 stack; /* its lowest byte */
	u64 stack_bytes;
	u64 tls;
	u64 set_tid;
	u64 set_tid_count;
	u64 cgroup;
};

#define CLONE_ARGS_BYTES_LEAST 64

/* Return: 0; -EINVAL: too short; -E2BIG: asks for what is not known here. */
static int read_clone_args(vaddr_t from, u64 bytes,
			   struct linux_clone_args *args)
{
	*args = (struct linux_clone_args){ .flags = 0 };
	if (bytes < CLONE_ARGS_BYTES_LEAST)
		return -EINVAL;
	for (u64 at = sizeof(*args); at < bytes && bytes <= PAGE_SIZE; at++) {
		u8 rest;

		if (copy_from_user(&rest, vaddr_add(from, at), 1) != 0)
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	if (bytes > PAGE_SIZE)
		return -E2BIG;
	return copy_from_user(args, from, min_u64(bytes, sizeof(*args)));
}

i64 sys_clone3(vaddr_t arguments, u64 bytes)
{
	struct clone_request request;
	struct linux_clone_args args;
	int error = read_clone_args(arguments, bytes, &args);

	if (error)
		return error;
	if (args.flags & (CLONE_SIGNAL_MASK | CLONE_DETACHED) || args.set_tid ||
	    args.set_tid_count || args.exit_signal & ~CLONE_SIGNAL_MASK ||
	    (args.flags & CLONE_THREAD && args.exit_signal) ||
	    !args.stack != !args.stack_bytes)
		return -EINVAL;
	request = (struct clone_request){
		.flags = args.flags | args.exit_signal,
		.stack = args.stack + args.stack_bytes,
		.parent_tid = VADDR(args.parent_tid),
		.child_tid = VADDR(args.child_tid),
		.tls = args.tls,
	};
	return task_clone(&request);
}

i64 sys_exit(int status)
{
	task_exit(exit_status_of_code((u32)status));
}

i64 sys_exit_group(int status)
{
	process_exit(exit_status_of_code((u32)status));
}

/* ---- Who am I ----------------------------------------------------------- */

i64 sys_getpid(void)
{
	return current_task()->process->pid;
}

i64 sys_gettid(void)
{
	return current_task()->pid;
}

i64 sys_getppid(void)
{
	return process_parent_pid(current_task()->process);
}

/* What a process belongs to.  pid 0: the caller.  Return: 0, or -ESRCH. */
static int read_ids(int pid, u32 *process_group, u32 *session)
{
	struct task *task = current_task();
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	if (pid != 0)
		task = task_find_locked((u32)pid);
	if (task) {
		*process_group = task->process->group;
		*session = task->process->session;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return task ? 0 : -ESRCH;
}

i64 sys_getpgid(int pid)
{
	u32 process_group;
	u32 session;
	int error = read_ids(pid, &process_group, &session);

	return error ? error : (i64)process_group;
}

i64 sys_getpgrp(void)
{
	return current_task()->process->group;
}

i64 sys_getsid(int pid)
{
	u32 process_group;
	u32 session;
	int error = read_ids(pid, &process_group, &session);

	return error ? error : (i64)session;
}

/* Is there such a group in the caller's session?  => tasks_lock is held */
static bool is_group_of_session(u32 process_group)
{
	const struct process *process;

	list_for_each_entry(process, &processes, all_node)
		if (process->group == process_group &&
		    process->session == current_task()->process->session)
			return true;
	return false;
}

/* => tasks_lock is held */
static i64 set_group(u32 pid, u32 process_group)
{
	struct process *self = current_task()->process;
	struct task *task = task_find_locked(pid);
	struct process *process = task ? task->process : NULL;

	if (task && !task_is_leader(task))
		return -EINVAL;
	if (!process || (process != self && process->parent != self))
		return -ESRCH;
	if (process != self && process->session != self->session)
		return -EPERM;
	/* The child's own program relies on what it has. */
	if (process != self && process->has_executed)
		return -EACCES;
	if (process->session == process->pid)
		return -EPERM;
	if (process_group != pid && !is_group_of_session(process_group))
		return -EPERM;
	process->group = process_group;
	return 0;
}

i64 sys_setpgid(int pid, int process_group)
{
	int target = pid ? pid : (int)current_task()->process->pid;
	int group = process_group ? process_group : target;
	i64 result;
	u64 rflags;

	if (group < 0)
		return -EINVAL;
	rflags = spin_lock_irqsave(&tasks_lock);
	result = set_group((u32)target, (u32)group);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return result;
}

i64 sys_setsid(void)
{
	struct process *self = current_task()->process;
	struct process *process;
	i64 result = self->pid;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	/* A group of that number could be in another session. */
	list_for_each_entry(process, &processes, all_node)
		if (process->group == self->pid)
			result = -EPERM;
	if (result > 0) {
		self->session = self->pid;
		self->group = self->pid;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	if (result > 0)
		tty_session_begins(self);
	return result;
}

/* ---- Odds and ends ------------------------------------------------------ */

i64 sys_set_tid_address(vaddr_t address)
{
	struct task *task = current_task();

	task->clear_child_tid = address;
	return task->pid;
}

i64 sys_sched_yield(void)
{
	schedule();
	return 0;
}

/* arch_prctl(2) */
#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

i64 sys_arch_prctl(int code, u64 address)
{
	u64 base;

	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		/* Not canonical, or the kernel's: the CPU would fault. */
		if (address >= USER_END)
			return -EPERM;
		if (code == ARCH_SET_FS)
			cpu_set_fs_base(address);
		else
			cpu_set_user_gs_base(address);
		return 0;
	case ARCH_GET_FS:
		base = cpu_get_fs_base();
		return copy_to_user(VADDR(address), &base, sizeof(base));
	case ARCH_GET_GS:
		base = cpu_get_user_gs_base();
		return copy_to_user(VADDR(address), &base, sizeof(base));
	}
	return -EINVAL;
}
