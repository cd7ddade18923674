/*
 * clone.c - fork, vfork, what posix_spawn does, and threads
 *
 * Everything that can fail is done to a child that nobody can find yet; then
 * it is published and started, which cannot fail (I14).  What fork does to
 * the memory is in mm/fork.c.
 */
#include "kernel/proc/clone.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/memory_hooks.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/user_return.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/fpu.h"
#include "kernel/x86_64/switch.h"
#include "mm/check.h"
#include "mm/fork.h"
#include "mm/uaccess.h"

#define CLONE_KNOWN                                                            \
	(CLONE_SIGNAL_MASK | CLONE_VM | CLONE_VFORK | CLONE_SETTLS |           \
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID |     \
	 CLONE_THREAD_SHARES | CLONE_SYSVSEM | CLONE_DETACHED)

/* What the threads of a process have in common: all of it or nothing. */
#define CLONE_THREAD_SHARES                                                    \
	(CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* The child's first code: into user mode, where its parent called fork. */
static void child_entry(void *argument)
{
	struct task *task = argument;
	struct trap_frame *frame = task_user_frame(task);
	u32 tid = task->pid;

	sched_finish_first_switch();
	/* As on Linux, a bad address is the program's own problem. */
	if (task->set_child_tid.val)
		(void)copy_to_user_partial(task->set_child_tid, &tid,
					   sizeof(tid));
	interrupts_off();
	user_return_prepare(frame);
	return_to_user(frame);
}

/* The registers: the same, but for the result and what the flags say. */
static void copy_registers(struct task *child,
			   const struct clone_request *request)
{
	struct task *parent = current_task();
	struct trap_frame *frame = task_user_frame(child);

	*frame = *task_user_frame(parent);
	frame->rax = 0;
	if (request->stack)
		frame->rsp = request->stack;

	/* Live in the CPU, as this task is running. */
	fpu_save(child->fpu_state);
	child->fs_base = request->flags & CLONE_SETTLS ? request->tls :
							 cpu_get_fs_base();
	child->user_gs_base = cpu_get_user_gs_base();
	if (request->flags & CLONE_CHILD_SETTID)
		child->set_child_tid = request->child_tid;
	if (request->flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = request->child_tid;
}

static void copy_signal_state(struct task *child, u64 flags)
{
	const struct task *parent = current_task();

	/* Pending signals were sent to the parent alone. */
	child->signal.blocked = parent->signal.blocked;
	/* In the same memory two tasks must not use one signal stack. */
	if (!(flags & CLONE_VM) || flags & CLONE_VFORK)
		child->signal.stack = parent->signal.stack;
	child->fault = parent->fault;
}

static int copy_mm(struct task *child, u64 flags)
{
	struct mm *mm = current_task()->mm;

	if (!(flags & CLONE_VM))
		return fork_mm(mm, &child->mm);
	mm_get(mm);
	child->mm = mm;
	child->borrows_mm = !(flags & CLONE_THREAD);
	return 0;
}

/* Who it is and how it wants to be run. */
static void copy_settings(struct task *child, const struct task *parent)
{
	credentials_copy(&child->credentials, &parent->credentials);
	child->personality = parent->personality;
	child->timer_slack_ns = parent->timer_slack_ns;
	child->nice = parent->nice;
	child->policy = parent->policy;
	child->priority = parent->priority;
	child->io_priority = parent->io_priority;
}

/* What a new process has beside its first thread. */
static int copy_process(struct process *child, struct process *parent)
{
	spin_lock(&parent->lock);
	rlimits_get(parent->limits);
	child->limits = parent->limits;
	spin_unlock(&parent->lock);
	child->oom_score_adj = READ_ONCE(parent->oom_score_adj);
	child->oom_score_adj_floor = READ_ONCE(parent->oom_score_adj_floor);
	child->is_dumpable = parent->is_dumpable;
	process_set_exe(child, parent->exe);
	child->actions = signal_actions_copy(parent);
	return child->actions ? 0 : -ENOMEM;
}

static int copy_files(struct task *child, u64 flags)
{
	struct files *files = current_task()->files;

	if (flags & CLONE_FILES)
		files_get(files);
	else
		files = files_copy(files);
	child->files = files;
	return files ? 0 : -ENOMEM;
}

/* Whatever fails leaves the rest to task_put(). */
static int copy_task(struct task *child, u64 flags)
{
	struct task *parent = current_task();
	int error = 0;

	memcpy(child->name, parent->name, sizeof(child->name));
	copy_settings(child, parent);
	child->affinity = READ_ONCE(parent->affinity);
	if (!(flags & CLONE_THREAD))
		error = copy_process(child->process, parent->process);
	if (!error)
		error = copy_files(child, flags);
	if (error)
		return error;
	copy_signal_state(child, flags);
	return copy_mm(child, flags);
}

/* Sleep until the child has a memory of its own, or is no more. */
static void wait_for_vfork(struct task *child)
{
	/* Killed while waiting: it ends, the child keeps the memory. */
	(void)wait_event_killable(&child->vfork_event,
				  !READ_ONCE(child->borrows_mm));
}

static int check_flags(u64 flags)
{
	const struct task *task = current_task();
	u64 shares = flags & CLONE_THREAD_SHARES;
	u64 signal = flags & CLONE_SIGNAL_MASK;

	if (!(flags & ~CLONE_KNOWN)) {
		/* A thread of this process, */
		if (shares == CLONE_THREAD_SHARES && flags & CLONE_VM &&
		    !(flags & CLONE_VFORK))
			return 0;
		/* or another process, whose parent waits if they share. */
		if (!shares && (!(flags & CLONE_VM) || flags & CLONE_VFORK) &&
		    (signal == SIGCHLD || signal == 0))
			return 0;
	}
	log_warning("calf: %s[%u]: clone with flags %#lx is not supported\n",
		    task->name, task->pid, flags);
	return -EINVAL;
}

static int create_child(const struct clone_request *request,
			struct task **result)
{
	struct task *child;
	int error = check_flags(request->flags);

	if (!error)
		error = rlimit_check_fork();
	if (!error)
		error = task_create("",
				    &(struct task_start){ child_entry, NULL },
				    request->flags & CLONE_THREAD ?
					    current_task()->process :
					    NULL,
				    &child);
	if (error)
		return error;
	error = copy_task(child, request->flags);
	if (error) {
		task_put(child);
		return error;
	}
	copy_registers(child, request);
	*result = child;
	return 0;
}

static void trace_clone(const struct task *child)
{
	u32 space = (u32)child->mm->pgtable.space.root.val;

	if (child->mm == current_task()->mm)
		TRACE(CLONE, .value = child->pid, .space = space,
		      .code = child->process->pid);
	else
		TRACE(FORK, .value = child->pid, .space = space,
		      .other = (u32)current_task()->mm->pgtable.space.root.val);
}

i64 task_clone(const struct clone_request *request)
{
	struct task *child;
	u32 pid;
	int error = create_child(request, &child);

	if (error)
		return error;
	pid = child->pid;
	if (request->flags & CLONE_PARENT_SETTID)
		(void)copy_to_user_partial(request->parent_tid, &pid,
					   sizeof(pid));

	/* Ours: the child may be gone when the parent looks at it again. */
	task_get(child);
	error = task_publish(child, current_task()->process);
	if (error) {
		task_put(child);
		task_put(child);
		return error;
	}
	trace_clone(child);
	fail_nth_hand_over(child);
	check_event();
	sched_start(child);
	if (request->flags & CLONE_VFORK)
		wait_for_vfork(child);
	task_put(child);
	return pid;
}
