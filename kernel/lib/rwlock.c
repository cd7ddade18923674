/*
 * rwlock.c - see rwlock.h
 */
#include "kernel/lib/rwlock.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/lock_order.h"
#include "kernel/lib/panic.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/percpu.h"

void rwlock_init(struct rwlock *lock, const char *name)
{
	*lock = (struct rwlock){ .name = name };
}

static void assert_not_mine(const struct rwlock *lock)
{
	if (unlikely(write_is_held(lock)))
		panic("lock %s taken twice by the same CPU", lock->name);
}

/* What a debug build asserts before it waits. */
static void check_order(struct rwlock *lock, bool is_nested, const void *place)
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

static void is_held_now(struct rwlock *lock)
{
	percpu_locks_held_inc();
	if (CALF_DEBUG)
		lock_order_taken(percpu_held_locks(),
				 lock_order_class(lock->name, &lock->class));
}

static void is_not_held_any_more(struct rwlock *lock)
{
	if (CALF_DEBUG)
		lock_order_released(percpu_held_locks(), lock->class);
	percpu_locks_held_dec();
}

static bool try_read(struct rwlock *lock)
{
	u32 readers = READ_ONCE(lock->holders);

	return readers != RWLOCK_WRITER && !READ_ONCE(lock->writers_waiting) &&
	       __atomic_compare_exchange_n(&lock->holders, &readers,
					   readers + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Who panics is alone and must print, whoever held the lock. */
static bool may_wait(const struct rwlock *lock)
{
	if (panic_in_progress)
		return false;
	assert_not_mine(lock);
	cpu_pause();
	return true;
}

void read_lock(struct rwlock *lock)
{
	if (CALF_DEBUG)
		check_order(lock, false, __builtin_return_address(0));
	while (!try_read(lock))
		if (!may_wait(lock))
			return;
	is_held_now(lock);
}

void read_unlock(struct rwlock *lock)
{
	u32 readers;

	if (unlikely(panic_in_progress))
		return;
	is_not_held_any_more(lock);
	readers = __atomic_fetch_sub(&lock->holders, 1, __ATOMIC_RELEASE);
	if (unlikely(readers == 0 || readers == RWLOCK_WRITER))
		panic("lock %s is not held by a reader", lock->name);
}

static bool try_write(struct rwlock *lock)
{
	u32 none = 0;

	if (!__atomic_compare_exchange_n(&lock->holders, &none, RWLOCK_WRITER,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&lock->writer, this_cpu(), __ATOMIC_RELAXED);
	is_held_now(lock);
	return true;
}

static void wait_to_write(struct rwlock *lock)
{
	if (try_write(lock))
		return;
	__atomic_fetch_add(&lock->writers_waiting, 1, __ATOMIC_RELAXED);
	while (!try_write(lock))
		if (!may_wait(lock))
			break;
	__atomic_fetch_sub(&lock->writers_waiting, 1, __ATOMIC_RELAXED);
}

void write_lock(struct rwlock *lock)
{
	if (CALF_DEBUG)
		check_order(lock, false, __builtin_return_address(0));
	wait_to_write(lock);
}

void write_lock_nested(struct rwlock *lock)
{
	if (CALF_DEBUG)
		check_order(lock, true, __builtin_return_address(0));
	wait_to_write(lock);
}

bool write_trylock(struct rwlock *lock)
{
	if (unlikely(panic_in_progress))
		return true;
	assert_not_mine(lock);
	if (try_write(lock))
		return true;
	cpu_pause();
	return false;
}

void write_unlock(struct rwlock *lock)
{
	if (unlikely(panic_in_progress))
		return;
	if (unlikely(!write_is_held(lock)))
		panic("lock %s released by a CPU that does not hold it",
		      lock->name);
	is_not_held_any_more(lock);
	__atomic_store_n(&lock->writer, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->holders, 0, __ATOMIC_RELEASE);
}

bool write_is_held(const struct rwlock *lock)
{
	return READ_ONCE(lock->writer) == this_cpu();
}
