/*
 * sys_time.c - clocks, and sleep by the clock
 *
 * Sources: clock_gettime(2), clock_nanosleep(2), adjtimex(2); Linux v6.12
 * kernel/time/posix-timers.c and time.c for the order of the checks.
 */
#include "kernel/syscalls.h"

#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/process_timers.h"
#include "kernel/proc/sched.h"
#include "kernel/timer.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/time.h"
#include "mm/uaccess.h"

i64 sys_clock_gettime(int clock, vaddr_t to)
{
	struct linux_timespec time;
	u64 ns;
	int error = clock_read(clock, &ns);

	if (error)
		return error;
	time = ns_to_timespec(ns);
	return copy_to_user(to, &time, sizeof(time));
}

/* CPU time is sampled at the tick; a negative number is a process's clock. */
static bool is_cpu_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID ||
	       clock == CLOCK_THREAD_CPUTIME_ID;
}

i64 sys_clock_getres(int clock, vaddr_t to)
{
	struct linux_timespec resolution = { .nanoseconds = 1 };
	u64 ns;
	int error = clock_read(clock, &ns);

	if (error)
		return error;
	if (is_cpu_clock(clock))
		resolution.nanoseconds = SCHED_TICK_NS;
	return to.val ? copy_to_user(to, &resolution, sizeof(resolution)) : 0;
}

i64 sys_gettimeofday(vaddr_t to, vaddr_t zone)
{
	struct linux_timeval time = ns_to_timeval(clock_realtime_ns());
	int error = 0;

	if (to.val)
		error = copy_to_user(to, &time, sizeof(time));
	/* A time zone of zeros. */
	if (!error && zone.val)
		error = zero_user(zone, 2 * sizeof(u32));
	return error;
}

i64 sys_time(vaddr_t to)
{
	u64 seconds = clock_realtime_ns() / NS_PER_SECOND;
	int error = 0;

	if (to.val)
		error = copy_to_user(to, &seconds, sizeof(seconds));
	return error ? error : (i64)seconds;
}

/* ---- Setting ------------------------------------------------------------- */

i64 sys_clock_settime(int clock, vaddr_t from)
{
	struct linux_timespec time;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (copy_from_user(&time, from, sizeof(time)) != 0)
		return -EFAULT;
	if (!timespec_is_valid(&time))
		return -EINVAL;
	if (!is_capable(CAP_SYS_TIME))
		return -EPERM;
	clock_set_realtime(timespec_to_ns(&time));
	return 0;
}

i64 sys_settimeofday(vaddr_t from, vaddr_t zone)
{
	struct linux_timeval time;
	u32 minutes_west[2];

	/* The zone is of no use to anybody. */
	if (zone.val &&
	    copy_from_user(minutes_west, zone, sizeof(minutes_west)) != 0)
		return -EFAULT;
	if (!from.val)
		return 0;
	if (copy_from_user(&time, from, sizeof(time)) != 0)
		return -EFAULT;
	if (time.seconds < 0 || time.microseconds < 0 ||
	    time.microseconds >= US_PER_SECOND)
		return -EINVAL;
	if (!is_capable(CAP_SYS_TIME))
		return -EPERM;
	clock_set_realtime(timespec_to_ns(&(struct linux_timespec){
		time.seconds, time.microseconds * 1000 }));
	return 0;
}

/* adjtimex(2) */
#define STA_UNSYNC 0x40
#define TIME_ERROR 5
#define MAX_ERROR_US 16000000

struct linux_timex {
	u32 modes;
	i64 offset;
	i64 frequency;
	i64 max_error_us;
	i64 estimated_error_us;
	i32 status;
	i64 constant;
	i64 precision_us;
	i64 tolerance;
	struct linux_timeval time;
	i64 tick_us;
	i64 pulse[8];
	i32 tai;
	u32 padding[11];
};

_Static_assert(sizeof(struct linux_timex) == 208, "Linux's layout");

