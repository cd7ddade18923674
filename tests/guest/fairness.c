/* guest-test: host=yes */
/*
 * Preemption: two processes that never make a system call both get their
 * share, and a third can still stop them.
 */
#include <sched.h>

#include "guest.h"

static volatile unsigned long *counts; /* shared: one page for each child */

static pid_t start(int self)
{
	pid_t pid = check_fork();

	if (pid == 0)
		for (;;)
			counts[self * 512]++;
	return pid;
}

int main(void)
{
	struct timespec nap = { 0, 400000000 };
	pid_t first, second;
	double ratio;

	counts = map_pages(2, MAP_SHARED);
	first = start(0);
	second = start(1);
	nanosleep(&nap, NULL);
	CHECK_OK(kill(first, SIGKILL));
	CHECK_OK(kill(second, SIGKILL));
	wait_for(first);
	wait_for(second);
	CHECK(counts[0] > 1000 && counts[512] > 1000);
	ratio = (double)counts[0] / (double)counts[512];
	CHECK(ratio > 0.2 && ratio < 5);
	say("two that spin: both got their share\n");

	/* sched_yield always comes back, and lets others go first. */
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(sched_yield(), 0);
	say("sched_yield: 1,000 times\n");
	run_check();
	return 0;
}
