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
struct trace_record;

#define PERCPU_SELF 0
#define PERCPU_KERNEL_STACK_TOP 8
#define PERCPU_USER_RSP 16
#define PERCPU_CURRENT 24
#define PERCPU_ID 32
#define PERCPU_LOCKS_HELD 40
#define PERCPU_PID 48
#define PERCPU_TRACE_WRITTEN 56
#define PERCPU_TRACE_RING 64
#define PERCPU_HELD_LOCKS 72

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

static inline u32 percpu_id(void)
{
	u32 id;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(id) : "i"(PERCPU_ID));
	return id;
}

/* Of the task this runs as; 0: none. */
static inline u32 percpu_pid(void)
{
	u32 pid;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(pid) : "i"(PERCPU_PID));
	return pid;
}

static inline struct trace_record *percpu_trace_ring(void)
{
	struct trace_record *ring;

	__asm__ volatile("mov %%gs:%c1, %0"
			 : "=r"(ring)
			 : "i"(PERCPU_TRACE_RING));
	return ring;
}

static inline void percpu_set_trace_ring(struct trace_record *ring)
{
	__asm__ volatile("mov %0, %%gs:%c1"
			 :
			 : "r"(ring), "i"(PERCPU_TRACE_RING)
			 : "memory");
}

/* One instruction: an interrupt gets other bytes.  Return: the first one. */
static inline u64 percpu_trace_reserve(u64 bytes)
{
	__asm__ volatile("xadd %0, %%gs:%c1"
			 : "+r"(bytes)
			 : "i"(PERCPU_TRACE_WRITTEN)
			 : "memory", "cc");
	return bytes;
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
