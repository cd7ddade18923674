/*
 * msr.h - model-specific registers and bits of the control registers
 *
 * Source: Intel SDM vol. 3A, "Control Registers"; vol. 4.
 */
#pragma once

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_X2APIC (1UL << 10)
#define APIC_BASE_ENABLE (1UL << 11)

#define MSR_EFER 0xc0000080
#define EFER_SYSCALL (1UL << 0)
#define EFER_LONG_MODE (1UL << 8)
#define EFER_NO_EXEC (1UL << 11)

#define MSR_STAR 0xc0000081 /* selectors of SYSCALL and SYSRET */
#define MSR_LSTAR 0xc0000082 /* where SYSCALL jumps to */
#define MSR_CSTAR 0xc0000083 /* the same from 32-bit code, on AMD */
#define MSR_SFMASK 0xc0000084 /* bits of RFLAGS that SYSCALL clears */
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102 /* what SWAPGS exchanges with */

#define CR0_PROTECTED_MODE (1UL << 0)
#define CR0_MONITOR_FPU (1UL << 1)
#define CR0_EMULATE_FPU (1UL << 2)
#define CR0_TASK_SWITCHED (1UL << 3)
#define CR0_NUMERIC_ERROR (1UL << 5)
#define CR0_WRITE_PROTECT (1UL << 16) /* R/W = 0 binds the kernel too */
#define CR0_ALIGNMENT_MASK (1UL << 18) /* RFLAGS.AC works in user mode */
#define CR0_PAGING (1UL << 31)

#define CR4_PAE (1UL << 5)
#define CR4_MACHINE_CHECK (1UL << 6)
#define CR4_GLOBAL_PAGES (1UL << 7)
#define CR4_FXSR (1UL << 9)
#define CR4_SIMD_EXCEPTIONS (1UL << 10)
#define CR4_FSGSBASE (1UL << 16)
#define CR4_XSAVE (1UL << 18)
#define CR4_SMEP (1UL << 20) /* the kernel may not execute user pages */
#define CR4_SMAP (1UL << 21) /* ... nor touch them while RFLAGS.AC = 0 */

#define RFLAGS_CARRY (1UL << 0)
#define RFLAGS_ALWAYS (1UL << 1) /* reads as 1 */
#define RFLAGS_PARITY (1UL << 2)
#define RFLAGS_ADJUST (1UL << 4)
#define RFLAGS_ZERO (1UL << 6)
#define RFLAGS_SIGN (1UL << 7)
#define RFLAGS_TRAP (1UL << 8)
#define RFLAGS_INTERRUPT (1UL << 9)
#define RFLAGS_DIRECTION (1UL << 10)
#define RFLAGS_OVERFLOW (1UL << 11)
#define RFLAGS_IOPL (3UL << 12)
#define RFLAGS_NESTED_TASK (1UL << 14)
#define RFLAGS_RESUME (1UL << 16)
#define RFLAGS_ALIGNMENT (1UL << 18) /* AC: also opens SMAP's guard */
#define RFLAGS_ID (1UL << 21)
