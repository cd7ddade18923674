/* guest-test: host=root */
/* How a process wants to be run, and a few things programs ask the machine. */
#include "guest.h"

#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/utsname.h>

enum { FIFO = 1, RR = 2, BATCH = 3, DEADLINE = 6 };

/* By number: musl's own functions for these always fail. */
static long set_policy(int pid, int policy, int priority)
{
	return syscall(SYS_sched_setscheduler, pid, policy, &priority);
}

static void policies(void)
{
	int priority = 7;
	struct timespec slice;

	CHECK_EQ(syscall(SYS_sched_getscheduler, 0), 0);
	CHECK_OK(syscall(SYS_sched_getparam, 0, &priority));
	CHECK_EQ(priority, 0);
	CHECK_ERRNO(set_policy(0, FIFO, 0), EINVAL);
	CHECK_ERRNO(set_policy(0, FIFO, 100), EINVAL);
	CHECK_ERRNO(set_policy(0, BATCH, 1), EINVAL);
	CHECK_ERRNO(set_policy(0, 99, 0), EINVAL);
	CHECK_ERRNO(set_policy(0, -1, 0), EINVAL);
	CHECK_ERRNO(set_policy(-1, 0, 0), EINVAL);
	CHECK_ERRNO(set_policy(32000, 0, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, 0, 1L), EFAULT);
	CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, 0, 0L), EINVAL);
	CHECK_OK(set_policy(0, BATCH, 0));
	CHECK_EQ(syscall(SYS_sched_getscheduler, getpid()), BATCH);
	CHECK_OK(set_policy(0, 0, 0));
	CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &slice));
	CHECK_EQ(slice.tv_sec, 0);
	CHECK_ERRNO(syscall(SYS_sched_rr_get_interval, -1, &slice), EINVAL);
	say("priorities: FIFO %ld to %ld, RR %ld to %ld, BATCH %ld to %ld\n",
	    syscall(SYS_sched_get_priority_min, FIFO),
	    syscall(SYS_sched_get_priority_max, FIFO),
	    syscall(SYS_sched_get_priority_min, RR),
	    syscall(SYS_sched_get_priority_max, RR),
	    syscall(SYS_sched_get_priority_min, BATCH),
	    syscall(SYS_sched_get_priority_max, BATCH));
	CHECK_EQ(syscall(SYS_sched_get_priority_max, DEADLINE), 0);
	CHECK_ERRNO(syscall(SYS_sched_get_priority_max, 99), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_get_priority_min, -1), EINVAL);
}

static void affinity(void)
{
	cpu_set_t set, one;
	unsigned cpu = 99, node = 99;

	CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	CHECK(CPU_COUNT(&set) >= 1);
	CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 7, &set), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getaffinity, 32000, 128, &set), ESRCH);
	CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
	CHECK(cpu < CPU_SETSIZE && node < 64);
	for (cpu = 0; !CPU_ISSET(cpu, &set); cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CHECK_OK(sched_setaffinity(0, sizeof(one), &one));
	CHECK_OK(sched_getaffinity(0, sizeof(one), &one));
	CHECK_EQ(CPU_COUNT(&one), 1);
	CHECK(CPU_ISSET(cpu, &one));
	CPU_ZERO(&one);
	CHECK_ERRNO(sched_setaffinity(0, sizeof(one), &one), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, 8, 1L), EFAULT);
	say("affinity: one of the CPUs there are, never none\n");
}

static void by_somebody(void)
{
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
	CHECK_OK(setuid(1000));
	CHECK_ERRNO(setpriority(PRIO_PROCESS, getppid(), 10), EPERM);
	CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, 1), EACCES);
	CHECK_OK(setpriority(PRIO_PROCESS, 0, 6));
	CHECK_ERRNO(set_policy(getppid(), BATCH, 0), EPERM);
	CHECK_ERRNO(set_policy(0, FIFO, 1), EPERM);
}

static void niceness(void)
{
	int before = getpriority(PRIO_PROCESS, 0);

	CHECK_OK(setpriority(PRIO_PROCESS, 0, before));
	in_child_well(by_somebody);
	if (check_fork() == 0) {
		CHECK_OK(setpriority(PRIO_PROCESS, 0, 100));
		CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
		_exit(0);
	}
	wait(NULL);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), before);
	errno = 0;
	CHECK_ERRNO(getpriority(9, 0), EINVAL);
	CHECK_ERRNO(getpriority(PRIO_PROCESS, 32000), ESRCH);
	CHECK_ERRNO(setpriority(9, 0, 0), EINVAL);
	CHECK_ERRNO(setpriority(PRIO_PGRP, 32000, 0), ESRCH);
	CHECK_OK(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 4));
	CHECK_EQ(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 4);
	CHECK_ERRNO(syscall(SYS_ioprio_set, 9, 0, 0), EINVAL);
	say("nice: up by everybody, down by root, at most 19\n");
}

static void machine(void)
{
	struct utsname name;

	CHECK_EQ(personality(0xffffffff), 0);
	CHECK_EQ(personality(ADDR_NO_RANDOMIZE), 0);
	CHECK_EQ(personality(0), ADDR_NO_RANDOMIZE);
	CHECK_ERRNO(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
	CHECK(syscall(SYS_membarrier, 0, 0, 0) >= 0);
	CHECK_ERRNO(syscall(SYS_unshare, 1), EINVAL);
	CHECK_OK(syscall(SYS_unshare, 0));
	CHECK_ERRNO(syscall(SYS_setns, -1, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_setns, 1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_sethostname, "x", 65), EINVAL);
	CHECK_ERRNO(syscall(SYS_setdomainname, "x", -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_reboot, 1, 2, 3, 0), EINVAL);
	CHECK_OK(uname(&name));
	say("%s on %s\n", name.sysname, name.machine);
	if (on_calf()) { /* the host's name stays as it is */
		CHECK_OK(syscall(SYS_sethostname, "brown", 5));
		CHECK_OK(syscall(SYS_setdomainname, "meadow", 6));
		CHECK_OK(uname(&name));
		CHECK_EQ(strcmp(name.nodename, "brown"), 0);
		CHECK_EQ(strcmp(name.domainname, "meadow"), 0);
	}
}

int main(void)
{
	policies();
	affinity();
	niceness();
	machine();
	run_check();
	return 0;
}
