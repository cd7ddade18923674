/*
 * apic.c - see apic.h
 *
 * Owns: the interrupt controllers.  Each CPU has a local APIC of its own; the
 * I/O APIC is set up by the first CPU before the others start: no lock.
 */
#include "kernel/x86_64/apic.h"

#include "kernel/lib/assert.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/trap_frame.h"
#include "kernel/x86_64/cpu.h"

/* Registers of the local APIC: offsets in bytes. */
enum apic_register {
	APIC_TASK_PRIORITY = 0x080,
	APIC_END_OF_INTERRUPT = 0x0b0,
	APIC_SPURIOUS = 0x0f0,
	APIC_ERROR_STATUS = 0x280,
	APIC_COMMAND = 0x300, /* writing it sends the message */
	APIC_COMMAND_TARGET = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define SPURIOUS_APIC_ENABLE (1U << 8)
#define LVT_MASKED (1U << 16)
#define LVT_TIMER_PERIODIC (1U << 17)
#define LVT_NMI (4U << 8)
#define TIMER_DIVIDE_BY_1 0xbU

/* Messages to another CPU: kind, level, and whether it is still under way. */
#define COMMAND_INIT (5U << 8)
#define COMMAND_STARTUP (6U << 8)
#define COMMAND_PENDING (1U << 12)
#define COMMAND_ASSERT (1U << 14)
#define COMMAND_TARGET_SHIFT 24

/* The I/O APIC: an index register and a window. */
#define IO_APIC_INDEX 0x00
#define IO_APIC_WINDOW 0x10
#define IO_APIC_VERSION 1 /* bits 16..23: number of the last line */
#define IO_APIC_REDIRECTION(line) (0x10 + 2 * (line))
#define REDIRECTION_MASKED (1U << 16)
#define REDIRECTION_CPU_SHIFT 24 /* in the upper half */

/* The two 8259s. */
#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_INIT 0x11
#define PIC_8086_MODE 0x01
#define PIC_SLAVE_LINE 2

/*
 * Even a masked 8259 may raise a spurious interrupt (line 7) that was under
 * way: let it come where nothing else does.
 */
#define PIC_VECTORS 0xe0

static volatile u8 *local_apic;
static volatile u8 *io_apic;
u64 apic_timer_hz;

static u32 local_read(enum apic_register reg)
{
	return *(volatile u32 *)(volatile void *)(local_apic + reg);
}

static void local_write(enum apic_register reg, u32 value)
{
	*(volatile u32 *)(volatile void *)(local_apic + reg) = value;
}

static u32 io_read(u32 index)
{
	*(volatile u32 *)(volatile void *)(io_apic + IO_APIC_INDEX) = index;
	return *(volatile u32 *)(volatile void *)(io_apic + IO_APIC_WINDOW);
}

static void io_write(u32 index, u32 value)
{
	*(volatile u32 *)(volatile void *)(io_apic + IO_APIC_INDEX) = index;
	*(volatile u32 *)(volatile void *)(io_apic + IO_APIC_WINDOW) = value;
}

static void pic_disable(void)
{
	/* Initialisation: four words each, then the mask. */
	port_out8(PIC_MASTER, PIC_INIT);
	port_out8(PIC_SLAVE, PIC_INIT);
	port_out8(PIC_MASTER + 1, PIC_VECTORS);
	port_out8(PIC_SLAVE + 1, PIC_VECTORS + 8);
	port_out8(PIC_MASTER + 1, 1 << PIC_SLAVE_LINE);
	port_out8(PIC_SLAVE + 1, PIC_SLAVE_LINE);
	port_out8(PIC_MASTER + 1, PIC_8086_MODE);
	port_out8(PIC_SLAVE + 1, PIC_8086_MODE);
	port_out8(PIC_MASTER + 1, 0xff);
	port_out8(PIC_SLAVE + 1, 0xff);
}

/* Registers in memory at APIC_LOCAL_PADDR, whatever the firmware chose. */
static void local_enable(void)
{
	u64 base = msr_read(MSR_APIC_BASE);

	/* From x2APIC mode the way back leads through "off". */
	if (base & APIC_BASE_X2APIC)
		msr_write(MSR_APIC_BASE,
			  base & ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE));
	base &= ~PAGE_MASK & ~APIC_BASE_X2APIC;
	msr_write(MSR_APIC_BASE, base | APIC_LOCAL_PADDR | APIC_BASE_ENABLE);

