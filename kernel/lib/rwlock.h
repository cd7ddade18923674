/*
 * rwlock.h - many readers or one writer
 *
 * For mm->lock, where faults read and whoever changes areas writes.  Interrupts
 * stay on, as with spin_lock(): whoever waits still answers a shootdown, which
 * may be what the holder waits for.
 *
 * Waiting spins.  No holder sleeps (mm_reap() depends on it), so a wait ends
 * soon; the longest one is for a fork of a large address space.
 *
 * A writer that waits keeps new readers out, or faults of many threads could
 * keep a fork waiting for ever.  So a reader must not read twice: with a writer
 * in between it would wait for itself.  A debug build checks that, and the
 * order in general (lock_order.h).
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct cpu;

struct rwlock {
	u32 holders; /* atomic; readers, or RWLOCK_WRITER */
	u32 writers_waiting; /* atomic */
	const struct cpu *writer; /* for assertions, as in a spinlock */
	const char *name;
	u8 class; /* debug: see kernel/lib/lock_order.h */
};

#define RWLOCK_WRITER (~0u)

void rwlock_init(struct rwlock *lock, const char *name);
void read_lock(struct rwlock *lock);
void read_unlock(struct rwlock *lock);
void write_lock(struct rwlock *lock);
/* A second of its name; the caller says why it cannot be the other way round. */
void write_lock_nested(struct rwlock *lock);
/*
 * Where the lock order forbids to wait.  Return: whether the lock is held now;
 * if not, a moment has passed.
 */
bool write_trylock(struct rwlock *lock) __must_check;
void write_unlock(struct rwlock *lock);
bool write_is_held(const struct rwlock *lock);
