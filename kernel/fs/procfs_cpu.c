/*
 * procfs_cpu.c - /proc/cpuinfo and /proc/stat
 *
 * Source: Linux v6.12 arch/x86/kernel/cpu/proc.c, fs/proc/stat.c; Intel SDM
 * vol. 2A, CPUID.
 */
#include "kernel/fs/procfs.h"

#include "kernel/clock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/sched.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/time.h"

#define NS_PER_SECOND 1000000000UL
#define NS_PER_CLOCK_TICK 10000000UL

/* ---- cpuinfo ------------------------------------------------------------- */

/* A bit of CPUID and the name programs look for. */
struct cpu_flag {
	u32 leaf;
	u8 reg; /* 0: EBX, 1: ECX, 2: EDX */
	u8 bit;
	const char *name;
};

/* Linux's names, of what programs in user mode may use. */
static const struct cpu_flag cpu_flags[] = {
	{ 1, 2, 0, "fpu" },	     { 1, 2, 4, "tsc" },
	{ 1, 2, 8, "cx8" },	     { 1, 2, 15, "cmov" },
	{ 1, 2, 19, "clflush" },     { 1, 2, 23, "mmx" },
	{ 1, 2, 24, "fxsr" },	     { 1, 2, 25, "sse" },
	{ 1, 2, 26, "sse2" },	     { 0x80000001, 2, 11, "syscall" },
	{ 0x80000001, 2, 20, "nx" }, { 0x80000001, 2, 26, "pdpe1gb" },
	{ 0x80000001, 2, 29, "lm" }, { 1, 1, 0, "pni" },
	{ 1, 1, 1, "pclmulqdq" },    { 1, 1, 9, "ssse3" },
	{ 1, 1, 12, "fma" },	     { 1, 1, 13, "cx16" },
	{ 1, 1, 19, "sse4_1" },	     { 1, 1, 20, "sse4_2" },
	{ 1, 1, 22, "movbe" },	     { 1, 1, 23, "popcnt" },
	{ 1, 1, 25, "aes" },	     { 1, 1, 26, "xsave" },
	{ 1, 1, 28, "avx" },	     { 1, 1, 29, "f16c" },
	{ 1, 1, 30, "rdrand" },	     { 7, 0, 0, "fsgsbase" },
	{ 7, 0, 3, "bmi1" },	     { 7, 0, 5, "avx2" },
	{ 7, 0, 7, "smep" },	     { 7, 0, 8, "bmi2" },
	{ 7, 0, 9, "erms" },	     { 7, 0, 18, "rdseed" },
	{ 7, 0, 19, "adx" },	     { 7, 0, 20, "smap" },
	{ 7, 0, 29, "sha_ni" },
};

static void show_flags(struct text *text)
{
	text_string(text, "flags\t\t:");
	for (u64 i = 0; i < ARRAY_SIZE(cpu_flags); i++) {
		const struct cpu_flag *flag = &cpu_flags[i];
		u32 highest = cpuid(flag->leaf & 0x80000000, 0).eax;
		struct cpuid id = cpuid(flag->leaf, 0);
		u32 value = flag->reg == 0 ? id.ebx :
			    flag->reg == 1 ? id.ecx :
					     id.edx;

		if (flag->leaf <= highest && (value >> flag->bit & 1))
			text_printf(text, " %s", flag->name);
	}
	text_string(text, "\n");
}

/* Twelve letters of three registers, in this order: EBX, EDX, ECX. */
static void show_vendor(struct text *text)
{
	struct cpuid id = cpuid(0, 0);
	char vendor[13] = "";

	memcpy(vendor, &id.ebx, 4);
	memcpy(vendor + 4, &id.edx, 4);
	memcpy(vendor + 8, &id.ecx, 4);
	text_printf(text, "vendor_id\t: %s\n", vendor);
}

static void show_model(struct text *text)
{
	u32 eax = cpuid(1, 0).eax;
	u32 family = eax >> 8 & 15;
	u32 model = eax >> 4 & 15;

	if (family == 6 || family == 15)
		model |= eax >> 12 & 0xf0;
	if (family == 15)
		family += eax >> 20 & 0xff;
	text_printf(text, "cpu family\t: %u\nmodel\t\t: %u\n", family, model);
}

static void show_model_name(struct text *text)
{
	char name[49] = "unknown";
	const char *start = name;

	if (cpuid(0x80000000, 0).eax >= 0x80000004)
		for (u32 i = 0; i < 3; i++) {
			struct cpuid id = cpuid(0x80000002 + i, 0);

			memcpy(name + sizeof(id) * i, &id, sizeof(id));
		}
	while (*start == ' ')
		start++;
	text_printf(text, "model name\t: %s\nstepping\t: %u\n", start,
		    cpuid(1, 0).eax & 15);
}

void procfs_show_cpuinfo(struct text *text, struct task *task)
{
	(void)task;
	for (u32 i = 0; i < cpu_count; i++) {
		text_printf(text, "processor\t: %u\n", i);
		show_vendor(text);
		show_model(text);
		show_model_name(text);
		text_printf(text, "cpu MHz\t\t: %lu.%03lu\n",
			    time_tsc_hz() / 1000000,
			    time_tsc_hz() / 1000 % 1000);
		text_string(text, "fpu\t\t: yes\nfpu_exception\t: yes\n"
				  "wp\t\t: yes\n");
		show_flags(text);
		text_string(text, "clflush size\t: 64\n\n");
	}
}

/* ---- stat ---------------------------------------------------------------- */

static void show_times(struct text *text, const char *name,
		       const struct sched_times *times)
{
	/* user nice system idle iowait irq softirq steal guest guest_nice */
	text_printf(text, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", name,
		    times->user_ns / NS_PER_CLOCK_TICK,
		    times->kernel_ns / NS_PER_CLOCK_TICK,
		    times->idle_ns / NS_PER_CLOCK_TICK);
}

void procfs_show_stat(struct text *text, struct task *task)
{
	struct sched_times all = { .idle_ns = 0 };
	char name[16];

	(void)task;
	for (u32 i = 0; i < cpu_count; i++) {
		struct sched_times times = sched_times_read(i);

		all.user_ns += times.user_ns;
		all.kernel_ns += times.kernel_ns;
		all.idle_ns += times.idle_ns;
		all.switches += times.switches;
	}
	show_times(text, "cpu ", &all);
	for (u32 i = 0; i < cpu_count; i++) {
		struct sched_times times = sched_times_read(i);

		snprintf(name, sizeof(name), "cpu%u", i);
		show_times(text, name, &times);
	}
	text_printf(text, "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\n",
		    all.switches, clock_boot_epoch_ns() / NS_PER_SECOND,
		    task_created_count());
	text_printf(text, "procs_running %lu\nprocs_blocked %lu\n",
		    max_u64(sched_running_count(), 1), 0UL);
}
