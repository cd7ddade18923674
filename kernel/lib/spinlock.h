/*
 * spinlock.h - a lock that knows its owner
 *
 * Two ways to take one:
 *   spin_lock()          interrupts stay on.  For locks that interrupt
 *                        handlers never take, such as those of mm/: a CPU
 *                        that waits for one still answers a shootdown.
 *   spin_lock_irqsave()  for locks that interrupt handlers take as well.
 * A debug build checks that they are taken in one order (lock_order.h).
 *
 * The kernel itself is not preempted, so a holder is never switched away
 * unless it blocks, which it must not.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct cpu;

struct spinlock {
	u32 locked;
	u8 class; /* debug: see kernel/lib/lock_order.h */
	const struct cpu *owner;
	const char *name;
};

#define SPINLOCK_INIT(lock_name)                                               \
	{                                                                      \
		.name = (lock_name)                                            \
	}

void spinlock_init(struct spinlock *lock, const char *name);
void spin_lock(struct spinlock *lock);
/* A second of its name; the caller says why it cannot be the other way round. */
void spin_lock_nested(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
u64 spin_lock_irqsave(struct spinlock *lock);
void spin_unlock_irqrestore(struct spinlock *lock, u64 rflags);
bool spin_is_held(const struct spinlock *lock);
