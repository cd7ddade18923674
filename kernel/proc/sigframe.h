/*
 * sigframe.h - the stack frame of a signal handler
 *
 * Owns: its layout, which is Linux's, and the way back from it.
 */
#pragma once

#include "kernel/proc/signal_state.h"
#include "kernel/x86_64/asm/trap_frame.h"

/**
 * sigframe_push() - make user mode continue in a handler
 * @frame: the registers it would continue with; saved on its stack
 * @blocked: the set to go back to when the handler returns
 *
 * Return: 0, or -EFAULT: the stack cannot be written.
 */
int sigframe_push(struct trap_frame *frame, const struct signal_info *info,
		  const struct signal_action *action, sigset_t blocked)
	__must_check;

/* SIGSEGV for a stack on which a frame cannot be written or read. */
void sigframe_bad(int signal);

/* Does @stack contain the stack pointer @rsp? */
bool sigframe_is_on_stack(const struct signal_stack *stack, u64 rsp);
