/*
 * sched.h - who runs next
 *
 * Owns: the run queues, the switch from one task to another, sleep until a
 * time, and which CPU a task runs on.
 * Locks: each run queue has one, held over the switch itself; taken with
 * interrupts off.  Of two, that of the CPU with the lower number comes first.
 */
#pragma once

#include "kernel/proc/task.h"

/* The timer interrupts this often; also the slice, as one is one tick. */
#define SCHED_TICK_NS 10000000UL

/* Make the code that runs now the idle task of this CPU. */
void sched_init(void);

/* Let tasks run, forever; halt while there are none. */
void sched_idle(void) __noreturn;

/* Put a new task on a run queue; it begins as task_create() prepared it. */
void sched_start(struct task *task);

/**
 * schedule() - let another task run
 *
 * The caller goes on when it is runnable and its turn comes, perhaps on another
 * CPU.
 * => interrupts are on, no spinlock is held
 * => the kernel lock, if the caller has it, is given back meanwhile
 */
void schedule(void);
/* As schedule(), but the kernel lock is kept: for waits that are short. */
void schedule_with_kernel_lock(void);

/**
 * sched_checkpoint() - for long loops in the kernel: let others run
 *
 * => as schedule()
 *
 * Return: false: a fatal signal is pending, the work is in vain.
 */
bool sched_checkpoint(void);

/* Is it in one of the states of @states (1 << enum task_state)?  Wake it. */
void sched_wake(struct task *task, u32 states);
#define SCHED_WAKE_ANY                                                         \
	(1u << TASK_INTERRUPTIBLE | 1u << TASK_KILLABLE |                      \
	 1u << TASK_UNINTERRUPTIBLE)

/* Sleep until woken or until @deadline_ns since boot; state as prepared. */
void sched_sleep_until(u64 deadline_ns);

/* TRAP_RESCHEDULE: another CPU has put a task on this one's queue. */
void sched_interrupt(void);

/**
 * sched_set_affinity() - choose the CPUs a task may run on
 * @cpus: bit n: CPU n; at least one that runs
 *
 * => takes effect at once if @task is the current one, otherwise when it
 *    passes through the scheduler next, which is soon
 */
void sched_set_affinity(struct task *task, u64 cpus);
/* All CPUs that run: one bit each. */
u64 sched_cpus(void);

/* The timer interrupt.  @from_user: what it interrupted */
void sched_tick(bool from_user);

/* First code of a new task, on its own stack: finishes the switch. */
void sched_finish_first_switch(void);

/* The current task has a new mm: run on its page tables. */
void sched_use_mm(struct mm *mm);

/* How one CPU has spent its time since boot, sampled at the timer tick. */
struct sched_times {
	u64 user_ns;
	u64 kernel_ns;
	u64 idle_ns;
	u64 switches; /* from one task to another */
};

struct sched_times sched_times_read(u32 cpu);
/* Tasks that run or would like to. */
u64 sched_running_count(void);

/* Time since boot that no task wanted, for /proc/stat and /proc/uptime. */
u64 sched_idle_ns(void);
