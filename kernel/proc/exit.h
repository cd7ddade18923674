/*
 * exit.h - the end of a task and of a process, and how the parent learns of it
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
 * process_exit() - end the current process, with all its threads
 * @status: exit_status_of_code(), or the number of a signal
 */
void process_exit(u32 status) __noreturn;

/**
 * task_exit() - end the current thread, and with the last one the process
 * @status: as above; the last one's is that of the process, unless that was
 *          ended as a whole
 *
 * => its memory is given back here, the rest when the process is waited for
 */
void task_exit(u32 status) __noreturn;

/**
 * process_end_other_threads() - before execve begins a new program
 *
 * Return: 0: there is only the current task, and it is the leader; -EINTR: the
 * process is about to end, with this task.
 */
int process_end_other_threads(void) __must_check;

/* The mm was borrowed from a sleeping parent: it may go on. */
void task_return_borrowed_mm(struct task *task);

/* Log how init ended and power off. */
void exit_machine(u32 status) __noreturn;
