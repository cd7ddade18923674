/*
 * task.c - the life of a task, the pid table
 */
#include "kernel/proc/task.h"

#include "kernel/fs/files.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/job.h"
#include "kernel/proc/kernel_lock.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/fpu.h"
#include "kernel/x86_64/switch.h"
#include "kernel/x86_64/time.h"
#include "mm/kmem.h"
#include "mm/kspace.h"
#include "mm/mm.h"

/* As Linux's RESERVED_PIDS. */
#define PID_WRAPS_TO 300u

static struct kmem_cache task_cache = KMEM_CACHE("task", struct task);

struct list_node tasks = LIST_INIT(tasks);
struct spinlock tasks_lock = SPINLOCK_INIT("tasks");

/* tasks_lock */
static struct avl_node *pid_tree;
static u32 last_pid;
static u64 published_count;
static u64 created_count;

/* ---- The pid table ------------------------------------------------------ */

static struct task *task_of_node(const struct avl_node *node)
{
	return (struct task *)(void *)((u64)node -
				       offsetof(struct task, pid_node));
}

static bool pid_less(const struct avl_node *a, const struct avl_node *b)
{
	return task_of_node(a)->pid < task_of_node(b)->pid;
}

/* The task with the smallest pid >= @pid, published or not. */
static struct task *find_at_or_above(u32 pid)
{
	struct avl_node *node = pid_tree;
	struct task *found = NULL;

	while (node) {
		struct task *task = task_of_node(node);

		if (task->pid == pid)
			return task;
		if (task->pid > pid)
			found = task;
		node = task->pid > pid ? node->left : node->right;
	}
	return found;
}

/* The lowest free pid in [@from, @to), or 0. */
static u32 find_free_pid(u32 from, u32 to)
{
	for (u32 pid = from; pid < to; pid++) {
		struct task *task = find_at_or_above(pid);

		if (!task || task->pid != pid)
			return pid;
	}
	return 0;
}

/* As Linux: the next one up; after the last, from PID_WRAPS_TO on. */
static int reserve_pid(struct task *task)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	u32 pid = find_free_pid(last_pid + 1, PID_LIMIT);

	if (!pid)
		pid = find_free_pid(PID_WRAPS_TO, PID_LIMIT);
	if (pid) {
		last_pid = pid;
		task->pid = pid;
		pid_tree = avl_insert(pid_tree, &task->pid_node, pid_less);
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return pid ? 0 : -EAGAIN;
}

struct task *task_find_locked(u32 pid)
{
	struct task *task = find_at_or_above(pid);

	return task && task->pid == pid && task->is_published ? task : NULL;
}

struct task *task_find_get(u32 pid)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct task *task = task_find_locked(pid);

	if (task)
		task_get(task);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return task;
}

struct task *task_find_next_get(u32 pid)
{
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct task *task = find_at_or_above(pid);

	while (task && !task->is_published)
		task = find_at_or_above(task->pid + 1);
	if (task)
		task_get(task);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return task;
}

struct task *task_find_next_leader_get(u32 pid)
{
	struct task *task = task_find_next_get(pid);

	while (task && task->pid != task->process->pid) {
		pid = task->pid;
		task_put(task);
		task = task_find_next_get(pid + 1);
	}
	return task;
}

u64 task_count(void)
{
	return READ_ONCE(published_count);
}

u32 task_last_pid(void)
{
	return READ_ONCE(last_pid);
}

u64 task_created_count(void)
{
	return READ_ONCE(created_count);
}

/* ---- Life --------------------------------------------------------------- */

static int create_fpu_state(struct task *task)
{
	task->fpu_memory = kmalloc(fpu_state_bytes + FPU_STATE_ALIGN);
	if (!task->fpu_memory)
		return -ENOMEM;
	task->fpu_state =
		(void *)align_up((u64)task->fpu_memory, FPU_STATE_ALIGN);
	fpu_state_init(task->fpu_state);
	return 0;
}

static void init_fields(struct task *task, const char *name)
{
	task->refcount = 1;
	task->start_ns = time_since_boot_ns();
	task->last_unknown_call = ~0UL;
	task->state = TASK_RUNNABLE;
	task->credentials = credentials_root;
	task->affinity = ~0UL;
	spinlock_init(&task->lock, "task");
	strlcpy(task->name, name, sizeof(task->name));
	list_init(&task->run_node);
	list_init(&task->thread_node);
	list_init(&task->all_node);
	list_init(&task->cpu_timers);
	task->signal.stack.flags = SS_DISABLE;
	wait_queue_init(&task->vfork_event, "vfork");
	list_init(&task->signal.pending.queue);
}

/* The process, a number, and what the CPU needs. */
static int create_parts(struct task *task, struct process *process)
{
	int error;

	if (process)
		process_get(process);
	else
		process = process_create();
	task->process = process;
	if (!process)
		return -ENOMEM;
	error = reserve_pid(task);
	if (error)
		return error;
	if (!process->leader)
		process->pid = task->pid;
	task->kernel_stack_top = kstack_alloc();
	return task->kernel_stack_top ? create_fpu_state(task) : -ENOMEM;
}

int task_create(const char *name, const struct task_start *start,
		struct process *process, struct task **result)
{
	struct task *task = kmem_cache_alloc(&task_cache);
	int error;

