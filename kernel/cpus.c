/*
 * cpus.c - see cpus.h
 */
#include "kernel/cpus.h"

#include "kernel/cmdline.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trace.h"
#include "kernel/proc/sched.h"
#include "kernel/x86_64/acpi.h"
#include "kernel/x86_64/apic.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/smp.h"
#include "mm/kspace.h"

/* Interrupt vectors, BIOS data and what else a loader may have put there. */
#define LOW_START 0x1000UL
#define LOW_END 0xa0000UL

static u32 apic_ids[CPUS_MAX];
static u32 found_count; /* may be more than there is room for */
static paddr_t start_page;

/* The highest whole page of RAM below 640 KiB; it is not the allocator's. */
static paddr_t find_low_page(const struct boot_info *info)
{
	u64 best = 0;

	for (u32 i = 0; i < info->range_count; i++) {
		u64 start = max_u64(info->ranges[i].start.val, LOW_START);
		u64 end = min_u64(info->ranges[i].end.val, LOW_END);
		u64 page = align_down(end, PAGE_SIZE) - PAGE_SIZE;

		if (info->ranges[i].usable && end >= start + 2 * PAGE_SIZE)
			best = max_u64(best, page);
	}
	return PADDR(best);
}

void cpus_find(const struct boot_info *info)
{
	found_count = acpi_find_cpus(info->acpi_root, apic_ids, CPUS_MAX);
	start_page = find_low_page(info);
}

int cpus_give_emergency_stacks(struct cpu *cpu)
{
	void *double_fault = kstack_alloc();
	void *nmi = kstack_alloc();

	if (double_fault && nmi) {
		cpu_set_ist_stacks(cpu, double_fault, nmi);
		return 0;
	}
	if (double_fault)
		kstack_free(double_fault);
	if (nmi)
		kstack_free(nmi);
	return -ENOMEM;
}

/* What each of the others does for ever, on the stack made for it. */
static void run(void)
{
	sched_init();
	smp_is_ready();
	apic_timer_start(SCHED_TICK_NS);
	sched_idle();
}

/* A CPU that does not answer leaves it to the next one. */
static int give_trace_ring(struct cpu *cpu)
{
	struct frame *block;

	if (cpu->trace_ring)
		return 0;
	block = frame_alloc_block(FRAME_KERNEL, TRACE_RING_ORDER);
	if (!block)
		return -ENOMEM;
	cpu->trace_ring = frame_ptr(block);
	memset(cpu->trace_ring, 0, PAGE_SIZE << TRACE_RING_ORDER);
	return 0;
}

static int start(u32 apic_id)
{
	struct cpu *cpu = &cpus[cpu_count];
	void *stack;

	if (give_trace_ring(cpu) != 0)
		return -ENOMEM;
	stack = kstack_alloc();

	if (!stack)
		return -ENOMEM;
	if (cpus_give_emergency_stacks(cpu) != 0) {
		kstack_free(stack);
		return -ENOMEM;
	}
	if (smp_start_cpu(cpu, apic_id, stack))
		return 0;
	/* Its stacks stay as they are: who knows whether it still uses them. */
	return -EIO;
}

void cpus_start(void)
{
	const struct smp_plan plan = {
		.page = start_page,
		.space = &kernel_pgtable.space,
		.main = run,
	};
	u32 known = (u32)min_u64(found_count, CPUS_MAX);

	if (found_count <= 1 || cmdline.max_cpus <= 1)
		return;
	if (!start_page.val) {
		log_warning("calf: no page below 640 KiB to start CPUs with\n");
		return;
	}
	smp_begin_start(&plan);
	for (u32 i = 0; i < known && cpu_count < cmdline.max_cpus; i++) {
		int error = 0;

		if (apic_ids[i] != cpus[0].apic_id)
			error = start(apic_ids[i]);
		if (error)
			log_warning("calf: CPU with APIC number %u %s\n",
				    apic_ids[i],
				    error == -ENOMEM ? "gets no memory" :
						       "does not answer");
	}
	smp_end_start();
	log_info("calf: %u of %u CPUs run\n", cpu_count, found_count);
}
