/*
 * spinlock.c - test-and-set locks with an owner
 *
 * The owner is only for assertions: it is written by the holder alone, so a
 * CPU that compares it with itself gets a true answer at any time.
 */
#include "kernel/lib/spinlock.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/lock_order.h"
#include "kernel/lib/panic.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/percpu.h"

void spinlock_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

static void assert_not_mine(const struct spinlock *lock)
{
	if (unlikely(spin_is_held(lock)))
		panic("lock %s taken twice by the same CPU", lock->name);
}

/* What a debug build asserts before a lock is waited for. */
static void check_order(struct spinlock *lock, bool is_nested,
			const void *place)
{
	u8 class = lock_order_class(lock->name, &lock->class);

	if (panic_in_progress)
		return;
	assert_not_mine(lock);
	if (is_nested)
		lock_order_check_nested(percpu_held_locks(), class, place);
	else
		lock_order_check(percpu_held_locks(), class, place);
}

static void is_mine_now(struct spinlock *lock)
{
	__atomic_store_n(&lock->owner, this_cpu(), __ATOMIC_RELAXED);
	percpu_locks_held_inc();
	if (CALF_DEBUG)
		lock_order_taken(percpu_held_locks(),
				 lock_order_class(lock->name, &lock->class));
}

static bool try_take(struct spinlock *lock)
{
	if (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	is_mine_now(lock);
	return true;
}

/* Somebody has it.  Never inlined, so that the way without waiting is short. */
static void __noinline wait_for(struct spinlock *lock)
{
	if (!panic_in_progress)
		assert_not_mine(lock);
	do {
		/* Who panics is alone and must print, whoever held the lock. */
		if (unlikely(panic_in_progress))
			return;
		cpu_pause();
	} while (READ_ONCE(lock->locked) || !try_take(lock));
}

static inline void take(struct spinlock *lock)
{
	if (unlikely(!try_take(lock)))
		wait_for(lock);
}

void spin_lock(struct spinlock *lock)
{
	if (CALF_DEBUG)
		check_order(lock, false, __builtin_return_address(0));
	take(lock);
}

void spin_lock_nested(struct spinlock *lock)
{
	if (CALF_DEBUG)
		check_order(lock, true, __builtin_return_address(0));
	take(lock);
}

void spin_unlock(struct spinlock *lock)
{
	if (unlikely(!spin_is_held(lock))) {
		if (panic_in_progress)
			return; /* see wait_for() */
		panic("lock %s released by a CPU that does not hold it",
		      lock->name);
	}
	if (CALF_DEBUG)
		lock_order_released(percpu_held_locks(), lock->class);
	percpu_locks_held_dec();
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

u64 spin_lock_irqsave(struct spinlock *lock)
{
	u64 rflags = interrupts_save();

	if (CALF_DEBUG)
		check_order(lock, false, __builtin_return_address(0));
	take(lock);
	return rflags;
}

void spin_unlock_irqrestore(struct spinlock *lock, u64 rflags)
{
	spin_unlock(lock);
	interrupts_restore(rflags);
}

bool spin_is_held(const struct spinlock *lock)
{
	return READ_ONCE(lock->owner) == this_cpu();
}
