/*
 * user_return.h - the last stop before user mode
 */
#pragma once

#include "kernel/proc/task.h"

/* Reschedule and handle signals, until there is nothing left to do. */
void user_return_work(struct trap_frame *frame);

/**
 * user_return_prepare() - to be called last on every way to user mode
 * @frame: the registers user mode will continue with
 *
 * One word says whether there is anything to do, so that the common case is
 * short.
 * => interrupts are off on entry and return
 */
static inline void user_return_prepare(struct trap_frame *frame)
{
	if (unlikely(READ_ONCE(current_task()->work)))
		user_return_work(frame);
}
