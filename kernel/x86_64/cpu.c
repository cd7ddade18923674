/*
 * cpu.c - descriptor tables, control registers and features of one CPU
 *
 * Owns: cpus[], the IDT (one for all CPUs).  Does not own: what a trap means
 * (kernel/trap.c), FPU state (fpu.c).
 * Sources: Intel SDM vol. 3A, "Protected-Mode Memory Management", "Interrupt
 * and Exception Handling", "Control Registers".
 */
#include "kernel/x86_64/cpu.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/power_off.h"
#include "kernel/x86_64/asm/trap_frame.h"

struct cpu cpus[CPUS_MAX];
u32 cpu_count;
struct cpu_features cpu_features;

/* entry.asm */
extern const char trap_stubs[];
#define TRAP_STUB_BYTES 16
void syscall_entry(void);
void syscall_entry_32(void);

/* ---- Features ---- */

#define CPUID_FEATURES 1
#define FEATURES_EDX_MACHINE_CHECK (1U << 7)
#define FEATURES_EDX_APIC (1U << 9)
#define FEATURES_EDX_GLOBAL_PAGES (1U << 13)
#define FEATURES_ECX_XSAVE (1U << 26)
#define CPUID_FEATURES_7 7
#define FEATURES_7_EBX_FSGSBASE (1U << 0)
#define FEATURES_7_EBX_SMEP (1U << 7)
#define FEATURES_7_EBX_SMAP (1U << 20)
#define CPUID_EXTENDED 0x80000001
#define EXTENDED_EDX_PAGES_1G (1U << 26)

static void features_detect(void)
{
	u32 max_leaf = cpuid(0, 0).eax;
	struct cpuid leaf1 = cpuid(CPUID_FEATURES, 0);
	struct cpuid leaf7 = { 0 };

	if (max_leaf >= CPUID_FEATURES_7)
		leaf7 = cpuid(CPUID_FEATURES_7, 0);

	cpu_features = (struct cpu_features){
		.smep = leaf7.ebx & FEATURES_7_EBX_SMEP,
		.smap = leaf7.ebx & FEATURES_7_EBX_SMAP,
		.global_pages = leaf1.edx & FEATURES_EDX_GLOBAL_PAGES,
		.pages_1g = cpuid(CPUID_EXTENDED, 0).edx &
			    EXTENDED_EDX_PAGES_1G,
		.xsave = leaf1.ecx & FEATURES_ECX_XSAVE,
		.fsgsbase = leaf7.ebx & FEATURES_7_EBX_FSGSBASE,
		.apic = leaf1.edx & FEATURES_EDX_APIC,
		.machine_check = leaf1.edx & FEATURES_EDX_MACHINE_CHECK,
	};
}

/* smap.inc: an instruction assembled as a 3-byte NOP, and what it should be */
struct smap_site {
	u8 *address;
	u64 third_byte;
};

extern const struct smap_site smap_sites_start[];
extern const struct smap_site smap_sites_end[];

static void smap_patch(void)
{
	size_t bytes = (u64)smap_sites_end - (u64)smap_sites_start;

	for (size_t i = 0; i < bytes / sizeof(struct smap_site); i++) {
		const struct smap_site *site = &smap_sites_start[i];

		ASSERT(site->address[0] == 0x0f && site->address[1] == 0x1f);
		site->address[1] = 0x01;
		site->address[2] = (u8)site->third_byte;
	}
}

/* ---- GDT and TSS ---- */

/* Flat descriptors: base 0, no limit in 64-bit mode, accessed bit set. */
#define GDT_KERNEL_CODE 0x00af9b000000ffffUL
#define GDT_KERNEL_DATA 0x00cf93000000ffffUL
#define GDT_USER_DATA 0x00cff3000000ffffUL
#define GDT_USER_CODE 0x00affb000000ffffUL
#define GDT_TSS_AVAILABLE (0x89UL << 40)

#define TSS_SELECTOR 0x28

