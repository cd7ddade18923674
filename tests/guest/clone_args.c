/* SPDX-License-Identifier: MIT */
/* guest-test: host=yes */
/*
 * clone(2) and clone3(2) by themselves: which flags go together, and what the
 * kernel writes where.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>

#include "guest.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	uint64_t unknown;
};

static long clone3(struct args *args, size_t size)
{
	return syscall(SYS_clone3, args, size);
}

static void numbers(void)
{
	struct args args = { .exit_signal = SIGCHLD };
	int child_tid = 0, parent_tid = 0;
	long pid;

	args.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID;
	args.child_tid = (uint64_t)&child_tid;
	args.parent_tid = (uint64_t)&parent_tid;
	pid = clone3(&args, 64);
	if (pid == 0)
		_exit(child_tid == (int)syscall(SYS_gettid) ? 0 : 1);
	CHECK(pid > 0);
	wait_well((pid_t)pid);
	CHECK_EQ(parent_tid, pid);
	CHECK_EQ(child_tid, 0);
	say("clone3 as fork: both numbers are the child's, each in its memory\n");
}

static void sizes(void)
{
	struct args args = { .exit_signal = SIGCHLD };
	long pid = clone3(&args, sizeof(args));

	if (pid == 0)
		_exit(0);
	CHECK(pid > 0);
	wait_well((pid_t)pid);
	args.unknown = 1;
	CHECK_ERRNO(clone3(&args, sizeof(args)), E2BIG);
	CHECK_ERRNO(clone3(&args, 63), EINVAL);
	CHECK_ERRNO(clone3(NULL, 64), EFAULT);
	args.stack = 0x10000;
	CHECK_ERRNO(clone3(&args, 64), EINVAL);
	args = (struct args){ .flags = SIGCHLD };
	CHECK_ERRNO(clone3(&args, 64), EINVAL);
	say("clone3: too short, too new, half a stack, a signal in the flags\n");
}

static void flags(void)
{
	struct args args = { .flags = CLONE_THREAD };

	CHECK_ERRNO(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0),
		    EINVAL);
	CHECK_ERRNO(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0),
		    EINVAL);
	CHECK_ERRNO(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0,
			    0),
		    EINVAL);
	CHECK_ERRNO(clone3(&args, 64), EINVAL);
	args.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	args.exit_signal = SIGCHLD;
	CHECK_ERRNO(clone3(&args, 64), EINVAL);
	say("threads share memory and handlers, or are none: EINVAL\n");
}

int main(void)
{
	numbers();
	sizes();
	flags();
	run_check();
	return 0;
}
