/*
 * check.h - the invariants as code
 *
 * Owns: the walk over the whole machine that proves I1 to I9, I11 and I12.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * check_all() - recount everything and panic at the first difference
 *
 * The panic names the invariant, the frame, and every PTE that maps it.
 * => no mm->lock is held by the caller
 */
void check_all(void);

/* Runs check_all() in debug builds unless "check=0" was on the command line. */
void check_event(void);
/* As above, every 256th call. */
void check_fault_counted(void);
static inline void check_fault_event(void)
{
	if (CALF_DEBUG)
		check_fault_counted();
}

extern u64 check_enabled;