_Static_assert(KERNEL_CS == 1 * 8, "order of cpu.gdt");
_Static_assert(KERNEL_DS == 2 * 8, "order of cpu.gdt");
_Static_assert(USER_DS == (3 * 8 | 3), "order of cpu.gdt");
_Static_assert(USER_CS == (4 * 8 | 3), "order of cpu.gdt");
_Static_assert(TSS_SELECTOR == (GDT_ENTRIES - 2) * 8, "order of cpu.gdt");
_Static_assert(sizeof(struct tss) == 104, "as the manual has it");

static void gdt_init(struct cpu *cpu)
{
	u64 tss = (u64)&cpu->tss;
	struct descriptor_pointer pointer = {
		.limit = sizeof(cpu->gdt) - 1,
		.base = (u64)cpu->gdt,
	};

	cpu->gdt[0] = 0;
	cpu->gdt[1] = GDT_KERNEL_CODE;
	cpu->gdt[2] = GDT_KERNEL_DATA;
	cpu->gdt[3] = GDT_USER_DATA;
	cpu->gdt[4] = GDT_USER_CODE;
	cpu->gdt[5] = (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 |
		      GDT_TSS_AVAILABLE | (tss >> 24 & 0xff) << 56;
	cpu->gdt[6] = tss >> 32;
	cpu->tss.io_map_offset = sizeof(cpu->tss);

	/* The selectors loaded at boot mean the same in this table. */
	gdt_load(&pointer);
	task_register_load(TSS_SELECTOR);
}

/* ---- IDT ---- */

struct idt_gate {
	u16 offset_low;
	u16 selector;
	u8 ist; /* 1..7: that stack of the TSS; 0: the usual one */
	u8 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

_Static_assert(sizeof(struct idt_gate) == 16, "as the manual has it");

#define IDT_VECTORS 256
#define GATE_INTERRUPT 0x8e /* present; clears RFLAGS.IF */
#define GATE_USER (3 << 5) /* user mode may raise it: INT3, INTO */

#define IST_FATAL 1
#define IST_NMI 2

static struct idt_gate idt[IDT_VECTORS] __aligned(4096);

static u8 idt_ist(unsigned int vector)
{
	if (vector == TRAP_DOUBLE_FAULT || vector == TRAP_MACHINE_CHECK)
		return IST_FATAL;
	return vector == TRAP_NMI ? IST_NMI : 0;
}

static void idt_init(void)
{
	for (unsigned int vector = 0; vector < IDT_VECTORS; vector++) {
		u64 stub = (u64)trap_stubs + vector * TRAP_STUB_BYTES;
		bool user = vector == TRAP_BREAKPOINT ||
			    vector == TRAP_OVERFLOW;

		idt[vector] = (struct idt_gate){
			.offset_low = (u16)stub,
			.offset_middle = (u16)(stub >> 16),
			.offset_high = (u32)(stub >> 32),
			.selector = KERNEL_CS,
			.ist = idt_ist(vector),
			.type = GATE_INTERRUPT | (user ? GATE_USER : 0),
		};
	}
}

/* ---- Stacks ---- */

/* One page each, until there are some with guard pages. */
static u8 early_fatal_stack[PAGE_SIZE] __aligned(16);
static u8 early_nmi_stack[PAGE_SIZE] __aligned(16);

static u64 ist_stack_prepare(struct cpu *cpu, void *top)
{
	struct cpu **slot = (struct cpu **)top - 2;

	slot[0] = cpu;
	return (u64)slot;
}

void cpu_set_ist_stacks(struct cpu *cpu, void *double_fault_top, void *nmi_top)
{
	cpu->tss.ist[IST_FATAL - 1] = ist_stack_prepare(cpu, double_fault_top);
	cpu->tss.ist[IST_NMI - 1] = ist_stack_prepare(cpu, nmi_top);
}

void cpu_set_kernel_stack(struct cpu *cpu, void *top)
{
	cpu->tss.rsp[0] = (u64)top;
	cpu->kernel_stack_top = (u64)top;
}

/* ---- Registers ---- */

static void control_registers_init(void)
{
	u64 cr0 = cr0_read();
	u64 cr4 = cr4_read();

	cr0 &= ~(CR0_EMULATE_FPU | CR0_TASK_SWITCHED);
	cr0 |= CR0_MONITOR_FPU | CR0_NUMERIC_ERROR | CR0_WRITE_PROTECT |
	       CR0_ALIGNMENT_MASK;
	cr0_write(cr0);

	cr4 |= CR4_PAE | CR4_FXSR | CR4_SIMD_EXCEPTIONS;
	cr4 |= cpu_features.machine_check ? CR4_MACHINE_CHECK : 0;
	cr4 |= cpu_features.global_pages ? CR4_GLOBAL_PAGES : 0;
	cr4 |= cpu_features.fsgsbase ? CR4_FSGSBASE : 0;
	cr4 |= cpu_features.xsave ? CR4_XSAVE : 0;
	cr4 |= cpu_features.smep ? CR4_SMEP : 0;
	cr4 |= cpu_features.smap ? CR4_SMAP : 0;
	cr4_write(cr4);
}

/* SYSCALL: CS from STAR[47:32].  SYSRET: SS and CS from STAR[63:48] + 8, 16. */
#define STAR_VALUE ((u64)(USER_DS - 8) << 48 | (u64)KERNEL_CS << 32)

/* What a program may have set and the kernel must not run with. */
#define SYSCALL_CLEARED_RFLAGS                                                 \
	(RFLAGS_TRAP | RFLAGS_INTERRUPT | RFLAGS_DIRECTION | RFLAGS_IOPL |     \
	 RFLAGS_NESTED_TASK | RFLAGS_RESUME | RFLAGS_ALIGNMENT)

static void syscall_init(void)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL | EFER_NO_EXEC);
	msr_write(MSR_STAR, STAR_VALUE);
	msr_write(MSR_LSTAR, (u64)syscall_entry);
	msr_write(MSR_CSTAR, (u64)syscall_entry_32);
	msr_write(MSR_SFMASK, SYSCALL_CLEARED_RFLAGS);
}

