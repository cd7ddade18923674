/*
 * locks.c - see locks.h
 *
 * A request that must wait sleeps on one queue for all files: locks are
 * rare, and who wakes looks again.  Processes that wait for each other's
 * record locks would wait forever: the last one of them gets EDEADLK.
 */
#include "kernel/fs/locks.h"

#include "kernel/fs/files.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/task.h"
#include "kernel/x86_64/asm/percpu.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

/* [start, last], of one owner. */
struct lock {
	struct list_node node; /* inode->locks */
	const void *owner;
	bool is_flock;
	i16 type;
	i64 start;
	i64 last;
	u32 pid;
};

static struct kmem_cache lock_cache = KMEM_CACHE("file_lock", struct lock);
static struct spinlock locks_lock = SPINLOCK_INIT("file_locks");
static struct wait_queue lock_released = WAIT_QUEUE_INIT(lock_released);
static struct list_node waiting = LIST_INIT(waiting); /* locks_lock */

/* The pid of a lock that belongs to an open file: F_OFD_GETLK tells it. */
#define NO_PID UINT32_MAX

/* How far to follow who waits for whom: as Linux. */
#define CHAIN_MAX 10

static bool overlap(const struct lock *a, const struct lock *b)
{
	return a->start <= b->last && b->start <= a->last;
}

static bool is_same_owner(const struct lock *a, const struct lock *b)
{
	return a->owner == b->owner && a->is_flock == b->is_flock;
}

/* Who keeps @wanted from being granted?  => locks_lock held */
static struct lock *find_conflict(const struct inode *inode,
				  const struct lock *wanted)
{
	struct lock *lock;

	list_for_each_entry(lock, &inode->locks, node) {
		if (lock->is_flock != wanted->is_flock ||
		    lock->owner == wanted->owner || !overlap(lock, wanted))
			continue;
		if (lock->type == F_WRLCK || wanted->type == F_WRLCK)
			return lock;
	}
	return NULL;
}

static void remove_lock(struct lock *lock)
{
	list_remove(&lock->node);
	kmem_cache_free(&lock_cache, lock);
}

/* Cut @wanted's range out of @lock; @*spare takes what lies behind it. */
static void cut_out(struct lock *lock, const struct lock *wanted,
		    struct lock **spare)
{
	bool has_left = lock->start < wanted->start;
	bool has_right = lock->last > wanted->last;

	if (has_left && has_right) {
		struct lock *right = *spare;

		*spare = NULL;
		*right = *lock;
		right->start = wanted->last + 1;
		list_insert_after(&lock->node, &right->node);
	}
	if (has_left)
		lock->last = wanted->start - 1;
	else if (has_right)
		lock->start = wanted->last + 1;
	else
		remove_lock(lock);
}

/* Neighbours of one type become one lock. */
static void merge(struct inode *inode, struct lock *added)
{
	struct lock *lock;
	struct lock *next;

	list_for_each_entry_safe(lock, next, &inode->locks, node) {
		if (lock == added || !is_same_owner(lock, added) ||
		    lock->type != added->type)
			continue;
		if (lock->last != INT64_MAX && lock->last + 1 == added->start)
			added->start = lock->start;
		else if (added->last != INT64_MAX &&
			 added->last + 1 == lock->start)
			added->last = lock->last;
		else
			continue;
		remove_lock(lock);
	}
}

/* A request, and memory for what it may add. */
struct request {
	struct inode *inode;
	struct lock wanted;
	struct lock *added;
	struct lock *spare;
	struct list_node node; /* waiting; of a process that sleeps */
};

/* => locks_lock held; nobody is in the way */
static void grant(struct request *request)
{
	const struct lock *wanted = &request->wanted;
	struct lock *lock;
	struct lock *next;

	list_for_each_entry_safe(lock, next, &request->inode->locks, node)
		if (is_same_owner(lock, wanted) && overlap(lock, wanted))
			cut_out(lock, wanted, &request->spare);
	if (wanted->type == F_UNLCK)
		return;
	*request->added = *wanted;
	list_push_back(&request->inode->locks, &request->added->node);
	merge(request->inode, request->added);
	request->added = NULL;
}

/* The one that @owner sleeps for, or NULL.  => locks_lock held */
static const struct request *find_waiting(const void *owner)
{
	const struct request *request;

	list_for_each_entry(request, &waiting, node)
		if (request->wanted.owner == owner)
			return request;
	return NULL;
}

/*
 * Does whoever has @lock wait, through others perhaps, for @request's owner?
 * => locks_lock held
 */
static bool is_deadlock(const struct request *request, const struct lock *lock)
{
	for (int i = 0; lock && i < CHAIN_MAX; i++) {
		const struct request *next = find_waiting(lock->owner);

		if (!next)
			return false;
		lock = find_conflict(next->inode, &next->wanted);
		if (lock && lock->owner == request->wanted.owner)
			return true;
	}
	return false;
}

/*
 * Grant it if nobody is in the way.
 * Return: 0; -EAGAIN; -EDEADLK: it cannot become free, if @waits.
 */
static int try_lock(struct request *request, bool waits)
{
	const struct lock *wanted = &request->wanted;
	const struct lock *lock = NULL;
	int error = 0;

	spin_lock(&locks_lock);
	if (wanted->type != F_UNLCK)
		lock = find_conflict(request->inode, wanted);
	/* Only processes: an open file has many who may unlock it. */
	waits = waits && !wanted->is_flock && wanted->pid != NO_PID;
	list_remove(&request->node);
	if (!lock)
		grant(request);
	else if (waits && is_deadlock(request, lock))
		error = -EDEADLK;
	else
		error = -EAGAIN;
	if (error == -EAGAIN && waits)
		list_push_back(&waiting, &request->node);
	spin_unlock(&locks_lock);
	if (!error)
		wait_wake_all(&lock_released);
	return error;
}

