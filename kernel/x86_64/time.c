/*
 * time.c - see time.h
 *
 * Under TCG and on a busy host the machine may be stopped for milliseconds
 * between any two instructions, so each sample is taken several times and
 * the one with the least time between its two ends is kept.
 */
#include "kernel/x86_64/time.h"

#include "kernel/lib/printk.h"
#include "kernel/x86_64/apic.h"
#include "kernel/x86_64/asm/insn.h"

#define NS_PER_SECOND 1000000000UL

/* ---- The 8254 timer, channel 2 ---- */

#define PIT_HZ 1193182
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_SET_CHANNEL_2 0xb0 /* both bytes, count down once (mode 0) */
#define PIT_LATCH_CHANNEL_2 0x80

#define PIT_GATE 0x61 /* the keyboard controller's port B */
#define GATE_CHANNEL_2 0x01
#define GATE_SPEAKER 0x02
#define GATE_OUTPUT_2 0x20 /* channel 2 has counted down to zero */

#define PIT_START 0xffff /* it takes 55 ms to count down */
#define PIT_MEASURE (PIT_HZ / 100) /* 10 ms */

static u16 pit_read(void)
{
	port_out8(PIT_COMMAND, PIT_LATCH_CHANNEL_2);
	u8 low = port_in8(PIT_CHANNEL_2);
	return (u16)(low | port_in8(PIT_CHANNEL_2) << 8);
}

static void pit_start(void)
{
	u8 gate = port_in8(PIT_GATE) & (u8) ~(GATE_CHANNEL_2 | GATE_SPEAKER);

	port_out8(PIT_GATE, gate);
	port_out8(PIT_COMMAND, PIT_SET_CHANNEL_2);
	port_out8(PIT_CHANNEL_2, PIT_START & 0xff);
	port_out8(PIT_CHANNEL_2, PIT_START >> 8);
	port_out8(PIT_GATE, gate | GATE_CHANNEL_2);
}

/* ---- Measuring the TSC and the APIC timer against it ---- */

struct sample {
	u64 tsc;
	u32 apic; /* counts down */
	u16 pit; /* counts down */
};

#define SAMPLE_TRIES 5
/* A dead 8254 never changes: give up after so many reads. */
#define PIT_READS_MAX 100000

/*
 * The moment the 8254 ticks, on all three clocks: with one tick being 838 ns,
 * waiting for it makes 10 ms accurate to some nanoseconds, if nothing
 * comes in between.
 */
static struct sample sample_tick(void)
{
	struct sample best = { 0 };
	u64 best_width = UINT64_MAX;

	for (int try = 0; try < SAMPLE_TRIES; try++) {
		u16 previous = pit_read();
		struct sample sample;
		u64 before;

		for (int i = 0; i < PIT_READS_MAX; i++) {
			before = tsc_read();
			sample.pit = pit_read();
			sample.apic = apic_timer_current();
			sample.tsc = tsc_read();
			if (sample.pit != previous)
				break;
		}
		if (sample.tsc - before < best_width) {
			best_width = sample.tsc - before;
			best = sample;
		}
	}
	return best;
}

/* Some microseconds without touching a port, which is slow under QEMU. */
static void spin_a_little(void)
{
	for (volatile int i = 0; i < 1000; i++)
		;
}

/*
 * Real oscillators and emulated ones have round rates: what the measurement
 * cannot tell from a multiple of 1 MHz is one.
 */
static u64 round_rate(u64 hz)
{
	u64 mhz = (hz + 500000) / 1000000 * 1000000;
	u64 error = hz > mhz ? hz - mhz : mhz - hz;

	return error * 20000 < hz ? mhz : hz; /* 50 in a million */
}

static u64 tsc_at_boot;
static u64 tsc_hz;
static u64 ns_per_tick_32; /* in units of 2^-32 ns */

/*
 * Return: false: the machine stood still for so long that the 8254 ran down,
 * after which its count says nothing about the time.
 */
static bool take_samples(struct sample *start, struct sample *end)
{
	apic_timer_start_count(UINT32_MAX);
	pit_start();
	*start = sample_tick();
	for (int i = 0; i < PIT_READS_MAX; i++) {
		if ((u16)(start->pit - pit_read()) >= PIT_MEASURE)
			break;
		spin_a_little();
	}
	*end = sample_tick();
	apic_timer_start_count(0);
	return !(port_in8(PIT_GATE) & GATE_OUTPUT_2);
}

#define MEASURE_TRIES 100

