/*
 * loadavg.h - how many tasks wanted to run, on average
 *
 * Owns: three averages, in which a sample counts the less the older it is:
 * to 1/e after one, five and fifteen minutes.
 * Locks: none; written by the timer interrupt of the first CPU.
 * Source: Linux v6.12 include/linux/sched/loadavg.h.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

#define LOADAVG_PERIODS 3

/* Is it time for a sample?  One is due every five seconds. */
bool loadavg_is_due(void);
/* @running: tasks that run or would like to, now */
void loadavg_sample(u64 running);
/* Of period 0, 1 or 2, in hundredths of a task, rounded. */
u64 loadavg_hundredths(u32 period);
