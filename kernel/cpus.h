/*
 * cpus.h - from what the firmware says to CPUs that run tasks
 *
 * Owns: which CPUs are started, in which order, on which stacks.
 */
#pragma once

#include "boot/boot_info.h"

struct cpu;

/* Note the CPUs and a place to start them.  => the boot page tables are used */
void cpus_find(const struct boot_info *info);

/*
 * Stacks on which even a kernel stack overflow can be reported.
 * Return: 0, or -ENOMEM.
 */
int cpus_give_emergency_stacks(struct cpu *cpu) __must_check;

/* Start all but the first.  One that does not answer is one line in the log. */
void cpus_start(void);
