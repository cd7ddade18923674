/*
 * rlimit.c - see rlimit.h
 */
#include "kernel/proc/rlimit.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/task.h"
#include "mm/kmem.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define NO_LIMIT                                                               \
	{                                                                      \
		RLIMIT_INFINITY, RLIMIT_INFINITY                               \
	}

/* As Linux's fs.nr_open: no process can have more descriptors. */
#define NOFILE_MAX (1UL << 20)

/* Linux lets threads take an eighth of memory for stacks of 16 KiB … */
#define FRAMES_PER_THREAD (8 * 4)
#define THREADS_AT_LEAST 20

static struct kmem_cache rlimits_cache = KMEM_CACHE("rlimits", struct rlimits);

static const struct rlimits first_limits = {
	.refcount = 1,
	.limit = {
		[RLIMIT_CPU] = NO_LIMIT,
		[RLIMIT_FSIZE] = NO_LIMIT,
		[RLIMIT_DATA] = NO_LIMIT,
		[RLIMIT_STACK] = { STACK_LIMIT_BYTES, RLIMIT_INFINITY },
		[RLIMIT_CORE] = { 0, RLIMIT_INFINITY },
		[RLIMIT_RSS] = NO_LIMIT,
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8UL << 20, 8UL << 20 },
		[RLIMIT_AS] = NO_LIMIT,
		[RLIMIT_LOCKS] = NO_LIMIT,
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_RTTIME] = NO_LIMIT,
	},
};

struct rlimits *rlimits_create(void)
{
	struct rlimits *limits = kmem_cache_alloc(&rlimits_cache);
	struct frame_stats stats = frame_stats_read();
	u64 threads =
		max_u64(stats.total / FRAMES_PER_THREAD, THREADS_AT_LEAST);

	if (!limits)
		return NULL;
	*limits = first_limits;
	/* … and one user half of that. */
	limits->limit[RLIMIT_NPROC] =
		(struct rlimit){ threads / 2, threads / 2 };
	limits->limit[RLIMIT_SIGPENDING] = limits->limit[RLIMIT_NPROC];
	return limits;
}

void rlimits_get(struct rlimits *limits)
{
	if (limits)
		__atomic_fetch_add(&limits->refcount, 1, __ATOMIC_RELAXED);
}

void rlimits_put(struct rlimits *limits)
{
	if (limits &&
	    __atomic_fetch_sub(&limits->refcount, 1, __ATOMIC_ACQ_REL) == 1)
		kmem_cache_free(&rlimits_cache, limits);
}

struct rlimit rlimit_read(struct task *task, enum rlimit_resource resource)
{
	struct rlimit limit = first_limits.limit[resource];
	struct process *process = task->process;

	spin_lock(&process->lock);
	if (process->limits)
		limit = process->limits->limit[resource];
	spin_unlock(&process->lock);
	return limit;
}

u64 rlimit_current(enum rlimit_resource resource)
{
	return rlimit_read(current_task(), resource).soft;
}

void rlimit_apply_memory(struct task *task, struct mm *mm)
{
	struct mm_limits limits = {
		.total_bytes = rlimit_read(task, RLIMIT_AS).soft,
		.data_bytes = rlimit_read(task, RLIMIT_DATA).soft,
		.stack_bytes = rlimit_read(task, RLIMIT_STACK).soft,
		.locked_bytes = task_is_capable(task, CAP_IPC_LOCK) ?
					MM_UNLIMITED :
					rlimit_read(task, RLIMIT_MEMLOCK).soft,
	};

	write_lock(&mm->lock);
	mm->limits = limits;
	write_unlock(&mm->lock);
}

void rlimits_tell_memory(struct task *task)
{
	struct mm *mm = process_get_mm(task->process);

	if (!mm)
		return;
	/* After vfork the memory is the parent's, and obeys its limits. */
	if (!READ_ONCE(task->borrows_mm))
		rlimit_apply_memory(task, mm);
	mm_put(mm);
}

/* The kernel's own files, those of the initramfs, have no limit. */
static u64 file_limit(void)
{
	return current_task()->mm ? rlimit_current(RLIMIT_FSIZE) :
				    RLIMIT_INFINITY;
}

