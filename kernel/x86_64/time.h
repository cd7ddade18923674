/*
 * time.h - the clock: nanoseconds since boot from the time-stamp counter
 *
 * The TSC's and the APIC timer's rates are measured once against the 8254
 * timer, whose rate is fixed (1,193,182 Hz).
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* => interrupts are off; apic_init() has run.  Takes about 10 ms. */
void time_init(void);
u64 time_since_boot_ns(void);
/* The rate of the time-stamp counter. */
u64 time_tsc_hz(void);
/* Seconds since 1970 at boot, from the CMOS clock (UTC). */
u64 time_boot_epoch_seconds(void);
