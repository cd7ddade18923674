/*
 * switch.h - from one kernel stack to another, and from the kernel to user
 * mode
 */
#pragma once

#include "kernel/x86_64/asm/trap_frame.h"

/**
 * switch_stack() - save the callee-saved registers, continue on another stack
 * @save_rsp: where the stack pointer of the caller is kept
 * @load_rsp: a value saved by an earlier call, or made by switch_prepare()
 *
 * => interrupts are off
 */
void switch_stack(u64 *save_rsp, u64 load_rsp);

/**
 * switch_prepare() - lay out a new stack for its first switch_stack()
 * @stack_top: 16-byte aligned
 * @entry: called with @argument, interrupts off; must not return
 *
 * Return: the value for @load_rsp.
 */
u64 switch_prepare(void *stack_top, void (*entry)(void *), void *argument);

/* Load every register from @frame, which need not lie on the stack top. */
void return_to_user(struct trap_frame *frame) __noreturn;