int rlimit_check_size(u64 size_bytes)
{
	if (size_bytes <= file_limit())
		return 0;
	signal_send(current_task()->process, SIGXFSZ);
	return -EFBIG;
}

int rlimit_check_write(u64 position, u64 *bytes)
{
	u64 limit = file_limit();

	if (limit == RLIMIT_INFINITY)
		return 0;
	if (position >= limit) {
		signal_send(current_task()->process, SIGXFSZ);
		return -EFBIG;
	}
	*bytes = min_u64(*bytes, limit - position);
	return 0;
}

/* Of the same real user.  All that are not waited for: no counter can drift. */
static u64 count_processes(u32 user)
{
	struct task *task;
	u64 count = 0;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	list_for_each_entry(task, &tasks, all_node)
		count += task->credentials.user.real == user;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return count;
}

int rlimit_check_fork(void)
{
	u32 user = current_task()->credentials.user.real;

	if (user == 0 || is_capable(CAP_SYS_RESOURCE) ||
	    is_capable(CAP_SYS_ADMIN))
		return 0;
	return count_processes(user) < rlimit_current(RLIMIT_NPROC) ? 0 :
								      -EAGAIN;
}

/* ---- System calls ------------------------------------------------------- */

/*
 * => process->lock is held; @spare is used up if others share the limits
 *
 * Return: 0, or -EPERM: only root raises a hard limit.
 */
static int write_limit(struct process *process, u32 resource,
		       const struct rlimit *wanted, struct rlimits **spare)
{
	struct rlimits *limits = process->limits;

	if (wanted->hard > limits->limit[resource].hard &&
	    !is_capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (__atomic_load_n(&limits->refcount, __ATOMIC_ACQUIRE) > 1) {
		**spare = *limits;
		(*spare)->refcount = 1;
		process->limits = *spare;
		*spare = limits; /* put by the caller, without the lock */
	}
	process->limits->limit[resource] = *wanted;
	return 0;
}

static int set_limit(struct task *task, u32 resource,
		     const struct rlimit *wanted)
{
	struct process *process = task->process;
	struct rlimits *spare;
	int error = 0;

	if (wanted->soft > wanted->hard)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && wanted->hard > NOFILE_MAX)
		return -EPERM;
	spare = rlimits_create();
	if (!spare)
		return -ENOMEM;
	spin_lock(&process->lock);
	if (process->limits)
		error = write_limit(process, resource, wanted, &spare);
	spin_unlock(&process->lock);
	rlimits_put(spare);
	if (!error)
		rlimits_tell_memory(task);
	return error;
}

static int change(struct task *task, u32 resource, const struct rlimit *wanted,
		  struct rlimit *old)
{
	if (resource >= RLIMITS)
		return -EINVAL;
	*old = rlimit_read(task, resource);
	return wanted ? set_limit(task, resource, wanted) : 0;
}

i64 sys_prlimit64(int pid, u32 resource, vaddr_t wanted, vaddr_t old)
{
	struct task *task = current_task();
	struct rlimit before;
	struct rlimit limit;
	int error;

	if (wanted.val && copy_from_user(&limit, wanted, sizeof(limit)) != 0)
		return -EFAULT;
	if (pid)
		task = task_find_get((u32)pid);
	else
		task_get(task);
	if (!task)
		return -ESRCH;
	error = may_limit(task) ? change(task, resource,
					 wanted.val ? &limit : NULL, &before) :
				  -EPERM;
	task_put(task);
	if (!error && old.val)
		error = copy_to_user(old, &before, sizeof(before));
	return error;
}

i64 sys_getrlimit(u32 resource, vaddr_t to)
{
	struct rlimit limit;

	if (resource >= RLIMITS)
		return -EINVAL;
	limit = rlimit_read(current_task(), resource);
	return copy_to_user(to, &limit, sizeof(limit));
}

i64 sys_setrlimit(u32 resource, vaddr_t from)
{
	struct rlimit limit;

	if (copy_from_user(&limit, from, sizeof(limit)) != 0)
		return -EFAULT;
	return resource < RLIMITS ?
		       set_limit(current_task(), resource, &limit) :
		       -EINVAL;
}
