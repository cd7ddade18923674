/*
 * smp.h - the other CPUs: waking them up, interrupting them
 *
 * Owns: the way from the start-up message to the first line of C, and the
 * interrupts that CPUs send each other (IPIs).
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

/* Interrupt CPU @cpu (0 .. cpu_count - 1) with @vector. */
void smp_interrupt(u32 cpu, unsigned int vector);
