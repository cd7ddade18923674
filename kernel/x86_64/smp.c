/*
 * smp.c - see smp.h
 *
 * A CPU is woken by three messages between local APICs: INIT resets it, and
 * each of two start-up messages (SIPI) names the page where it shall begin; the
 * second is for those that missed the first.
 */
#include "kernel/x86_64/smp.h"

#include "kernel/lib/string.h"
#include "kernel/x86_64/apic.h"
#include "kernel/x86_64/asm/image.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/trap_frame.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/fpu.h"
#include "kernel/x86_64/time.h"

#define NS_PER_US 1000UL

/* The manual's waits, and how long a CPU may take until it is ready. */
#define INIT_WAIT_NS (10000 * NS_PER_US)
#define SIPI_WAIT_NS (200 * NS_PER_US)
#define READY_WAIT_NS (5000000 * NS_PER_US) /* a busy host stops machines */

/* boot/trampoline.asm */
extern const char trampoline_start[], trampoline_end[];
void smp_enter(struct cpu *cpu) __noreturn;
struct cpu *smp_next_cpu; /* taken by the CPU that starts */
void *smp_next_stack;
u64 smp_next_root; /* for CR3 */

/* boot/start32.asm: the tables of the first steps, made for 4 GiB. */
extern pte_t boot_root[], boot_low[];

static struct smp_plan plan;
static u32 ready_cpu; /* atomic; the one that called smp_is_ready() last */

void smp_begin_start(const struct smp_plan *wanted)
{
	plan = *wanted;
	smp_next_root = pfn_to_paddr(plan.space->root).val;
	memcpy(paddr_to_ptr(plan.page), trampoline_start,
	       (u64)trampoline_end - (u64)trampoline_start);
	/* Paging is switched on while a CPU still runs at low addresses. */
	pte_store(&boot_root[0],
		  pte_make_table(paddr_to_pfn(image_to_paddr(boot_low)),
				 false));
}

void smp_end_start(void)
{
	pte_store(&boot_root[0], (pte_t){ 0 });
}

static void wait_ns(u64 ns)
{
	u64 end = time_since_boot_ns() + ns;

	while (time_since_boot_ns() < end)
		cpu_pause();
}

static bool wait_for(u32 cpu)
{
	u64 end = time_since_boot_ns() + READY_WAIT_NS;

	while (__atomic_load_n(&ready_cpu, __ATOMIC_ACQUIRE) != cpu) {
		if (time_since_boot_ns() >= end)
			return false;
		cpu_pause();
	}
	return true;
}

bool smp_start_cpu(struct cpu *cpu, u32 apic_id, void *stack_top)
{
	u32 id = (u32)(cpu - cpus);

	smp_next_stack = stack_top;
	__atomic_store_n(&smp_next_cpu, cpu, __ATOMIC_SEQ_CST);

	apic_send_init(apic_id);
	wait_ns(INIT_WAIT_NS);
	for (int i = 0; i < 2; i++) {
		apic_send_startup(apic_id, plan.page);
		wait_ns(SIPI_WAIT_NS);
	}
	if (wait_for(id))
		return true;

	/* Reset, it waits for a start-up message, and gets none. */
	apic_send_init(apic_id);
	__atomic_store_n(&smp_next_cpu, NULL, __ATOMIC_SEQ_CST);
	return false;
}

/* The first C code of a CPU that was started. */
void smp_enter(struct cpu *cpu)
{
	cpu_init(cpu);
	tlb_switch_to(plan.space);
	apic_init_cpu();
	fpu_init();
	plan.main();
	while (1)
		cpu_halt();
}

void smp_is_ready(void)
{
	u32 id = this_cpu()->id;

	/* From here on others look at this CPU's data. */
	__atomic_store_n(&cpu_count, id + 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ready_cpu, id, __ATOMIC_RELEASE);
}

u32 smp_cpu_id(void)
{
	return this_cpu()->id;
}

void smp_interrupt(u32 cpu, unsigned int vector)
{
	apic_send_interrupt(cpus[cpu].apic_id, vector);
}

/* ---- Stopping all but one ------------------------------------------------ */

static bool stop_is_taken; /* atomic; by the CPU that stops the others */
static bool stop_is_wanted; /* atomic */
static u64 quiet_cpus; /* atomic; bit n: CPU n touches nothing but its queue */
static u64 parked_cpus; /* atomic; those of them that wait for the end of it */

bool smp_stop_is_wanted(void)
{
	return READ_ONCE(stop_is_wanted);
}

void smp_begin_quiet(void)
{
	__atomic_fetch_or(&quiet_cpus, 1UL << this_cpu()->id, __ATOMIC_SEQ_CST);
}

/* Halt until nobody wants a stop any more. */
static void park(void)
{
	u64 bit = 1UL << this_cpu()->id;

	while (1) {
		/* As in the idle loop: no interrupt between test and halt. */
		interrupts_off();
		__atomic_fetch_or(&parked_cpus, bit, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&stop_is_wanted, __ATOMIC_SEQ_CST))
			break;
		interrupts_on_and_halt();
	}
	__atomic_fetch_and(&parked_cpus, ~bit, __ATOMIC_SEQ_CST);
	interrupts_on();
}

void smp_end_quiet(void)
{
	u64 bit = 1UL << this_cpu()->id;

	/*
	 * Order: not quiet any more, then look.  Who stops others says so first
	 * and looks who is quiet then: either it waits for us, or we see it.
	 */
	__atomic_fetch_and(&quiet_cpus, ~bit, __ATOMIC_SEQ_CST);
	while (unlikely(__atomic_load_n(&stop_is_wanted, __ATOMIC_SEQ_CST))) {
		__atomic_fetch_or(&quiet_cpus, bit, __ATOMIC_SEQ_CST);
		park();
		__atomic_fetch_and(&quiet_cpus, ~bit, __ATOMIC_SEQ_CST);
	}
}

void smp_stop_point(void)
{
	if (unlikely(READ_ONCE(stop_is_wanted)))
		smp_end_quiet();
}

static void interrupt_all(u64 targets)
{
	for (; targets; targets &= targets - 1)
		smp_interrupt((u32)__builtin_ctzl(targets), TRAP_RESCHEDULE);
}

void smp_stop_others(void)
{
	u64 others = (~0UL >> (CPUS_MAX - cpu_count)) &
		     ~(1UL << this_cpu()->id);

	if (!others)
		return;
	/* Another CPU wants the same: this is a good point to be stopped at. */
	while (__atomic_exchange_n(&stop_is_taken, true, __ATOMIC_ACQUIRE)) {
		smp_stop_point();
		cpu_pause();
	}
	__atomic_store_n(&stop_is_wanted, true, __ATOMIC_SEQ_CST);
	interrupt_all(others & ~__atomic_load_n(&quiet_cpus, __ATOMIC_SEQ_CST));
	while ((__atomic_load_n(&quiet_cpus, __ATOMIC_SEQ_CST) & others) !=
	       others)
		cpu_pause();
}

void smp_resume_others(void)
{
	if (cpu_count == 1)
		return;
	__atomic_store_n(&stop_is_wanted, false, __ATOMIC_SEQ_CST);
	interrupt_all(__atomic_load_n(&parked_cpus, __ATOMIC_SEQ_CST));
	__atomic_store_n(&stop_is_taken, false, __ATOMIC_RELEASE);
}
