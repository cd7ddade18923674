/*
 * futex.c - see futex.h
 *
 * No wake-up is lost: whoever wakes changes the word first and then looks for
 * sleepers.  Whoever sleeps notes how often its bucket has changed, reads the
 * word, and joins the bucket only if nothing has changed since; so it
 * either sees the new word or is found.  The word is read without a lock, as
 * that may be a page fault.
 *
 * The key of a word: in shared memory the object and the place in it, so that
 * it is the same in every process that maps it; otherwise the address space
 * and the address, which stay the same when the frame is copied.
 */
#include "kernel/proc/futex.h"

#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/syscalls.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/asm/trap_frame.h"
#include "kernel/x86_64/time.h"
#include "kernel/x86_64/user_copy.h"
#include "mm/mm.h"
#include "mm/object.h"
#include "mm/uaccess.h"

/* futex(2) */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE 128u
#define FUTEX_CLOCK_REALTIME 256u
#define FUTEX_ANY_BIT (~0u)

#define BUCKETS 256

struct bucket {
	struct spinlock lock;
	struct list_node waiters; /* lock; struct futex_waiter */
	u64 changes; /* lock */
};

struct futex_key {
	const void *owner; /* the object or the mm */
	u64 offset; /* in it */
	struct object *object; /* a reference; NULL: the owner is an mm */
};

/* On the sleeper's stack. */
struct futex_waiter {
	struct list_node node;
	struct bucket *bucket; /* changed under the locks of both */
	struct futex_key key;
	u32 bits; /* it is woken for any of these */
	bool is_woken; /* and on no list any more */
	struct task *task;
};

/* The arguments of a wait, which may have to be begun again. */
struct futex_wait {
	vaddr_t address;
	u32 value;
	u32 bits;
	u32 flags; /* FUTEX_PRIVATE */
	u64 deadline_ns; /* since boot */
};

static struct bucket buckets[BUCKETS];

void futex_init(void)
{
	for (u32 i = 0; i < BUCKETS; i++) {
		spinlock_init(&buckets[i].lock, "futex");
		list_init(&buckets[i].waiters);
	}
}

/* ---- Keys ---------------------------------------------------------------- */

static int key_in_object(struct mm *mm, vaddr_t address, struct futex_key *key)
{
	struct vma *vma;
	int error = 0;

	read_lock(&mm->lock);
	vma = vma_find(&mm->vmas, address);
	if (!vma || !(vma->flags & VMA_RIGHTS)) {
		error = -EFAULT;
	} else if (vma->object && vma->flags & VMA_SHARED) {
		key->object = vma->object;
		object_get(key->object);
		key->owner = key->object;
		key->offset = (vma_object_index(vma, address) << PAGE_SHIFT) +
			      (address.val & ~PAGE_MASK);
	}
	read_unlock(&mm->lock);
	return error;
}

/* Return: 0 and a key for key_put(); -EINVAL: not aligned; -EFAULT. */
static int key_get(vaddr_t address, u32 flags, struct futex_key *key)
{
	struct mm *mm = current_task()->mm;

	if (address.val % sizeof(u32))
		return -EINVAL;
	if (!user_range_ok(address, sizeof(u32)))
		return -EFAULT;
	*key = (struct futex_key){ .owner = mm, .offset = address.val };
	return flags & FUTEX_PRIVATE ? 0 : key_in_object(mm, address, key);
}

static void key_put(struct futex_key *key)
{
	if (key->object)
		object_put(key->object);
}

static bool key_is(const struct futex_key *a, const struct futex_key *b)
{
	return a->owner == b->owner && a->offset == b->offset;
}

static struct bucket *bucket_of(const struct futex_key *key)
{
	/* Knuth's multiplicative hash: 2^64 divided by the golden ratio. */
	u64 hash = ((u64)key->owner + key->offset / sizeof(u32)) *
		   0x9e3779b97f4a7c15UL;

	return &buckets[hash / (~0UL / BUCKETS + 1)];
}

