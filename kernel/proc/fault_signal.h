/*
 * fault_signal.h - an exception in user mode becomes a signal
 *
 * Owns: which signal and si_code, what the handler's context says, and the
 * log line of a program that dies of it.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"
#include "kernel/x86_64/asm/trap_frame.h"
#include "mm/fault.h"

/* A page fault that could not be made good.  => interrupts are on */
void fault_signal_page(const struct trap_frame *frame, vaddr_t address,
		       enum fault_result result);

/* Any other exception in user mode. */
void fault_signal_exception(const struct trap_frame *frame);

/* NMI, double fault, machine check. */
void fault_panic(const struct trap_frame *frame) __noreturn;
