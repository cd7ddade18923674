/*
 * smp.h - the other CPUs: waking them up, interrupting them
 *
 * Owns: the way from the start-up message to the first line of C, the
 * interrupts that CPUs send each other (IPIs), and stopping all but one.
 * Locks: none; CPUs are started one after the other, by the first.
 * Source: Intel SDM vol. 3A, "Multiple-Processor (MP) Initialization".
 */
#pragma once

#include "kernel/x86_64/asm/page.h"
#include "kernel/x86_64/tlb.h"

struct cpu;

/* What all CPUs to be started need. */
struct smp_plan {
	paddr_t page; /* of RAM, below 1 MiB: for the first instructions */
	struct tlb_space *space; /* the kernel's */
	void (*main)(void); /* what each runs; calls smp_is_ready() */
};

/* From here on smp_start_cpu() may be called; until smp_end_start(). */
void smp_begin_start(const struct smp_plan *plan);
void smp_end_start(void);

/**
 * smp_start_cpu() - start one CPU, wait until it says that it is ready
 * @cpu: its slot in cpus[], with IST stacks
 * @apic_id: the number of its local APIC
 * @stack_top: the stack that plan->main runs on
 *
 * => time_init() and apic_init() have run
 *
 * Return: false: it does not answer.  It will stay silent for good.
 */
bool smp_start_cpu(struct cpu *cpu, u32 apic_id, void *stack_top) __must_check;

/* The CPU this runs on takes part from now on: cpu_count includes it. */
void smp_is_ready(void);

/**
 * smp_stop_others() - hold all other CPUs at a point where nothing is half done
 *
 * Each goes on to its next smp_stop_point(), on the way out of schedule(), and
 * stays there; it still answers interrupts.  So the machine looks to this CPU
 * as it would if it had no other: every other task runs in user mode, sleeps, or
 * has just got its turn.
 * => interrupts are on, no spinlock is held
 */
void smp_stop_others(void);
void smp_resume_others(void);
/* => interrupts are on, no spinlock is held */
void smp_stop_point(void);
/* The CPU idles from here to there, as good as stopped; may wait at the end. */
void smp_begin_quiet(void);
void smp_end_quiet(void);
/* Shall this CPU come to a stop point soon? */
bool smp_stop_is_wanted(void);

/* The CPU this runs on; stable as this_cpu() is. */
u32 smp_cpu_id(void);

/* Interrupt CPU @cpu (0 .. cpu_count - 1) with @vector. */
void smp_interrupt(u32 cpu, unsigned int vector);
