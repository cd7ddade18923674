/*
 * clock.h - the clocks of clock_gettime(2)
 *
 * Owns: the time of day, which is the time since boot plus what was read from
 * the machine's clock or set since.  The time since boot itself is
 * kernel/x86_64/time.h's, CPU time the scheduler's.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct task;

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_TAI 11

#define TIMER_ABSTIME 1

/* Nanoseconds since 1970. */
u64 clock_realtime_ns(void);
/* The time of day at boot, by the clock as it is set now. */
u64 clock_boot_epoch_ns(void);

/**
 * clock_set_realtime() - from now on it is @ns since 1970
 *
 * => timers that wait for a time of day are moved accordingly
 */
void clock_set_realtime(u64 ns);

/* User and kernel time of @task. */
u64 clock_thread_ns(const struct task *task);

/* Return: 0 and the time, or -EINVAL: no such clock. */
int clock_read(int clock, u64 *ns) __must_check;
