/*
 * process.c - the life of a process, the family tree; see process.h
 */
#include "kernel/proc/process.h"

#include "kernel/dev/tty.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_queue.h"
#include "kernel/proc/task.h"
#include "mm/kmem.h"
#include "mm/mm.h"

static struct kmem_cache process_cache = KMEM_CACHE("process", struct process);

struct list_node processes = LIST_INIT(processes);
struct process *init_process;

/* tasks_lock to change */
static u64 published_count;

/* ---- Life ---------------------------------------------------------------- */

void process_init(struct process *process)
{
	process->refcount = 1;
	process->is_dumpable = true;
	spinlock_init(&process->lock, "process");
	mutex_init(&process->exec_lock, "exec");
	list_init(&process->cpu_timers);
	list_init(&process->threads);
	list_init(&process->all_node);
	list_init(&process->children);
	list_init(&process->sibling_node);
	list_init(&process->pending.queue);
	wait_queue_init(&process->thread_event, "thread");
	wait_queue_init(&process->child_event, "child");
	wait_queue_init(&process->signal_event, "signal");
}

struct process *process_create(void)
{
	struct process *process = kmem_cache_alloc(&process_cache);

	if (!process)
		return NULL;
	memset(process, 0, offsetof(struct process, pending.info));
	process_init(process);
	return process;
}

void process_get(struct process *process)
{
	__atomic_fetch_add(&process->refcount, 1, __ATOMIC_RELAXED);
}

static void process_free(struct process *process)
{
	struct list_node garbage = LIST_INIT(garbage);

	process_set_exe(process, NULL);
	/* Nobody can find it any more: no lock is needed. */
	signal_queue_drop(&process->pending, ~0UL, &garbage);
	signal_nodes_free(&garbage);
	if (process->tty)
		tty_put(process->tty);
	kfree(process->actions);
	rlimits_put(process->limits);
	kmem_cache_free(&process_cache, process);
}

void process_put(struct process *process)
{
	if (__atomic_fetch_sub(&process->refcount, 1, __ATOMIC_ACQ_REL) == 1)
		process_free(process);
}

void process_set_exe(struct process *process, struct inode *exe)
{
	struct inode *old;

	if (exe) {
		int error = inode_start_exec(exe);

		ASSERT(error == 0);
		inode_get(exe);
	}
	spin_lock(&process->lock);
	old = process->exe;
	process->exe = exe;
	spin_unlock(&process->lock);
	if (!old)
		return;
	inode_end_exec(old);
	inode_put(old);
}

/* ---- The family tree ----------------------------------------------------- */

void process_publish_locked(struct process *process, struct process *parent)
{
	process->parent = parent;
	if (parent) {
		process->parent_pid = parent->pid;
		process->group = parent->group;
		process->session = parent->session;
		process->tty = parent->tty;
		if (process->tty)
			tty_get(process->tty);
		list_push_back(&parent->children, &process->sibling_node);
	} else {
		process->group = process->pid;
		process->session = process->pid;
	}
	list_push_back(&processes, &process->all_node);
	published_count++;
}

void process_unpublish_locked(struct process *process)
{
	ASSERT(spin_is_held(&tasks_lock));
	list_remove(&process->sibling_node);
	list_remove(&process->all_node);
	process->parent = NULL;
	published_count--;
	task_unpublish_locked(process->leader);
}

struct process *process_find_locked(u32 pid)
{
	struct task *task = task_find_locked(pid);

	return task && task->process->pid == pid ? task->process : NULL;
}

u64 process_count(void)
{
	return READ_ONCE(published_count);
}

struct task *process_next_thread_get(struct process *process, u32 tid)
{
	struct task *found = NULL;
	struct task *task;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	list_for_each_entry(task, &process->threads, thread_node)
		if (task->pid >= tid && (!found || task->pid < found->pid))
			found = task;
	if (found)
		task_get(found);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return found;
}

u32 process_thread_count(const struct process *process)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	u32 count = process->thread_count;

	if (process->leader->state == TASK_ZOMBIE)
		count++;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return count;
}

struct mm *process_get_mm(struct process *process)
{
	struct mm *mm = NULL;
	struct task *task;

	for (u32 tid = 1;
	     !mm && (task = process_next_thread_get(process, tid));) {
		tid = task->pid + 1;
		mm = task_get_mm(task);
		task_put(task);
	}
	return mm;
}

/* ---- Usage --------------------------------------------------------------- */

void usage_add(struct task_usage *sum, const struct task_usage *more)
{
	sum->user_ns += more->user_ns;
	sum->kernel_ns += more->kernel_ns;
	sum->minor_faults += more->minor_faults;
	sum->voluntary_switches += more->voluntary_switches;
	sum->involuntary_switches += more->involuntary_switches;
	sum->max_rss_pages = max_u64(sum->max_rss_pages, more->max_rss_pages);
}

void usage_add_mm(struct task_usage *usage, const struct mm *mm)
{
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		if (kind != FAULT_SEGV)
			usage->minor_faults += mm->faults.count[kind];
	usage->max_rss_pages = max_u64(usage->max_rss_pages, mm_rss_peak(mm));
}

struct task_usage process_ended_usage(const struct process *process)
{
	struct task_usage usage = process->ended_usage;

	usage_add(&usage, &process->leader->usage);
	usage.user_ns = process->user_ns;
	usage.kernel_ns = process->kernel_ns;
	return usage;
}

/* All but the times of the threads, which the process itself counts. */
static struct task_usage add_up_threads(struct process *process)
{
	struct task_usage usage;
	struct task *task;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	usage = process->ended_usage;
	list_for_each_entry(task, &process->threads, thread_node)
		usage_add(&usage, &task->usage);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return usage;
}

void process_get_usage(struct process *process, struct task_usage *usage)
{
	struct mm *mm = process_get_mm(process);

	*usage = add_up_threads(process);
	usage->user_ns = READ_ONCE(process->user_ns);
	usage->kernel_ns = READ_ONCE(process->kernel_ns);
	if (!mm)
		return;
	usage_add_mm(usage, mm);
	mm_put(mm);
}