	local_write(APIC_TASK_PRIORITY, 0);
	local_write(APIC_LVT_TIMER, LVT_MASKED);
	local_write(APIC_LVT_LINT0, LVT_MASKED); /* the 8259s' line */
	local_write(APIC_LVT_LINT1, LVT_NMI);
	local_write(APIC_LVT_ERROR, LVT_MASKED);
	local_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	local_write(APIC_SPURIOUS, SPURIOUS_APIC_ENABLE | TRAP_SPURIOUS);
	apic_end_of_interrupt();
}

void apic_init(volatile void *local, volatile void *io)
{
	u32 last;

	ASSERT(cpu_features.apic && !local_apic);
	local_apic = local;
	io_apic = io;
	pic_disable();
	last = io_read(IO_APIC_VERSION) >> 16 & 0xff;
	for (u32 line = 0; line <= last; line++)
		io_write(IO_APIC_REDIRECTION(line), REDIRECTION_MASKED);
	local_enable();
}

void apic_init_cpu(void)
{
	local_enable();
}

void apic_timer_start(u64 period_ns)
{
	/* Both factors below 2^32, so the product fits. */
	ASSERT(apic_timer_hz <= UINT32_MAX && period_ns <= UINT32_MAX);

	u64 count = apic_timer_hz * period_ns / 1000000000;
	ASSERT(count > 0 && count <= UINT32_MAX);
	local_write(APIC_LVT_TIMER, LVT_TIMER_PERIODIC | TRAP_TIMER);
	local_write(APIC_TIMER_INITIAL, (u32)count);
}

void apic_timer_start_count(u32 count)
{
	local_write(APIC_LVT_TIMER, LVT_MASKED);
	local_write(APIC_TIMER_INITIAL, count);
}

u32 apic_timer_current(void)
{
	return local_read(APIC_TIMER_CURRENT);
}

void apic_route_irq(unsigned int irq, unsigned int vector)
{
	/*
	 * ISA lines are edge-triggered, active high, and arrive at the pin of
	 * the same number (but for line 0, the 8254 timer, which is not used).
	 * All other bits zero: fixed delivery to one CPU by its APIC number.
	 */
	ASSERT(irq > 0 && irq < 16);
	io_write(IO_APIC_REDIRECTION(irq) + 1,
		 this_cpu()->apic_id << REDIRECTION_CPU_SHIFT);
	io_write(IO_APIC_REDIRECTION(irq), vector);
}

void apic_end_of_interrupt(void)
{
	local_write(APIC_END_OF_INTERRUPT, 0);
}

/*
 * Two writes make one message, so no interrupt handler may send another in
 * between.
 */
static void send(u32 apic_id, u32 command)
{
	u64 rflags = interrupts_save();

	while (local_read(APIC_COMMAND) & COMMAND_PENDING)
		cpu_pause();
	local_write(APIC_COMMAND_TARGET, apic_id << COMMAND_TARGET_SHIFT);
	local_write(APIC_COMMAND, command);
	interrupts_restore(rflags);
}

void apic_send_interrupt(u32 apic_id, unsigned int vector)
{
	send(apic_id, COMMAND_ASSERT | vector);
}

void apic_send_init(u32 apic_id)
{
	send(apic_id, COMMAND_ASSERT | COMMAND_INIT);
}

void apic_send_startup(u32 apic_id, paddr_t page)
{
	ASSERT(is_aligned(page.val, PAGE_SIZE) && page.val < 0x100000);
	send(apic_id,
	     COMMAND_ASSERT | COMMAND_STARTUP | (u32)(page.val >> PAGE_SHIFT));
}
