/*
 * trap_frame.h - the registers of interrupted code, as the entry stubs push
 * them
 *
 * One layout for exceptions, interrupts and system calls, so that signals,
 * fork and the debugger see only one.  The NASM stubs and their
 * call-frame information know these offsets too.
 */
#pragma once

#include "kernel/x86_64/asm/msr.h"
#include "kernel/x86_64/asm/types.h"

struct trap_frame {
	u64 r15;
	u64 r14;
	u64 r13;
	u64 r12;
	u64 rbx;
	u64 rbp;
	u64 r11;
	u64 r10;
	u64 r9;
	u64 r8;
	u64 rax;
	u64 rcx;
	u64 rdx;
	u64 rsi;
	u64 rdi;
	u64 vector; /* trap number; TRAP_SYSCALL for a system call */
	u64 error_code; /* of the CPU, or 0; a system call's number */
	u64 rip; /* from here on pushed by the CPU */
	u64 cs;
	u64 rflags;
	u64 rsp;
	u64 ss;
};

_Static_assert(sizeof(struct trap_frame) == 22 * 8, "known to the stubs");

/* Exceptions by the manual's names; 32 and up are interrupts. */
#define TRAP_DIVIDE 0
#define TRAP_DEBUG 1
#define TRAP_NMI 2
#define TRAP_BREAKPOINT 3
#define TRAP_OVERFLOW 4
#define TRAP_BOUND 5
#define TRAP_INVALID_OPCODE 6
#define TRAP_NO_FPU 7
#define TRAP_DOUBLE_FAULT 8
#define TRAP_INVALID_TSS 10
#define TRAP_NO_SEGMENT 11
#define TRAP_STACK_SEGMENT 12
#define TRAP_GENERAL_PROTECTION 13
#define TRAP_PAGE_FAULT 14
#define TRAP_FPU_ERROR 16
#define TRAP_ALIGNMENT 17
#define TRAP_MACHINE_CHECK 18
#define TRAP_SIMD_ERROR 19
#define TRAP_TIMER 32 /* local APIC timer */
#define TRAP_CONSOLE 33 /* COM1 and the keyboard, through the I/O APIC */
#define TRAP_TLB_SHOOTDOWN 48
#define TRAP_RESCHEDULE 49 /* another CPU has something for this one */
#define TRAP_SPURIOUS 255
#define TRAP_SYSCALL 256

/* Segment selectors.  SYSRET wants user data just below user code. */
#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define USER_DS 0x1b
#define USER_CS 0x23

static inline bool trap_from_user(const struct trap_frame *frame)
{
	return (frame->cs & 3) == 3;
}

/* The bits of RFLAGS that a program may set for itself. */
#define RFLAGS_USER                                                            \
	(RFLAGS_CARRY | RFLAGS_PARITY | RFLAGS_ADJUST | RFLAGS_ZERO |          \
	 RFLAGS_SIGN | RFLAGS_TRAP | RFLAGS_DIRECTION | RFLAGS_OVERFLOW |      \
	 RFLAGS_RESUME | RFLAGS_ALIGNMENT | RFLAGS_ID)

/*
 * Force what decides about privilege: user selectors, interrupts on, no other
 * system flag.  Every frame that did not come from user mode by itself goes
 * through here (exec, rt_sigreturn), so that IRETQ never faults on it.
 */
static inline void trap_frame_make_user(struct trap_frame *frame)
{
	frame->cs = USER_CS;
	frame->ss = USER_DS;
	frame->rflags = (frame->rflags & RFLAGS_USER) | RFLAGS_ALWAYS |
			RFLAGS_INTERRUPT;
}

/*
 * Return addresses of the calls in entry.asm.  A backtrace that meets one has
 * the trap frame right above it.
 */
extern const char trap_dispatch_return[];
extern const char trap_paranoid_return[];
extern const char syscall_dispatch_return[];
