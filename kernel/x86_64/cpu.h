/*
 * cpu.h - one CPU: its per-CPU data, descriptor tables and features
 *
 * Owns: struct cpu, reached through GS; GDT, TSS and IDT of each CPU.
 * Locks: none, each CPU touches its own struct cpu only, except where a field
 * says otherwise.
 */
#pragma once

#include "kernel/lib/lock_order.h"
#include "kernel/x86_64/asm/page.h"
#include "kernel/x86_64/asm/percpu.h"

struct tlb_space;

#define CPUS_MAX 64

/* A GDT as SYSCALL/SYSRET want it; the TSS descriptor takes two entries. */
#define GDT_ENTRIES 7

struct tss {
	u32 reserved0;
	u64 rsp[3]; /* rsp[0]: where a trap from user mode starts */
	u64 reserved1;
	u64 ist[7]; /* ist[0]: double fault, machine check; ist[1]: NMI */
	u64 reserved2;
	u16 reserved3;
	u16 io_map_offset; /* beyond the limit: no port is allowed */
} __packed;

struct cpu {
	/* asm/percpu.h and the entry stubs know these by offset. */
	struct cpu *self;
	u64 kernel_stack_top; /* of the current task, for SYSCALL */
	u64 user_rsp; /* scratch of the SYSCALL stub */
	struct task *current;

	u32 id; /* 0 .. cpu_count - 1 */
	u32 apic_id;
	u32 locks_held; /* spinlocks; 0 when it may switch tasks */
	bool need_resched; /* set by the timer, read on the way to user mode */
	bool in_interrupt;
	u32 pid; /* of the current task */

	/* kernel/lib/trace.h */
	u64 trace_written; /* bytes ever, what was overwritten included */
	struct trace_record *trace_ring;

	struct lock_held held_locks; /* debug: which those locks_held are */

	/* kernel/x86_64/tlb.c */
	struct tlb_space *space; /* whose page tables CR3 points to */
	u64 tlb_generation; /* of @space: older changes are not cached here */
	bool tlb_is_lazy; /* atomic; runs no code that uses @space's half */

	struct tss tss;
	u64 gdt[GDT_ENTRIES];
};

_Static_assert(offsetof(struct cpu, self) == PERCPU_SELF, "percpu.h");
_Static_assert(offsetof(struct cpu, kernel_stack_top) ==
		       PERCPU_KERNEL_STACK_TOP,
	       "percpu.h");
_Static_assert(offsetof(struct cpu, user_rsp) == PERCPU_USER_RSP, "percpu.h");
_Static_assert(offsetof(struct cpu, current) == PERCPU_CURRENT, "percpu.h");
_Static_assert(offsetof(struct cpu, id) == PERCPU_ID, "percpu.h");
_Static_assert(offsetof(struct cpu, locks_held) == PERCPU_LOCKS_HELD,
	       "percpu.h");
_Static_assert(offsetof(struct cpu, pid) == PERCPU_PID, "percpu.h");
_Static_assert(offsetof(struct cpu, trace_written) == PERCPU_TRACE_WRITTEN,
	       "percpu.h");
_Static_assert(offsetof(struct cpu, trace_ring) == PERCPU_TRACE_RING,
	       "percpu.h");
_Static_assert(offsetof(struct cpu, held_locks) == PERCPU_HELD_LOCKS,
	       "percpu.h");

/* What the CPU can do beyond the required long mode and NX. */
struct cpu_features {
	bool smep;
	bool smap;
	bool global_pages;
	bool pages_1g;
	bool xsave;
	bool fsgsbase;
	bool apic;
	bool machine_check;
};

extern struct cpu cpus[CPUS_MAX];
extern u32 cpu_count;
extern struct cpu_features cpu_features;

/**
 * cpu_init() - set up the CPU this runs on: GDT, TSS, IDT, GS, SYSCALL, CR0,
 *              CR4, EFER
 * @cpu: its slot in cpus[], zeroed
 *
 * => the first call is made before mm/ write-protects the kernel's text: it
 *    patches the SMAP instructions into it
 * => CR0.WP is on and SMEP, SMAP, global pages where present, from here on
 * => the double-fault and NMI stacks are static and guarded by nothing until
 *    cpu_set_ist_stacks()
 */
void cpu_init(struct cpu *cpu);

/*
 * Give the double fault (which shares with the machine check, as neither
 * returns) and the NMI stacks with guard pages below.  The uppermost 16 bytes
 * of each keep the address of @cpu: see trap_paranoid in entry.asm.
 */
void cpu_set_ist_stacks(struct cpu *cpu, void *double_fault_top, void *nmi_top);

/* Where the next trap or system call from user mode starts pushing. */
void cpu_set_kernel_stack(struct cpu *cpu, void *top);

/* The FS base, user mode's thread pointer. */
u64 cpu_get_fs_base(void);
void cpu_set_fs_base(u64 base);
/* The GS base that user mode sees (swapped out while in the kernel). */
u64 cpu_get_user_gs_base(void);
void cpu_set_user_gs_base(u64 base);

/* Begin again, as at power-on. */
void cpu_reset(void) __noreturn;
/* Tell QEMU's isa-debug-exit, then ACPI-less power-off, then halt. */
void cpu_power_off(u8 exit_status) __noreturn;
