/*
 * main.c - where C begins: one thing after another until user mode runs
 */
#include "kernel/main.h"

#include "boot/boot_info.h"
#include "kernel/cmdline.h"
#include "kernel/cpus.h"
#include "kernel/dev/console.h"
#include "kernel/dev/debugcon.h"
#include "kernel/dev/keyboard.h"
#include "kernel/dev/screen.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/uart.h"
#include "kernel/exit_status.h"
#include "kernel/fs/fs_init.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/trace.h"
#include "kernel/memory_hooks.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/init.h"
#include "kernel/proc/sched.h"
#include "kernel/version.h"
#include "kernel/x86_64/apic.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/fpu.h"
#include "kernel/x86_64/time.h"
#include "mm/commit.h"
#include "mm/frame.h"
#include "mm/kspace.h"

static struct boot_info boot_info;

static void __noreturn refuse(enum exit_status status, const char *why)
{
	log_error("calf: cannot start: %s\n", why);
	cpu_power_off((u8)status);
}

/* From here on the log can be seen, as the command line wants it. */
static void log_start(void)
{
	bool has_serial = serial_init(cmdline.serial_mark);

	if (cmdline.quiet)
		serial_log_sink.max_level = LOG_WARNING;
	if (has_serial && !cmdline.log_debugcon)
		printk_add_sink(&serial_log_sink);
	if (debugcon_is_present())
		printk_add_sink(&debugcon_log_sink);
}

static void print_banner(void)
{
	struct frame_stats frames = frame_stats_read();
	const struct cpu_features *cpu = &cpu_features;

	log_info("calf: version " CALF_VERSION ", %lu MiB of memory, "
		 "%lu free; CPU:%s%s%s%s%s%s\n",
		 frames.total * PAGE_SIZE >> 20, frames.free * PAGE_SIZE >> 20,
		 cpu->smep ? " smep" : "", cpu->smap ? " smap" : "",
		 cpu->global_pages ? " pge" : "", cpu->pages_1g ? " 1g" : "",
		 cpu->xsave ? " xsave" : "", cpu->fsgsbase ? " fsgsbase" : "");
}

static void give_emergency_stacks(void)
{
	if (cpus_give_emergency_stacks(&cpus[0]) != 0)
		refuse(EXIT_NO_MEMORY, "too little memory");
}

/* The log is there once more, unless it would stand between the output. */
static void start_screen(void)
{
	bool has_screen = screen_init(&boot_info, cmdline.map);

	if (cmdline.quiet)
		screen_log_sink.max_level = LOG_WARNING;
	if (has_screen && !cmdline.log_debugcon)
		printk_add_sink(&screen_log_sink);
}

static void start_devices(void)
{
	apic_init(kspace_map_device(PADDR(APIC_LOCAL_PADDR), PAGE_SIZE),
		  kspace_map_device(PADDR(APIC_IO_PADDR), PAGE_SIZE));
	time_init();
	start_screen();
	apic_route_irq(UART_COM1_IRQ, TRAP_CONSOLE);
	apic_route_irq(UART_COM2_IRQ, TRAP_CONSOLE);
	apic_route_irq(KEYBOARD_IRQ, TRAP_CONSOLE);
	console_init(cmdline.tty_raw);
}

static void make_file_systems(void)
{
	int error = fs_init(&boot_info);

	if (error == -ENOENT)
		refuse(EXIT_NO_INITRAMFS, "there is no initramfs");
	if (error == -EINVAL)
		refuse(EXIT_NO_INITRAMFS, "the initramfs is damaged");
	if (error)
		refuse(EXIT_NO_MEMORY, "too little memory for the initramfs");
}

void kernel_main(u32 magic, paddr_t loader_info)
{
	int loader_error = boot_collect(magic, loader_info, &boot_info);

	cmdline_parse(boot_info.command_line);
	trace_init(cmdline.trace);
	log_start();
	if (loader_error)
		refuse(EXIT_BAD_LOADER, "unknown boot loader");

	cpu_init(&cpus[0]); /* descriptor tables, features */
	cpus_find(&boot_info); /* while all tables of ACPI are mapped */
	if (frame_init(&boot_info) != 0) /* physical memory */
		refuse(EXIT_NO_MEMORY, "too little memory");
	kspace_init(&boot_info); /* the final page tables */
	frame_init_high(&boot_info); /* memory above 4 GiB */
	commit_init(); /* how much may be promised */
	print_banner();
	give_emergency_stacks();
	fpu_init(); /* x87, SSE, AVX */
	sched_init(); /* this code is now the idle task */
	futex_init();
	memory_hooks_init(); /* who may use the last frames */
	start_devices(); /* interrupts, clock, console */
	TRACE(CLOCK, .value = time_tsc_hz(), .address = time_since_boot_ns());
	cpus_start(); /* the others */
	make_file_systems(); /* /, /proc, the initramfs */
	cmdline_apply(); /* switches of /proc/sys/vm */
	if (init_start() != 0) /* process 1 */
		refuse(EXIT_NO_MEMORY, "too little memory for init");
	screen_start();
	apic_timer_start(SCHED_TICK_NS); /* time slices */
	sched_idle();
}
