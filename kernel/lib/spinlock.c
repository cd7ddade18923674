/*
 * spinlock.c - test-and-set locks with an owner
 *
 * The owner is only for assertions: it is written by the holder alone, so a
 * CPU that compares it with itself gets a true answer at any time.
 */
#include "kernel/lib/spinlock.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/panic.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/percpu.h"

void spinlock_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

void spin_lock(struct spinlock *lock)
{
	/* The panicking CPU is alone and must print, whoever held the lock. */
	if (unlikely(panic_in_progress))
		return;
	if (unlikely(spin_is_held(lock)))
		panic("lock %s taken twice by the same CPU", lock->name);

	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)) {
		while (READ_ONCE(lock->locked))
			cpu_pause();
	}
	__atomic_store_n(&lock->owner, this_cpu(), __ATOMIC_RELAXED);
	percpu_locks_held_inc();
}

bool spin_trylock(struct spinlock *lock)
{
	if (unlikely(panic_in_progress))
		return true;
	if (unlikely(spin_is_held(lock)))
		panic("lock %s taken twice by the same CPU", lock->name);

	if (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)) {
		cpu_pause();
		return false;
	}
	__atomic_store_n(&lock->owner, this_cpu(), __ATOMIC_RELAXED);
	percpu_locks_held_inc();
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	if (unlikely(panic_in_progress))
		return;
	if (unlikely(!spin_is_held(lock)))
		panic("lock %s released by a CPU that does not hold it",
		      lock->name);

	percpu_locks_held_dec();
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

u64 spin_lock_irqsave(struct spinlock *lock)
{
	u64 rflags = interrupts_save();

	spin_lock(lock);
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