static void lock_both(struct bucket *a, struct bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock_nested(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct bucket *a, struct bucket *b)
{
	if (a != b)
		spin_unlock(a < b ? &b->lock : &a->lock);
	spin_unlock(a < b ? &a->lock : &b->lock);
}

static u64 changes_of(struct bucket *bucket)
{
	u64 changes;

	spin_lock(&bucket->lock);
	changes = bucket->changes;
	spin_unlock(&bucket->lock);
	return changes;
}

/* ---- Waking -------------------------------------------------------------- */

/* => the bucket's lock is held, which keeps the waiter where it is */
static void wake(struct futex_waiter *waiter)
{
	list_remove(&waiter->node);
	__atomic_store_n(&waiter->is_woken, true, __ATOMIC_SEQ_CST);
	sched_wake(waiter->task, SCHED_WAKE_ANY);
}

/* As Linux: a count of 0 or less wakes one.  => the lock is held */
static int wake_locked(struct bucket *bucket, const struct futex_key *key,
		       int count, u32 bits)
{
	struct futex_waiter *waiter;
	struct futex_waiter *next;
	int done = 0;

	bucket->changes++;
	list_for_each_entry_safe(waiter, next, &bucket->waiters, node) {
		if (!key_is(&waiter->key, key) || !(waiter->bits & bits))
			continue;
		wake(waiter);
		if (++done >= count)
			break;
	}
	return done;
}

static i64 futex_wake(vaddr_t address, u32 flags, int count, u32 bits)
{
	struct futex_key key;
	struct bucket *bucket;
	int result;

	if (!bits)
		return -EINVAL;
	result = key_get(address, flags, &key);
	if (result)
		return result;
	bucket = bucket_of(&key);
	spin_lock(&bucket->lock);
	result = wake_locked(bucket, &key, count, bits);
	spin_unlock(&bucket->lock);
	key_put(&key);
	return result;
}

void futex_wake_at(vaddr_t address, int count)
{
	(void)futex_wake(address, 0, count, FUTEX_ANY_BIT);
}

/* ---- Waiting ------------------------------------------------------------- */

/* Join if the word is still @value.  Return: 0, -EAGAIN or -EFAULT. */
static int join(struct futex_waiter *waiter, const struct futex_wait *wait)
{
	struct bucket *bucket = waiter->bucket;
	bool has_joined = false;

	while (!has_joined) {
		u64 changes = changes_of(bucket);
		u32 value;

		if (user_load_u32(&value, wait->address) != 0)
			return -EFAULT;
		if (value != wait->value)
			return -EAGAIN;
		spin_lock(&bucket->lock);
		has_joined = bucket->changes == changes;
		if (has_joined) {
			bucket->changes++;
			list_push_back(&bucket->waiters, &waiter->node);
		}
		spin_unlock(&bucket->lock);
	}
	return 0;
}

/* Off the list, wherever it is by now.  Return: whether it was woken. */
static bool leave(struct futex_waiter *waiter)
{
	struct bucket *bucket;

	while (1) {
		bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED);
		spin_lock(&bucket->lock);
		if (bucket ==
		    __atomic_load_n(&waiter->bucket, __ATOMIC_RELAXED))
			break;
		spin_unlock(&bucket->lock); /* it was moved meanwhile */
	}
	if (!waiter->is_woken)
		list_remove(&waiter->node);
	spin_unlock(&bucket->lock);
	return waiter->is_woken;
}

static int sleep(struct futex_waiter *waiter, u64 deadline_ns)
{
	int error = 0;

	while (!error) {
		wait_prepare(TASK_INTERRUPTIBLE);
		if (READ_ONCE(waiter->is_woken))
			break;
		error = wait_sleep(deadline_ns);
	}
	wait_prepare(TASK_RUNNABLE);
	return leave(waiter) ? 0 : error;
}

static i64 futex_wait(const struct futex_wait *wait);

static i64 wait_again(const struct restart *restart)
{
	const struct futex_wait wait = {
		.address = restart->address,
		.value = restart->value,
		.bits = restart->bits,
		.flags = restart->count,
		.deadline_ns = restart->deadline_ns,
	};

	return futex_wait(&wait);
}

