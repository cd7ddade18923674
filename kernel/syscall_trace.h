/*
 * syscall_trace.h - a system call on its way into the trace
 */
#pragma once

#include "kernel/x86_64/asm/trap_frame.h"

/* Number, arguments, and the strings that some of them point to. */
void syscall_trace(const struct trap_frame *frame);
