/*
 * user_return.h - the last stop before user mode
 */
#pragma once

#include "kernel/lib/assert.h"
#include "kernel/proc/task.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/msr.h"
#include "kernel/x86_64/tlb.h"
#include "mm/mm.h"

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
	/* I10: no flush may be outstanding when user code runs. */
	if (CALF_DEBUG)
		tlb_ledger_assert_clean(&current_task()->mm->pgtable.space);
	if (CALF_DEBUG && rflags_read() & RFLAGS_ALIGNMENT)
		panic("SMAP is open on the way to user mode");
}