static i64 futex_wait(const struct futex_wait *wait)
{
	struct futex_waiter waiter = { .bits = wait->bits,
				       .task = current_task() };
	int error;

	if (!wait->bits)
		return -EINVAL;
	error = key_get(wait->address, wait->flags, &waiter.key);
	if (error)
		return error;
	waiter.bucket = bucket_of(&waiter.key);
	error = join(&waiter, wait);
	if (!error)
		error = sleep(&waiter, wait->deadline_ns);
	key_put(&waiter.key);
	if (error != -ERESTARTSYS || wait->deadline_ns == WAIT_FOREVER)
		return error;
	/* Its time-out was relative: it must not begin anew. */
	current_task()->restart = (struct restart){
		.call = wait_again,
		.address = wait->address,
		.value = wait->value,
		.bits = wait->bits,
		.count = wait->flags,
		.deadline_ns = wait->deadline_ns,
	};
	return -ERESTARTBLOCK;
}

/* ---- Moving sleepers from one word to another ---------------------------- */

struct requeue {
	struct futex_key from;
	struct futex_key to;
	int wake_count;
	int move_count;
};

/* => both locks are held.  Return: how many were woken or moved. */
static int requeue_locked(const struct requeue *requeue, struct bucket *from,
			  struct bucket *to)
{
	struct futex_waiter *waiter;
	struct futex_waiter *next;
	int done = 0;

	from->changes++;
	to->changes++;
	list_for_each_entry_safe(waiter, next, &from->waiters, node) {
		if (done - requeue->wake_count >= requeue->move_count)
			break;
		if (!key_is(&waiter->key, &requeue->from))
			continue;
		if (++done <= requeue->wake_count) {
			wake(waiter);
			continue;
		}
		/* Never its last reference: the caller has one too. */
		key_put(&waiter->key);
		waiter->key = requeue->to;
		if (waiter->key.object)
			object_get(waiter->key.object);
		if (from != to) {
			list_remove(&waiter->node);
			__atomic_store_n(&waiter->bucket, to, __ATOMIC_RELAXED);
			list_push_back(&to->waiters, &waiter->node);
		}
	}
	return done;
}

/* @expected: NULL, or what the first word must be.  Return: as the call. */
static i64 requeue_if(const struct requeue *requeue, vaddr_t address,
		      const u32 *expected)
{
	struct bucket *from = bucket_of(&requeue->from);
	struct bucket *to = bucket_of(&requeue->to);
	i64 result = -1;

	while (result < 0) {
		u64 changes = changes_of(from);
		u32 value;

		if (expected && user_load_u32(&value, address) != 0)
			return -EFAULT;
		if (expected && value != *expected)
			return -EAGAIN;
		lock_both(from, to);
		if (!expected || from->changes == changes)
			result = requeue_locked(requeue, from, to);
		unlock_both(from, to);
	}
	return result;
}

/* ---- The call ------------------------------------------------------------ */

struct futex_call {
	vaddr_t address;
	u32 flags;
	u32 value;
	u64 time; /* an address; or a second count */
	vaddr_t second_address;
	u32 third;
};

static i64 futex_requeue(const struct futex_call *call, const u32 *expected)
{
	struct requeue requeue = {
		.wake_count = (int)call->value,
		.move_count = (int)call->time,
	};
	i64 result;

	if (requeue.wake_count < 0 || requeue.move_count < 0)
		return -EINVAL;
	result = key_get(call->address, call->flags, &requeue.from);
	if (result)
		return result;
	result = key_get(call->second_address, call->flags, &requeue.to);
	if (!result) {
		result = requeue_if(&requeue, call->address, expected);
		key_put(&requeue.to);
	}
	key_put(&requeue.from);
	return result;
}

/* A number of 12 bits with a sign. */
static i32 signed_12(u32 bits)
{
	return (i32)(bits << 20) >> 20;
}

