/*
 * kernel_lock.h - one lock for all of the kernel that has none of its own
 *
 * Files, processes, signals and devices were written for one CPU at a time: a
 * system call is alone with their data until it sleeps.  This lock keeps it
 * so with several CPUs, honestly and coarsely.  A task holds it from
 * the entry of a system call to its exit, and schedule() gives it back while
 * the task sleeps; so what may have changed after a sleep on one CPU may have
 * changed after it on many, and nothing else.
 *
 * Without it run: user mode, page faults and everything of mm/, the scheduler,
 * interrupt handlers.  They have locks of their own, which nest inside.
 *
 * Lock order: the kernel lock first; then the mutexes of kernel/fs/; then
 * mm->lock and what follows it (mm/mm.h); spinlocks last.  A task that waits
 * for mm->lock keeps the kernel lock, so a holder of mm->lock never asks for it.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * kernel_lock() - be the only one outside mm/
 *
 * => may be asked for by a task that has it
 *
 * Return: whether it was taken here; to be handed to kernel_unlock().
 */
bool kernel_lock(void);
void kernel_unlock(bool was_taken);
/* In long loops: let those have it who wait for it.  => as for schedule() */
void kernel_lock_share(void);
/* By the task this runs as. */
bool kernel_lock_is_held(void);
