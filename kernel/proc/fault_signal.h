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

struct signal_info;

/* A page fault that could not be made good.  => interrupts are on */
void fault_signal_page(const struct trap_frame *frame, vaddr_t address,
		       enum fault_result result);

/* Any other exception in user mode. */
void fault_signal_exception(const struct trap_frame *frame);

/*
 * The log line of a death for which other systems write a core file: the
 * signal, the registers, and for a page fault the area it was in.
 * => @info is the signal that nobody handles
 */
void fault_signal_log_death(const struct trap_frame *frame,
			    const struct signal_info *info);

/* NMI, double fault, machine check. */
void fault_panic(const struct trap_frame *frame) __noreturn;
