/*
 * apic.h - local APIC (timer, end of interrupt) and I/O APIC (device lines)
 *
 * The legacy 8259 pair is masked for good.
 * Source: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller".
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

/* Physical addresses until the ACPI tables are read. */
#define APIC_LOCAL_PADDR 0xfee00000UL
#define APIC_IO_PADDR 0xfec00000UL

/**
 * apic_init() - mask the 8259s, enable the local APIC of this CPU
 * @local: its registers, one page, mapped uncached
 * @io: the I/O APIC's registers, likewise
 *
 * => once, on the first CPU
 */
void apic_init(volatile void *local, volatile void *io);
/* The local APIC of every other CPU; at the same address on each. */
void apic_init_cpu(void);

/* Interrupt every @period_ns on TRAP_TIMER.  => time_init() has run */
void apic_timer_start(u64 period_ns);

/* Deliver ISA line @irq (4: COM1) to this CPU as @vector. */
void apic_route_irq(unsigned int irq, unsigned int vector);

void apic_end_of_interrupt(void);

/* Messages to the CPU whose local APIC has number @apic_id. */
void apic_send_interrupt(u32 apic_id, unsigned int vector);
void apic_send_init(u32 apic_id);
/* Start at the beginning of @page, below 1 MiB, in real mode. */
void apic_send_startup(u32 apic_id, paddr_t page);

/* Timer ticks a second, measured by time_init() by means of the next two. */
extern u64 apic_timer_hz;
/* Count down from @count once, without an interrupt; 0 stops the timer. */
void apic_timer_start_count(u32 count);
u32 apic_timer_current(void);