static void rates_measure(void)
{
	struct sample start, end;
	u16 ticks;

	for (int try = 0; try < MEASURE_TRIES; try++)
		if (take_samples(&start, &end) || start.pit == end.pit)
			break; /* good, or nothing counts at all */
	ticks = (u16)(start.pit - end.pit);
	if (ticks < PIT_MEASURE) {
		log_warning("calf: no 8254 timer: assuming 1 GHz clocks\n");
		tsc_hz = NS_PER_SECOND;
		apic_timer_hz = NS_PER_SECOND;
		return;
	}
	tsc_hz = round_rate((end.tsc - start.tsc) * PIT_HZ / ticks);
	apic_timer_hz =
		round_rate((u64)(start.apic - end.apic) * PIT_HZ / ticks);
}

/* ---- The CMOS clock ---- */

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

enum cmos_register {
	CMOS_SECOND = 0x00,
	CMOS_MINUTE = 0x02,
	CMOS_HOUR = 0x04,
	CMOS_DAY = 0x07,
	CMOS_MONTH = 0x08,
	CMOS_YEAR = 0x09, /* of the century: 20xx */
	CMOS_STATUS_A = 0x0a,
	CMOS_STATUS_B = 0x0b,
};

#define STATUS_A_UPDATING 0x80
#define STATUS_B_BINARY 0x04
#define STATUS_B_24_HOURS 0x02
#define HOUR_PM 0x80

struct cmos_time {
	u8 second;
	u8 minute;
	u8 hour;
	u8 day;
	u8 month;
	u8 year;
};

static u8 cmos_read(enum cmos_register reg)
{
	port_out8(CMOS_INDEX, (u8)reg);
	return port_in8(CMOS_DATA);
}

static struct cmos_time cmos_read_time(void)
{
	/* An update takes 2 ms at most; a missing clock reads as all ones. */
	for (int i = 0; i < PIT_READS_MAX; i++) {
		if (!(cmos_read(CMOS_STATUS_A) & STATUS_A_UPDATING))
			break;
	}
	return (struct cmos_time){
		.second = cmos_read(CMOS_SECOND),
		.minute = cmos_read(CMOS_MINUTE),
		.hour = cmos_read(CMOS_HOUR),
		.day = cmos_read(CMOS_DAY),
		.month = cmos_read(CMOS_MONTH),
		.year = cmos_read(CMOS_YEAR),
	};
}

static u8 bcd_to_binary(u8 bcd)
{
	return (u8)((bcd >> 4) * 10 + (bcd & 0xf));
}

static void cmos_decode(struct cmos_time *time)
{
	u8 status = cmos_read(CMOS_STATUS_B);
	bool pm = time->hour & HOUR_PM;

	time->hour &= (u8)~HOUR_PM;
	if (!(status & STATUS_B_BINARY)) {
		time->second = bcd_to_binary(time->second);
		time->minute = bcd_to_binary(time->minute);
		time->hour = bcd_to_binary(time->hour);
		time->day = bcd_to_binary(time->day);
		time->month = bcd_to_binary(time->month);
		time->year = bcd_to_binary(time->year);
	}
	if (!(status & STATUS_B_24_HOURS))
		time->hour = (u8)(time->hour % 12 + (pm ? 12 : 0));
}

/*
 * Days since 1 January 1970.  Counting years from March puts the leap day last
 * and makes the months' lengths a regular pattern: 153 days in five.
 */
static u64 days_since_1970(u64 year, u64 month, u64 day)
{
	u64 y = month <= 2 ? year - 1 : year;
	u64 m = month <= 2 ? month + 9 : month - 3;
	u64 days = y * 365 + y / 4 - y / 100 + y / 400;

	return days + (153 * m + 2) / 5 + day - 1 - 719468;
}

static u64 cmos_epoch_seconds(void)
{
	struct cmos_time time = cmos_read_time();

	cmos_decode(&time);
	if (time.month < 1 || time.month > 12 || time.day < 1)
		return 0; /* no clock */
	return days_since_1970(2000UL + time.year, time.month, time.day) *
		       86400 +
	       time.hour * 3600UL + time.minute * 60UL + time.second;
}

/* ---- The interface ---- */

static u64 boot_epoch_seconds;

void time_init(void)
{
	rates_measure();
	ns_per_tick_32 = (NS_PER_SECOND << 32) / tsc_hz;
	tsc_at_boot = tsc_read();
	boot_epoch_seconds = cmos_epoch_seconds();
	log_info("calf: TSC %lu Hz, APIC timer %lu Hz\n", tsc_hz,
		 apic_timer_hz);
}

u64 time_tsc_hz(void)
{
	return tsc_hz;
}

u64 time_since_boot_ns(void)
{
	/* Called before time_init(), it answers 0. */
	unsigned __int128 ns_32 =
		(unsigned __int128)(tsc_read() - tsc_at_boot) * ns_per_tick_32;

	return (u64)(ns_32 >> 32);
}

u64 time_boot_epoch_seconds(void)
{
	return boot_epoch_seconds;
}
