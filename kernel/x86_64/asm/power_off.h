/*
 * power_off.h - the end of everything
 */
#pragma once

#include "kernel/x86_64/asm/insn.h"

#define POWER_QEMU_EXIT_PORT 0xf4 /* isa-debug-exit, if QEMU was given it */
/* The power management block of QEMU's chip sets; S5 is type 0 there. */
#define POWER_ACPI_PORT 0x604
#define POWER_SLEEP_ENABLE (1U << 13)

/* Tell QEMU's isa-debug-exit, then try the power button, then halt. */
static inline void __noreturn power_off(u8 exit_status)
{
	interrupts_off();
	port_out8(POWER_QEMU_EXIT_PORT, exit_status);
	port_out16(POWER_ACPI_PORT, POWER_SLEEP_ENABLE);
	while (1)
		cpu_halt();
}
