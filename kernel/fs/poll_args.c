/*
 * poll_args.c - see poll_args.h
 */
#include "kernel/fs/poll_args.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/time.h"
#include "mm/uaccess.h"

#define NS_PER_SECOND 1000000000L
#define NS_PER_MS 1000000UL

/* 292 years are as good as forever, and cannot overflow. */
#define SECONDS_MAX (INT64_MAX / NS_PER_SECOND / 2)

u64 poll_deadline_ms(int ms)
{
	if (ms < 0)
		return WAIT_FOREVER;
	return time_since_boot_ns() + (u64)ms * NS_PER_MS;
}

int poll_deadline_read(vaddr_t from, enum poll_unit unit, u64 *deadline_ns)
{
	struct linux_timespec time;

	*deadline_ns = WAIT_FOREVER;
	if (!from.val)
		return 0;
	if (copy_from_user(&time, from, sizeof(time)) != 0)
		return -EFAULT;
	if (unit == POLL_TIMEVAL) { /* select(2) takes any sum of the two */
		if (time.nanoseconds < 0)
			return -EINVAL;
		time.seconds += time.nanoseconds / 1000000;
		time.nanoseconds = time.nanoseconds % 1000000 * 1000;
	}
	if (time.seconds < 0 || time.nanoseconds < 0 ||
	    time.nanoseconds >= NS_PER_SECOND)
		return -EINVAL;
	if (time.seconds < SECONDS_MAX)
		*deadline_ns =
			time_since_boot_ns() +
			(u64)(time.seconds * NS_PER_SECOND + time.nanoseconds);
	return 0;
}

void poll_deadline_write(vaddr_t to, enum poll_unit unit, u64 deadline_ns)
{
	u64 now_ns = time_since_boot_ns();
	u64 left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
	struct linux_timespec time = {
		.seconds = (i64)left_ns / NS_PER_SECOND,
		.nanoseconds = (i64)left_ns % NS_PER_SECOND,
	};

	if (!to.val || deadline_ns == WAIT_FOREVER)
		return;
	if (unit == POLL_TIMEVAL)
		time.nanoseconds /= 1000;
	(void)!copy_to_user(to, &time, sizeof(time));
}

int poll_mask_set(vaddr_t mask, u64 bytes)
{
	sigset_t blocked;

	if (!mask.val)
		return 0;
	if (bytes != sizeof(blocked))
		return -EINVAL;
	if (copy_from_user(&blocked, mask, sizeof(blocked)) != 0)
		return -EFAULT;
	signal_swap_blocked(blocked);
	return 0;
}

void poll_mask_restore(i64 result)
{
	struct signal_state *state = &current_task()->signal;

	if (!state->has_saved || result == -ERESTARTNOHAND || result == -EINTR)
		return;
	state->has_saved = false;
	signal_set_blocked(state->saved_blocked);
}