	if (!task)
		return -ENOMEM;
	memset(task, 0, offsetof(struct task, signal.pending.info));
	init_fields(task, name);
	error = create_parts(task, process);
	if (error) {
		task_put(task);
		return error;
	}
	/* The registers of user mode come first: task_user_frame(). */
	task->saved_rsp =
		switch_prepare(task_user_frame(task), start->entry,
			       start->argument ? start->argument : task);
	*result = task;
	return 0;
}

int task_publish(struct task *task, struct process *parent)
{
	struct process *process = task->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	if (process->is_ending || process->execs) {
		spin_unlock_irqrestore(&tasks_lock, rflags);
		return -EAGAIN;
	}
	if (!process->leader) {
		process->leader = task;
		process_publish_locked(process, parent);
	}
	process->thread_count++;
	process->live_count++;
	job_thread_begins(task);
	if (process->actions)
		signal_note_work_locked(task);
	list_push_back(&process->threads, &task->thread_node);
	list_push_back(&tasks, &task->all_node);
	task->is_published = true;
	published_count++;
	created_count++;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return 0;
}

void task_unpublish_locked(struct task *task)
{
	ASSERT(spin_is_held(&tasks_lock));
	list_remove(&task->thread_node);
	list_remove(&task->all_node);
	task->is_published = false;
	published_count--;
}

void task_become_leader(struct task *task)
{
	struct process *process = task->process;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct task *old = process->leader;
	u32 tid = task->pid;

	ASSERT(old != task && old->state == TASK_ZOMBIE);
	usage_add(&process->ended_usage, &old->usage);
	pid_tree = avl_remove(pid_tree, &task->pid_node, pid_less);
	pid_tree = avl_remove(pid_tree, &old->pid_node, pid_less);
	task->pid = old->pid;
	old->pid = tid;
	pid_tree = avl_insert(pid_tree, &task->pid_node, pid_less);
	pid_tree = avl_insert(pid_tree, &old->pid_node, pid_less);
	task->start_ns = old->start_ns;
	process->leader = task;
	task_unpublish_locked(old);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	task_put(old);
}

void task_get(struct task *task)
{
	__atomic_fetch_add(&task->refcount, 1, __ATOMIC_RELAXED);
}

static void task_free(struct task *task)
{
	u64 rflags;

	/* Another CPU may still be on its stack, on the way out of it. */
	while (READ_ONCE(task->is_running))
		cpu_pause();

	rflags = spin_lock_irqsave(&tasks_lock);
	ASSERT(!task->is_published);
	if (task->pid)
		pid_tree = avl_remove(pid_tree, &task->pid_node, pid_less);
	spin_unlock_irqrestore(&tasks_lock, rflags);

	if (task->mm)
		mm_put(task->mm);
	if (task->files)
		files_put(task->files);
	credentials_destroy(&task->credentials);
	signal_discard_all(task);
	if (task->kernel_stack_top)
		kstack_free(task->kernel_stack_top);
	kfree(task->fpu_memory);
	if (task->process)
		process_put(task->process);
	kmem_cache_free(&task_cache, task);
}

void task_put(struct task *task)
{
	if (__atomic_fetch_sub(&task->refcount, 1, __ATOMIC_ACQ_REL) == 1)
		task_free(task);
}

/* ---- Kernel threads ----------------------------------------------------- */

static void kernel_thread_entry(void *argument)
{
	struct task_start start = *(struct task_start *)argument;

	sched_finish_first_switch();
	(void)kernel_lock();
	kfree(argument);
	start.entry(start.argument);
	panic("kernel thread %s returned", current_task()->name);
}

int kernel_thread_create(const char *name, void (*entry)(void *),
			 void *argument)
{
	struct task_start *start = kmalloc(sizeof(*start));
	struct task *task;
	int error;

	if (!start)
		return -ENOMEM;
	*start = (struct task_start){ entry, argument };
	error = task_create(name,
			    &(struct task_start){ kernel_thread_entry, start },
			    NULL, &task);
	if (error) {
		kfree(start);
		return error;
	}
	task->is_kernel_thread = true;
	task->process->is_kernel = true;
	error = task_publish(task, NULL);
	ASSERT(error == 0);
	sched_start(task);
	return 0;
}

/* ---- Looking at a task -------------------------------------------------- */

struct mm *task_get_mm(struct task *task)
{
	struct mm *mm;

	spin_lock(&task->lock);
	mm = task->mm;
	if (mm)
		mm_get(mm);
	spin_unlock(&task->lock);
	return mm;
}

struct files *task_get_files(struct task *task)
{
	struct files *files;

	spin_lock(&task->lock);
	files = task->files;
	if (files)
		files_get(files);
	spin_unlock(&task->lock);
	return files;
}

void task_get_name(struct task *task, char name[TASK_NAME_BYTES])
{
	spin_lock(&task->lock);
	memcpy(name, task->name, TASK_NAME_BYTES);
	spin_unlock(&task->lock);
}

char task_state_letter(const struct task *task)
{
	switch (READ_ONCE(task->state)) {
	case TASK_RUNNABLE:
		return 'R';
	case TASK_INTERRUPTIBLE:
		return 'S';
	case TASK_KILLABLE:
	case TASK_UNINTERRUPTIBLE:
		return 'D';
	case TASK_STOPPED:
		return 'T';
	case TASK_ZOMBIE:
		return 'Z';
	case TASK_DEAD:
		return 'X';
	}
	return '?';
}
