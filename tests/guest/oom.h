/* SPDX-License-Identifier: MIT */
/*
 * tests/guest/oom.h - what the tests of the OOM killer share.
 *
 * The test itself is protected; what takes memory is a child that is not.
 * On Linux such a test runs in a machine of its own, as root.
 */
#pragma once

#include "guest.h"

#define OOM_ADJ "/proc/self/oom_score_adj"
#define NEVER "-1000"

static inline void oom_adjust(const char *adjustment)
{
	if (file_write(OOM_ADJ, adjustment) < 0)
		FAIL("%s: %s: %s", OOM_ADJ, adjustment, errno_name(errno));
}

/* Processes the OOM killer has chosen since boot. */
static inline long oom_kills(void)
{
	return file_value("/proc/vmstat", "oom_kill");
}

/*
 * Free frames, as fail_nth.c counts them: how many frames the caches of kernel
 * objects need for the same objects depends on the order of freeing.
 */
static inline long oom_free(void)
{
	const char *file = "/proc/vmstat";

	return file_value(file, "nr_free_pages") +
	       (on_calf() ? file_value(file, "nr_slab_unreclaimable") : 0);
}

/* After everything: nobody is left, no frame is lost, all counts agree. */
static inline void oom_is_quiet(long free_before)
{
	if (!on_calf())
		return; /* Linux's free memory has many owners */
	/* Orphans end on their own: init waits for them. */
	for (int i = 0; i < 2000 && oom_free() != free_before; i++)
		usleep(1000);
	CHECK_EQ(oom_free(), free_before);
	run_check();
}

/* A child that may be chosen.  Return: its pid. */
static inline pid_t oom_child(const char *adjustment, void (*body)(void))
{
	pid_t pid = check_fork();

	if (pid == 0) {
		oom_adjust(adjustment);
		body();
		_exit(0);
	}
	return pid;
}

/* Take memory until somebody dies. */
static inline void oom_hog(void)
{
	for (;;) {
		volatile char *area = mmap(NULL, 64 * PAGE_SIZE,
					   PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (area == MAP_FAILED)
			_exit(2);
		write_pages(area, 0, 64, 'h');
	}
}
