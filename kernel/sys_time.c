/*
 * sys_time.c - clocks, and sleep by the clock
 */
#include "kernel/syscalls.h"

#include "kernel/fs/abi.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/sched.h"
#include "kernel/x86_64/time.h"
#include "mm/uaccess.h"

#define NS_PER_SECOND 1000000000L

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7

#define TIMER_ABSTIME 1

static u64 realtime_ns(void)
{
	return time_boot_epoch_seconds() * NS_PER_SECOND + time_since_boot_ns();
}

/* Return: 0 and the time, or -EINVAL: no such clock. */
static int read_clock(int clock, u64 *ns)
{
	const struct task_usage *usage = &current_task()->usage;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns = realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_since_boot_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = usage->user_ns + usage->kernel_ns;
		return 0;
	}
	return -EINVAL;
}

static struct linux_timespec ns_to_timespec(u64 ns)
{
	return (struct linux_timespec){
		.seconds = (i64)(ns / NS_PER_SECOND),
		.nanoseconds = (i64)(ns % NS_PER_SECOND),
	};
}

i64 sys_clock_gettime(int clock, vaddr_t to)
{
	struct linux_timespec time;
	u64 ns;
	int error = read_clock(clock, &ns);

	if (error)
		return error;
	time = ns_to_timespec(ns);
	return copy_to_user(to, &time, sizeof(time));
}

i64 sys_clock_getres(int clock, vaddr_t to)
{
	struct linux_timespec resolution = { .nanoseconds = 1 };
	u64 ns;
	int error = read_clock(clock, &ns);

	if (error)
		return error;
	if (clock == CLOCK_PROCESS_CPUTIME_ID ||
	    clock == CLOCK_THREAD_CPUTIME_ID)
		resolution.nanoseconds = SCHED_TICK_NS;
	return to.val ? copy_to_user(to, &resolution, sizeof(resolution)) : 0;
}

i64 sys_gettimeofday(vaddr_t to, vaddr_t zone)
{
	/* The same layout, in microseconds; and a time zone of zeros. */
	struct linux_timespec time = ns_to_timespec(realtime_ns());
	int error = 0;

	time.nanoseconds /= 1000;
	if (to.val)
		error = copy_to_user(to, &time, sizeof(time));
	if (!error && zone.val)
		error = zero_user(zone, 2 * sizeof(u32));
	return error;
}

i64 sys_time(vaddr_t to)
{
	u64 seconds = realtime_ns() / NS_PER_SECOND;
	int error = 0;

	if (to.val)
		error = copy_to_user(to, &seconds, sizeof(seconds));
	return error ? error : (i64)seconds;
}

/* ---- Sleep -------------------------------------------------------------- */

/* Return: 0, -EFAULT or -EINVAL. */
static int read_timespec(vaddr_t from, u64 *ns)
{
	struct linux_timespec time;

	if (copy_from_user(&time, from, sizeof(time)) != 0)
		return -EFAULT;
	if (time.seconds < 0 || time.nanoseconds < 0 ||
	    time.nanoseconds >= NS_PER_SECOND)
		return -EINVAL;
	if (time.seconds > INT64_MAX / NS_PER_SECOND - 1)
		*ns = INT64_MAX; /* 292 years will do */
	else
		*ns = (u64)(time.seconds * NS_PER_SECOND + time.nanoseconds);
	return 0;
}

/* Return: 0, or -EINTR: a signal came first. */
static int sleep_until(u64 deadline_ns)
{
	int error;

	do {
		wait_prepare(TASK_INTERRUPTIBLE);
		error = wait_sleep(deadline_ns);
	} while (!error);
	wait_prepare(TASK_RUNNABLE);
	return error == -ETIMEDOUT ? 0 : -EINTR;
}

static i64 sleep_relative(u64 ns, vaddr_t remaining)
{
	u64 deadline_ns = time_since_boot_ns() + ns;
	struct linux_timespec left;
	u64 now_ns;
	int error = sleep_until(deadline_ns);

	if (!error || !remaining.val)
		return error;
	now_ns = time_since_boot_ns();
	left = ns_to_timespec(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
	if (copy_to_user(remaining, &left, sizeof(left)) != 0)
		return -EFAULT;
	return error;
}

i64 sys_nanosleep(vaddr_t request, vaddr_t remaining)
{
	u64 ns;
	int error = read_timespec(request, &ns);

	return error ? error : sleep_relative(ns, remaining);
}

i64 sys_clock_nanosleep(int clock, int flags, vaddr_t request,
			vaddr_t remaining)
{
	u64 now_ns;
	u64 ns;
	int error = read_clock(clock, &now_ns);

	if (error)
		return error;
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	error = read_timespec(request, &ns);
	if (error)
		return error;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(ns, remaining);
	return ns > now_ns ? sleep_until(time_since_boot_ns() + (ns - now_ns)) :
			     0;
}