/* What FUTEX_WAKE_OP makes of a word.  Return: 0, or -ENOSYS. */
static int compute(u32 code, u32 old, u32 *new)
{
	u32 operand = (u32)signed_12(code >> 12 & 0xfff);

	if (code >> 28 & 8)
		operand = 1u << (operand % 32);
	switch (code >> 28 & 7) {
	case 0:
		*new = operand;
		return 0;
	case 1:
		*new = old + operand;
		return 0;
	case 2:
		*new = old | operand;
		return 0;
	case 3:
		*new = old & ~operand;
		return 0;
	case 4:
		*new = old ^ operand;
		return 0;
	}
	return -ENOSYS;
}

/* Return: 0 or 1; -ENOSYS: no such comparison. */
static int compare(u32 code, u32 old)
{
	i32 operand = signed_12(code & 0xfff);
	i32 value = (i32)old;

	switch (code >> 24 & 0xf) {
	case 0:
		return value == operand;
	case 1:
		return value != operand;
	case 2:
		return value < operand;
	case 3:
		return value <= operand;
	case 4:
		return value > operand;
	case 5:
		return value >= operand;
	}
	return -ENOSYS;
}

/* Return: 0 or 1: what the comparison says of the old word; or an errno. */
static int change_word(vaddr_t address, u32 code)
{
	u32 old;
	u32 seen;
	u32 new;
	int error;

	if (user_load_u32(&seen, address) != 0)
		return -EFAULT;
	do {
		old = seen;
		error = compute(code, old, &new);
		if (error)
			return error;
		if (user_exchange_u32(address, &seen, new) != 0)
			return -EFAULT;
	} while (seen != old);
	return compare(code, old);
}

static i64 wake_op_keys(const struct futex_call *call,
			const struct futex_key *first,
			const struct futex_key *second)
{
	struct bucket *a = bucket_of(first);
	struct bucket *b = bucket_of(second);
	int result = change_word(call->second_address, call->third);
	bool is_second = result > 0;

	if (result < 0)
		return result;
	lock_both(a, b);
	result = wake_locked(a, first, (int)call->value, FUTEX_ANY_BIT);
	if (is_second)
		result +=
			wake_locked(b, second, (int)call->time, FUTEX_ANY_BIT);
	unlock_both(a, b);
	return result;
}

static i64 futex_wake_op(const struct futex_call *call)
{
	struct futex_key first;
	struct futex_key second;
	i64 result = key_get(call->address, call->flags, &first);

	if (result)
		return result;
	result = key_get(call->second_address, call->flags, &second);
	if (!result) {
		result = wake_op_keys(call, &first, &second);
		key_put(&second);
	}
	key_put(&first);
	return result;
}

/* Return: 0 and the deadline since boot; -EFAULT; -EINVAL. */
static int read_deadline(const struct futex_call *call, bool is_absolute,
			 u64 *deadline_ns)
{
	struct linux_timespec time;
	u64 epoch_ns = 0;

	*deadline_ns = WAIT_FOREVER;
	if (!call->time)
		return 0;
	if (copy_from_user(&time, VADDR(call->time), sizeof(time)) != 0)
		return -EFAULT;
	if (!timespec_is_valid(&time))
		return -EINVAL;
	*deadline_ns = timespec_to_ns(&time);
	if (!is_absolute)
		*deadline_ns += time_since_boot_ns();
	if (call->flags & FUTEX_CLOCK_REALTIME)
		epoch_ns = clock_boot_epoch_ns();
	*deadline_ns -= min_u64(*deadline_ns, epoch_ns);
	return 0;
}

static i64 call_wait(const struct futex_call *call, bool is_bitset)
{
	struct futex_wait wait = {
		.address = call->address,
		.value = call->value,
		.bits = is_bitset ? call->third : FUTEX_ANY_BIT,
		.flags = call->flags,
	};
	int error = read_deadline(call, is_bitset, &wait.deadline_ns);

	if (error)
		return error;
	if (call->flags & FUTEX_CLOCK_REALTIME && !is_bitset)
		return -ENOSYS;
	return futex_wait(&wait);
}

