/*
 * poll.h - waiting until one of several files is ready
 *
 * Owns: struct poll_table, the wait queues one sleeper waits on, and the loop
 * around it.  A file's poll operation does two things at once: it says what
 * the file is ready for now, and with poll_wait() whose wake-up would
 * change that.
 * Locks: none; a sleeper first registers, then looks, then sleeps (wait.h), so
 * a wake-up between looking and sleeping is not lost.
 * See: poll(2); Linux v6.12 fs/select.c do_poll().
 */
#pragma once

#include "kernel/fs/file.h"

#define POLLIN 0x001u
#define POLLPRI 0x002u
#define POLLOUT 0x004u
#define POLLERR 0x008u
#define POLLHUP 0x010u
#define POLLNVAL 0x020u
#define POLLRDNORM 0x040u
#define POLLRDBAND 0x080u
#define POLLWRNORM 0x100u
#define POLLWRBAND 0x200u

/* What a file is ready for that never lets anybody wait. */
#define POLL_ALWAYS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
/* Reported whether asked for or not. */
#define POLL_UNASKED (POLLERR | POLLHUP)

struct poll_table {
	struct list_node entries; /* struct poll_entry */
	struct file *file; /* the one that is being asked */
	u32 events; /* what its asker wants to know of */
	/* Changes with each wake-up of its queues: for edge triggering. */
	u64 activity;
	int error; /* -ENOMEM: not all queues could be noted */
};

/* For poll operations: a wake-up of @queue means: look again. */
void poll_wait(struct poll_table *table, struct wait_queue *queue);

/**
 * file_poll() - what is @file ready for?
 * @events: what the caller wants to know of
 *
 * => does not sleep; the queues it notes keep @file open until
 *    the end of this round of poll_loop()
 *
 * Return: those of @events, POLLERR, POLLHUP and POLLNVAL that are true now.
 */
u32 file_poll(struct file *file, u32 events, struct poll_table *table);

/* Look once.  Return: how many are ready, or a negative errno. */
typedef int poll_scan_fn(void *argument, struct poll_table *table);

/**
 * poll_loop() - call @scan until something is ready
 * @deadline_ns: since boot; 0: only once; or WAIT_FOREVER
 *
 * Return: as @scan; 0: the time is over; -ERESTARTNOHAND.
 */
int poll_loop(poll_scan_fn *scan, void *argument, u64 deadline_ns) __must_check;
