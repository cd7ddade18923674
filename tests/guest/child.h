/* SPDX-License-Identifier: MIT */
/*
 * tests/guest/child.h - children that stop, and cannot outlive a failed test.
 *
 * A stopped child that holds the test's output would keep whoever reads that
 * waiting for ever.  So these hold none, and a pipe from the parent tells
 * those who wait in hold() that it is gone; stopped ones are orphans then and
 * get SIGHUP from the kernel.
 */
#pragma once

#include "guest.h"

static struct gate parent_gate;

/* In the parent, before the first child. */
static inline void children_init(void)
{
	parent_gate = gate_make();
}

/* In a child: no output, no writing end of the parent's pipe. */
static inline void child_begin(void)
{
	int null = open("/dev/null", O_WRONLY);

	CHECK_OK(dup2(null, STDOUT_FILENO));
	CHECK_OK(dup2(null, STDERR_FILENO));
	close(null);
	close(parent_gate.fd[1]);
}

/* Sleep until the parent has ended; interrupted calls go on. */
static inline void hold(void)
{
	char byte;

	while (read(parent_gate.fd[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(98);
}

/* A child in a process group of its own that only waits. */
static inline pid_t start_holding(void)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		child_begin();
		setpgid(0, 0);
		hold();
	}
	setpgid(pid, pid);
	return pid;
}

static inline void end_child(pid_t pid)
{
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(wait_for(pid), SIGKILL);
}

/* A status of waitpid(2) in words, stops included. */
static inline const char *status_text(int status)
{
	static char text[48];

	if (WIFCONTINUED(status))
		return "continued";
	if (!WIFSTOPPED(status))
		return how_ended(status);
	snprintf(text, sizeof(text), "stopped by %d", WSTOPSIG(status));
	return text;
}

/* The state of a process as /proc shows it. */
static inline char state_of(pid_t pid)
{
	char path[32], text[256], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(path, text, sizeof(text)) < 0)
		return '-';
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}
