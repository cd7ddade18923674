/*
 * insn.h - single instructions that C has no word for
 *
 * One function per instruction, named after what it does or after the
 * instruction where that is a word of its own.
 */
#pragma once

#include "kernel/x86_64/asm/msr.h"
#include "kernel/x86_64/asm/types.h"

/* ---- Ports ---- */

static inline u8 port_in8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_out8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u16 port_in16(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_out16(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline u32 port_in32(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_out32(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* ---- Interrupts ---- */

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline u64 rflags_read(void)
{
	u64 rflags;

	__asm__ volatile("pushfq; pop %0" : "=r"(rflags) : : "memory");
	return rflags;
}

static inline bool interrupts_are_on(void)
{
	return rflags_read() & RFLAGS_INTERRUPT;
}

/* Return: what interrupts_restore() wants. */
static inline u64 interrupts_save(void)
{
	u64 rflags = rflags_read();

	interrupts_off();
	return rflags;
}

static inline void interrupts_restore(u64 rflags)
{
	if (rflags & RFLAGS_INTERRUPT)
		interrupts_on();
}

/* ---- Waiting ---- */

/* In every spin loop: lets the other thread, or QEMU's other CPU, run. */
static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void cpu_halt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/*
 * STI takes effect after the following instruction, so no interrupt can slip
 * in between the two and leave the CPU asleep.
 */
static inline void interrupts_on_and_halt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

/* ---- Control registers ---- */

static inline u64 cr0_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline void cr0_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

/* The address whose access made the last page fault. */
static inline u64 cr2_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline u64 cr3_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static inline void cr3_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline u64 cr4_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cr4_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline u64 msr_read(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void msr_write(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			 : "memory");
}

/* Forget the translation of one page, a global one too. */
static inline void tlb_invalidate(u64 address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* ---- What the CPU is ---- */

struct cpuid {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid id;

	__asm__ volatile("cpuid"
			 : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx),
			   "=d"(id.edx)
			 : "a"(leaf), "c"(subleaf));
	return id;
}

/* ---- Time-stamp counter ---- */

static inline u64 tsc_read(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/* The same into memory, in two halves: shorter than making one of them. */
static inline void tsc_store(u64 *to)
{
	__asm__ volatile("rdtsc\n\t"
			 "mov %%eax, %0\n\t"
			 "mov %%edx, 4+%0"
			 : "=o"(*to)
			 :
			 : "eax", "edx");
}

/* ---- Descriptor tables and segment bases ---- */

struct descriptor_pointer {
	u16 limit;
	u64 base;
} __packed;

static inline void gdt_load(const struct descriptor_pointer *pointer)
{
	__asm__ volatile("lgdt %0" : : "m"(*pointer));
}

static inline void idt_load(const struct descriptor_pointer *pointer)
{
	__asm__ volatile("lidt %0" : : "m"(*pointer));
}

static inline void task_register_load(u16 selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector));
}

/* => CR4.FSGSBASE is on */
static inline u64 fs_base_read(void)
{
	u64 base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static inline void fs_base_write(u64 base)
{
	__asm__ volatile("wrfsbase %0" : : "r"(base));
}

/* ---- x87, SSE and AVX state ---- */

static inline void fpu_reset(void)
{
	__asm__ volatile("fninit");
}

static inline void fxsave(void *state)
{
	__asm__ volatile("fxsave64 (%0)" : : "r"(state) : "memory");
}

static inline void fxrstor(const void *state)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(state) : "memory");
}

/* @components: bits as in XCR0 */
static inline void xsave(void *state, u64 components)
{
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(state), "a"((u32)components),
			   "d"((u32)(components >> 32))
			 : "memory");
}

static inline void xrstor(const void *state, u64 components)
{
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(state), "a"((u32)components),
			   "d"((u32)(components >> 32))
			 : "memory");
}

static inline void xcr0_write(u64 value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}
