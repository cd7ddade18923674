/*
 * traps.h - the one upward reference: assembly calls into layer 5
 *
 * The entry stubs call these two, which kernel/trap.c and
 * kernel/syscall.c define.
 */
#pragma once

#include "kernel/x86_64/asm/trap_frame.h"

/* Any exception or interrupt.  => interrupts are off on entry and return */
void trap_dispatch(struct trap_frame *frame);

/* A SYSCALL instruction.  => interrupts are off on entry and return */
void syscall_dispatch(struct trap_frame *frame);
