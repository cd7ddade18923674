/*
 * percpu.h - reaching the data of the CPU this runs on, through GS
 *
 * In the kernel the GS base is the address of this CPU's struct cpu (see
 * kernel/x86_64/cpu.h), whose first word is that address again.  Lower layers
 * know only the fields below, by offset; cpu.h asserts the offsets.
 * boot/start32.asm points GS at cpus[0], so all of this works from the first
 * line of C on.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct cpu;
struct lock_held;
struct task;

#define PERCPU_SELF 0
#define PERCPU_KERNEL_STACK_TOP 8
#define PERCPU_USER_RSP 16
#define PERCPU_CURRENT 24
#define PERCPU_LOCKS_HELD 40
#define PERCPU_HELD_LOCKS 46

/* The CPU this runs on.  Stable while interrupts are off or a lock is held. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(cpu) : "i"(PERCPU_SELF));
	return cpu;
}

/* The task this runs as; stable by nature. */
static inline struct task *current_task(void)
{
	struct task *task;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(task) : "i"(PERCPU_CURRENT));
	return task;
}

/* One instruction, so that an interrupt comes before it or after it. */
static inline void percpu_locks_held_inc(void)
{
	__asm__ volatile("incl %%gs:%c0"
			 :
			 : "i"(PERCPU_LOCKS_HELD)
			 : "memory", "cc");
}

static inline void percpu_locks_held_dec(void)
{
	__asm__ volatile("decl %%gs:%c0"
			 :
			 : "i"(PERCPU_LOCKS_HELD)
			 : "memory", "cc");
}

/* Which ones they are: kernel/lib/lock_order.h. */
static inline struct lock_held *percpu_held_locks(void)
{
	return (struct lock_held *)((char *)this_cpu() + PERCPU_HELD_LOCKS);
}