void cpu_init(struct cpu *cpu)
{
	bool first = cpu_count == 0;

	if (first) {
		features_detect();
		if (cpu_features.smap)
			smap_patch();
		idt_init();
		cpu_set_ist_stacks(cpu, early_fatal_stack + PAGE_SIZE,
				   early_nmi_stack + PAGE_SIZE);
	}

	cpu->self = cpu;
	cpu->id = (u32)(cpu - cpus);
	cpu->apic_id = cpuid(CPUID_FEATURES, 0).ebx >> 24;
	if (first)
		cpu_count = 1; /* the others: smp_is_ready() */

	gdt_init(cpu);
	idt_load(&(struct descriptor_pointer){
		.limit = sizeof(idt) - 1,
		.base = (u64)idt,
	});
	msr_write(MSR_GS_BASE, (u64)cpu);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	control_registers_init();
	syscall_init();
}

u64 cpu_get_fs_base(void)
{
	return cpu_features.fsgsbase ? fs_base_read() : msr_read(MSR_FS_BASE);
}

void cpu_set_fs_base(u64 base)
{
	if (cpu_features.fsgsbase)
		fs_base_write(base);
	else
		msr_write(MSR_FS_BASE, base);
}

u64 cpu_get_user_gs_base(void)
{
	return msr_read(MSR_KERNEL_GS_BASE);
}

void cpu_set_user_gs_base(u64 base)
{
	msr_write(MSR_KERNEL_GS_BASE, base);
}

/* Port CF9, as chipsets know it: a reset of everything. */
#define RESET_CONTROL 0xcf9
#define RESET_HARD 0x06

void cpu_reset(void)
{
	interrupts_off();
	port_out8(RESET_CONTROL, RESET_HARD);
	while (1)
		cpu_halt();
}

void cpu_power_off(u8 exit_status)
{
	power_off(exit_status);
}
