/*
 * exit.h - the end of a task, and how its parent learns of it
 *
 * Owns: zombies, orphans, and the end of init, which is the end of
 * the machine.
 * Locks: tasks_lock.
 */
#pragma once

#include "kernel/proc/task.h"

/* The two kinds of end, as wait4(2) shows them. */
static inline u32 exit_status_of_code(u32 code)
{
	return (code & 0xff) << 8;
}

static inline bool exit_status_is_signal(u32 status)
{
	return (status & 0x7f) != 0;
}

/**
 * task_exit() - end the current task
 * @status: exit_status_of_code(), or the number of a signal
 *
 * => its memory is given back here, the rest when it is waited for
 */
void task_exit(u32 status) __noreturn;

/* The mm was borrowed from a sleeping parent: it may go on. */
void task_return_borrowed_mm(struct task *task);

/* Log how init ended and power off. */
void exit_machine(u32 status) __noreturn;