i64 sys_futex(const struct trap_frame *frame)
{
	const struct futex_call call = {
		.address = VADDR(frame->rdi),
		.flags = (u32)frame->rsi &
			 (FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME),
		.value = (u32)frame->rdx,
		.time = frame->r10,
		.second_address = VADDR(frame->r8),
		.third = (u32)frame->r9,
	};
	u32 command = (u32)frame->rsi & ~call.flags;

	if (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET)
		return call_wait(&call, command == FUTEX_WAIT_BITSET);
	if (call.flags & FUTEX_CLOCK_REALTIME)
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAKE:
		return futex_wake(call.address, call.flags, (int)call.value,
				  FUTEX_ANY_BIT);
	case FUTEX_WAKE_BITSET:
		return futex_wake(call.address, call.flags, (int)call.value,
				  call.third);
	case FUTEX_REQUEUE:
		return futex_requeue(&call, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(&call, &call.third);
	case FUTEX_WAKE_OP:
		return futex_wake_op(&call);
	}
	return -ENOSYS;
}

/* ---- Robust locks -------------------------------------------------------- */

/*
 * A lock's word: the number of the thread that holds it and two flags.
 * Source: Linux v6.12 Documentation/locking/robust-futex-ABI.rst.
 */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu

/* A list that goes in circles ends here, as on Linux. */
#define ROBUST_LIST_LIMIT 2048

/* As set_robust_list(2) names it. */
struct robust_list_head {
	u64 next; /* address of the next entry's own next; or of this one */
	i64 lock_offset; /* from an entry to its lock's word */
	u64 pending; /* being taken or given back just now; 0: none */
};

i64 sys_set_robust_list(vaddr_t head, u64 bytes)
{
	if (bytes != sizeof(struct robust_list_head))
		return -EINVAL;
	current_task()->robust_list = head;
	return 0;
}

i64 sys_get_robust_list(int pid, vaddr_t head, vaddr_t bytes)
{
	const u64 size = sizeof(struct robust_list_head);
	struct task *task = current_task();
	u64 list;

	if (pid)
		task = task_find_get((u32)pid);
	else
		task_get(task);
	if (!task)
		return -ESRCH;
	list = task->robust_list.val;
	if (!may_access_memory(task)) {
		task_put(task);
		return -EPERM;
	}
	task_put(task);
	if (copy_to_user(bytes, &size, sizeof(size)) != 0 ||
	    copy_to_user(head, &list, sizeof(list)) != 0)
		return -EFAULT;
	return 0;
}

/*
 * Mark the word at @address, if @tid holds it.
 * @is_pending: the thread may have ended between giving the lock back and
 *              waking somebody: then this does it
 */
static int mark_dead(vaddr_t address, u32 tid, bool is_pending)
{
	u32 seen;
	u32 old;

	if (address.val % sizeof(u32) || user_load_u32(&seen, address) != 0)
		return -EFAULT;
	if (is_pending && !(seen & ~FUTEX_WAITERS)) {
		futex_wake_at(address, 1);
		return 0;
	}
	do {
		old = seen;
		if ((old & FUTEX_TID_MASK) != tid)
			return 0;
		if (user_exchange_u32(address, &seen,
				      (old & FUTEX_WAITERS) |
					      FUTEX_OWNER_DIED) != 0)
			return -EFAULT;
	} while (seen != old);
	if (old & FUTEX_WAITERS)
		futex_wake_at(address, 1);
	return 0;
}

void futex_give_up_robust(struct task *task)
{
	const vaddr_t head_address = task->robust_list;
	struct robust_list_head head;
	u64 entry;

	task->robust_list = VADDR(0);
	if (!head_address.val ||
	    copy_from_user(&head, head_address, sizeof(head)) != 0)
		return;
	entry = head.next;
	for (int i = 0; i < ROBUST_LIST_LIMIT && entry != head_address.val;
	     i++) {
		u64 next;

		/* Bit 0 marks locks with priority inheritance: none here. */
		if (copy_from_user(&next, VADDR(entry & ~1UL), sizeof(next)))
			return;
		if (entry != head.pending &&
		    mark_dead(VADDR((entry & ~1UL) + (u64)head.lock_offset),
			      task->pid, false) != 0)
			return;
		entry = next;
	}
	if (head.pending)
		(void)mark_dead(
			VADDR((head.pending & ~1UL) + (u64)head.lock_offset),
			task->pid, true);
}
