/*
 * timespec.h - seconds and nanoseconds as system calls pass them, in one number
 *
 * Owns: the conversions of struct timespec and struct timeval.
 */
#pragma once

#include "kernel/fs/abi.h"

#define NS_PER_SECOND 1000000000L
#define US_PER_SECOND 1000000L

/* What is later than 146 years counts as that: sums of two still fit. */
#define TIMESPEC_SECONDS_MAX (INT64_MAX / NS_PER_SECOND / 2)

struct linux_timeval {
	i64 seconds;
	i64 microseconds;
};

struct linux_itimerspec {
	struct linux_timespec interval;
	struct linux_timespec value;
};

static inline bool timespec_is_valid(const struct linux_timespec *time)
{
	return time->seconds >= 0 && time->nanoseconds >= 0 &&
	       time->nanoseconds < NS_PER_SECOND;
}

/* => @time is valid */
static inline u64 timespec_to_ns(const struct linux_timespec *time)
{
	i64 seconds = time->seconds < TIMESPEC_SECONDS_MAX ?
			      time->seconds :
			      TIMESPEC_SECONDS_MAX;

	return (u64)(seconds * NS_PER_SECOND + time->nanoseconds);
}

static inline struct linux_timespec ns_to_timespec(u64 ns)
{
	return (struct linux_timespec){ (i64)ns / NS_PER_SECOND,
					(i64)ns % NS_PER_SECOND };
}

static inline struct linux_timeval ns_to_timeval(u64 ns)
{
	return (struct linux_timeval){ (i64)ns / NS_PER_SECOND,
				       (i64)ns % NS_PER_SECOND / 1000 };
}