/* Sleep until it is granted, or cannot be. */
static int wait_for_lock(struct request *request)
{
	int result = 0;
	int error = wait_event_interruptible(
		&lock_released, (result = try_lock(request, true)) != -EAGAIN);

	spin_lock(&locks_lock);
	list_remove(&request->node);
	spin_unlock(&locks_lock);
	return error ? error : result;
}

static int set_lock(struct inode *inode, const struct lock *wanted, bool waits)
{
	struct request request = { .inode = inode, .wanted = *wanted };
	int error = 0;

	list_init(&request.node);
	request.added = kmem_cache_alloc(&lock_cache);
	request.spare = kmem_cache_alloc(&lock_cache);
	if (!request.added || !request.spare)
		error = -ENOMEM;
	else if (waits)
		error = wait_for_lock(&request);
	else
		error = try_lock(&request, false);
	if (request.added)
		kmem_cache_free(&lock_cache, request.added);
	if (request.spare)
		kmem_cache_free(&lock_cache, request.spare);
	return error;
}

void locks_release(struct inode *inode, const void *owner)
{
	struct lock *lock;
	struct lock *next;

	if (list_is_empty(&inode->locks))
		return;
	spin_lock(&locks_lock);
	list_for_each_entry_safe(lock, next, &inode->locks, node)
		if (lock->owner == owner)
			remove_lock(lock);
	spin_unlock(&locks_lock);
	wait_wake_all(&lock_released);
}

/* ---- flock --------------------------------------------------------------- */

static int flock_file(struct file *file, int operation)
{
	struct lock wanted = { .owner = file,
			       .is_flock = true,
			       .last = INT64_MAX };

	switch (operation & ~LOCK_NB) {
	case LOCK_SH:
		wanted.type = F_RDLCK;
		break;
	case LOCK_EX:
		wanted.type = F_WRLCK;
		break;
	case LOCK_UN:
		wanted.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	if (file->flags & O_PATH)
		return -EBADF;
	return set_lock(file->inode, &wanted, !(operation & LOCK_NB));
}

i64 sys_flock(int fd, int operation)
{
	struct file *file;
	int error = files_get_file(fd, &file);

	if (error)
		return error;
	error = flock_file(file, operation);
	file_put(file);
	return error;
}

/* ---- fcntl --------------------------------------------------------------- */

/* From offsets as the user counts them to [start, last]. */
static int read_range(struct file *file, const struct linux_flock *flock,
		      struct lock *lock)
{
	i64 base = 0;
	i64 start;

	if (flock->whence == SEEK_CUR)
		base = (i64)READ_ONCE(file->position);
	else if (flock->whence == SEEK_END)
		base = (i64)inode_size(file->inode);
	else if (flock->whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(base, flock->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	lock->start = start;
	lock->last = INT64_MAX;
	if (flock->bytes > 0 &&
	    __builtin_add_overflow(start, flock->bytes - 1, &lock->last))
		return -EOVERFLOW;
	if (flock->bytes < 0) { /* what lies before */
		if (start + flock->bytes < 0)
			return -EINVAL;
		lock->start = start + flock->bytes;
		lock->last = start - 1;
	}
	return 0;
}

static void get_lock(struct inode *inode, const struct lock *wanted,
		     struct linux_flock *flock)
{
	const struct lock *found;

	spin_lock(&locks_lock);
	found = find_conflict(inode, wanted);
	if (found) {
		flock->type = found->type;
		flock->whence = SEEK_SET;
		flock->start = found->start;
		flock->bytes = found->last == INT64_MAX ?
				       0 :
				       found->last - found->start + 1;
		flock->pid = (i32)found->pid;
	} else {
		flock->type = F_UNLCK;
	}
	spin_unlock(&locks_lock);
}

i64 locks_fcntl(struct file *file, int command, vaddr_t address)
{
	struct lock wanted = { .owner = files_current(),
			       .pid = current_task()->process->pid };
	struct linux_flock flock;
	i64 error;

	if (copy_from_user(&flock, address, sizeof(flock)) != 0)
		return -EFAULT;
	if (file->flags & O_PATH)
		return -EBADF;
	if (command >= F_OFD_GETLK) { /* the open file's, not the process's */
		if (flock.pid != 0)
			return -EINVAL;
		wanted.owner = file;
		wanted.pid = NO_PID;
		command -= F_OFD_GETLK - F_GETLK;
	}
	wanted.type = flock.type;
	if (flock.type < F_RDLCK || flock.type > F_UNLCK)
		return -EINVAL;
	error = read_range(file, &flock, &wanted);
	if (error)
		return error;
	if (command == F_GETLK) {
		if (flock.type == F_UNLCK)
			return -EINVAL;
		get_lock(file->inode, &wanted, &flock);
		return copy_to_user(address, &flock, sizeof(flock));
	}
	if ((flock.type == F_RDLCK && !file_can_read(file)) ||
	    (flock.type == F_WRLCK && !file_can_write(file)))
		return -EBADF;
	return set_lock(file->inode, &wanted, command == F_SETLKW);
}