/* A clock that nobody disciplines.  Return: TIME_ERROR: it says so. */
i64 sys_adjtimex(vaddr_t address)
{
	struct linux_timex timex;

	if (copy_from_user(&timex, address, sizeof(timex)) != 0)
		return -EFAULT;
	if (timex.modes)
		return -EPERM;
	timex = (struct linux_timex){
		.max_error_us = MAX_ERROR_US,
		.estimated_error_us = MAX_ERROR_US,
		.status = STA_UNSYNC,
		.constant = 2,
		.precision_us = 1,
		.tolerance = 500L << 16, /* 500 in a million */
		.time = ns_to_timeval(clock_realtime_ns()),
		.tick_us = (i64)SCHED_TICK_NS / 1000,
	};
	if (copy_to_user(address, &timex, sizeof(timex)) != 0)
		return -EFAULT;
	return TIME_ERROR;
}

i64 sys_clock_adjtime(int clock, vaddr_t timex)
{
	u64 ns;

	if (clock_read(clock, &ns) != 0)
		return -EINVAL;
	return clock == CLOCK_REALTIME ? sys_adjtimex(timex) : -EOPNOTSUPP;
}

/* ---- Sleep -------------------------------------------------------------- */

struct sleep {
	struct timer timer;
	struct wait_queue over;
	bool is_over;
};

static void sleep_expire(struct timer *timer, u64 count)
{
	struct sleep *sleep = container_of(timer, struct sleep, timer);

	(void)count;
	sleep->is_over = true;
	wait_wake_all(&sleep->over);
}

/*
 * @left_ns: gets what is left when a signal comes first.
 * Return: 0, or -ERESTARTNOHAND.
 */
static int sleep_until(const struct timer_setting *until, u64 *left_ns)
{
	const struct timer_owner owner = { .process = current_task()->process };
	struct sleep sleep = { .is_over = false };
	u64 interval_ns;
	int error;

	wait_queue_init(&sleep.over, "sleep");
	timer_init(&sleep.timer, until->clock, &owner, sleep_expire);
	timer_set(&sleep.timer, until);
	error = wait_event_interruptible(&sleep.over, READ_ONCE(sleep.is_over));
	timer_read(&sleep.timer, left_ns, &interval_ns);
	timer_cancel(&sleep.timer);
	return error ? -ERESTARTNOHAND : 0;
}

/*
 * Until a time that stays the same when a signal without a handler interrupts.
 */
static i64 sleep_restartable(const struct restart *how)
{
	struct restart restart = *how;
	const struct timer_setting until = {
		.clock = (enum timer_clock)restart.count,
		.next_ns = restart.deadline_ns,
	};
	struct linux_timespec left;
	u64 left_ns;

	if (sleep_until(&until, &left_ns) == 0)
		return 0;
	left = ns_to_timespec(left_ns);
	if (restart.address.val &&
	    copy_to_user(restart.address, &left, sizeof(left)) != 0)
		return -EFAULT;
	current_task()->restart = restart;
	return -ERESTARTBLOCK;
}

static i64 sleep_relative(enum timer_clock clock, u64 ns, vaddr_t remaining)
{
	const struct timer_owner owner = { .process = current_task()->process };
	const struct restart restart = {
		.call = sleep_restartable,
		.deadline_ns = timer_clock_now(clock, &owner) + ns,
		.address = remaining,
		.count = clock,
	};

	return sleep_restartable(&restart);
}

i64 sys_nanosleep(vaddr_t request, vaddr_t remaining)
{
	struct linux_timespec time;

	if (copy_from_user(&time, request, sizeof(time)) != 0)
		return -EFAULT;
	if (!timespec_is_valid(&time))
		return -EINVAL;
	return sleep_relative(TIMER_BOOT, timespec_to_ns(&time), remaining);
}

i64 sys_clock_nanosleep(int id, int flags, vaddr_t request, vaddr_t remaining)
{
	struct linux_timespec time;
	struct timer_setting until = { .interval_ns = 0 };
	u64 left_ns;
	int error = timer_clock_of_id(id, &until.clock);

	if (error)
		return error;
	if (id == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL; /* it stands still while one sleeps */
	if (copy_from_user(&time, request, sizeof(time)) != 0)
		return -EFAULT;
	if (!timespec_is_valid(&time))
		return -EINVAL;
	until.next_ns = timespec_to_ns(&time);
	if (flags & TIMER_ABSTIME)
		return until.next_ns ? sleep_until(&until, &left_ns) : 0;
	/* How long does not depend on how the clock is set. */
	if (until.clock == TIMER_REALTIME)
		until.clock = TIMER_BOOT;
	return sleep_relative(until.clock, until.next_ns, remaining);
}
