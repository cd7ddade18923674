/*
 * loadavg.c - see loadavg.h
 */
#include "kernel/proc/loadavg.h"

#include "kernel/x86_64/time.h"

#define SAMPLE_NS 5000000000UL

/* Fixed point: 11 bits behind the point. */
#define FIXED_ONE 2048UL

/* FIXED_ONE / e^(5 s / 1 min), 5 min, 15 min. */
static const u64 decay[LOADAVG_PERIODS] = { 1884, 2014, 2037 };

static u64 average[LOADAVG_PERIODS];
static u64 next_sample_ns = SAMPLE_NS;

bool loadavg_is_due(void)
{
	return time_since_boot_ns() >= next_sample_ns;
}

void loadavg_sample(u64 running)
{
	u64 active = running * FIXED_ONE;

	next_sample_ns += SAMPLE_NS;
	for (u32 i = 0; i < LOADAVG_PERIODS; i++) {
		u64 sum =
			average[i] * decay[i] + active * (FIXED_ONE - decay[i]);

		if (active >= average[i])
			sum += FIXED_ONE - 1; /* or it never gets there */
		WRITE_ONCE(average[i], sum / FIXED_ONE);
	}
}

u64 loadavg_hundredths(u32 period)
{
	/* Half a hundredth is rounded up. */
	return (READ_ONCE(average[period]) * 100 + FIXED_ONE / 2) / FIXED_ONE;
}
