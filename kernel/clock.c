/*
 * clock.c - see clock.h
 *
 * Source: clock_getres(2); Linux v6.12 include/linux/posix-timers.h for the
 * clocks that stand for the CPU time of a process.
 */
#include "kernel/clock.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/task.h"
#include "kernel/timer.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/time.h"

/* By how much the clock was set since boot.  Atomic. */
static u64 set_by_ns;

u64 clock_boot_epoch_ns(void)
{
	return time_boot_epoch_seconds() * NS_PER_SECOND +
	       __atomic_load_n(&set_by_ns, __ATOMIC_RELAXED);
}

u64 clock_realtime_ns(void)
{
	return clock_boot_epoch_ns() + time_since_boot_ns();
}

void clock_set_realtime(u64 ns)
{
	__atomic_fetch_add(&set_by_ns, ns - clock_realtime_ns(),
			   __ATOMIC_RELAXED);
	timers_clock_was_set();
}

u64 clock_thread_ns(const struct task *task)
{
	return READ_ONCE(task->usage.user_ns) +
	       READ_ONCE(task->usage.kernel_ns);
}

/*
 * A negative number is the clock of a process or a thread: ~pid above three
 * bits, which say of which and what to count.
 */
#define CPU_CLOCK_PID_SHIFT 3
#define CPU_CLOCK_WHAT 3
#define CPU_CLOCK_USER 1
#define CPU_CLOCK_NONE 3 /* of a device, by descriptor */
#define CPU_CLOCK_THREAD 4

static int read_process_clock(int clock, u64 *ns)
{
	u32 pid = ~(u32)clock >> CPU_CLOCK_PID_SHIFT;
	bool is_user = (clock & CPU_CLOCK_WHAT) == CPU_CLOCK_USER;
	struct task *task;

	if ((clock & CPU_CLOCK_WHAT) == CPU_CLOCK_NONE)
		return -EINVAL;
	task = task_find_get(pid ? pid : current_task()->pid);
	if (!task)
		return -EINVAL;
	if (clock & CPU_CLOCK_THREAD)
		*ns = is_user ? READ_ONCE(task->usage.user_ns) :
				clock_thread_ns(task);
	else
		*ns = is_user ? READ_ONCE(task->process->user_ns) :
				process_cpu_ns(task->process);
	task_put(task);
	return 0;
}

int clock_read(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI: /* nobody has told of leap seconds */
		*ns = clock_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_since_boot_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_cpu_ns(current_task()->process);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = clock_thread_ns(current_task());
		return 0;
	}
	return clock < 0 ? read_process_clock(clock, ns) : -EINVAL;
}
