// SPDX-License-Identifier: MIT
/*
 * tests/bench/switch.c - from one process to another and back.
 */
#include <signal.h>

#include "bench.h"

enum { ROUNDS = 501, ROUNDS_QUICK = 21, WARM = 10 };

static int rounds(void)
{
	return WARM + (quick ? ROUNDS_QUICK : ROUNDS);
}

/*
 * One byte to the other process and one byte back: two writes, two reads,
 * two switches of address space.
 */
static void pipe_round_trip(const char *name)
{
	int there[2], back[2];
	char token = 'x';
	pid_t pid;

	if (pipe(there) < 0 || pipe(back) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(there[1]);
		while (read(there[0], &token, 1) == 1)
			if (write(back[1], &token, 1) != 1)
				break;
		_exit(0);
	}
	close(there[0]);
	settle();
	for (int i = 0; i < rounds(); i++) {
		SAMPLE(call(SYS_write, there[1], (long)&token, 1);
		       call(SYS_read, back[0], (long)&token, 1));
		if (i == WARM - 1)
			sample_count = 0;
	}
	close(there[1]);
	close(back[0]);
	close(back[1]);
	waitpid(pid, NULL, 0);
	report(name);
}

/*
 * The same two writes and two reads without the other process: what is left of
 * a round trip without this are two switches, each with a sleep and a wake-up.
 */
static void pipe_alone(const char *name)
{
	char token = 'x';
	int ends[2];

	if (pipe(ends) < 0)
		die("pipe");
	for (int i = 0; i < rounds(); i++) {
		SAMPLE(call(SYS_write, ends[1], (long)&token, 1);
		       call(SYS_read, ends[0], (long)&token, 1);
		       call(SYS_write, ends[1], (long)&token, 1);
		       call(SYS_read, ends[0], (long)&token, 1));
		if (i == WARM - 1)
			sample_count = 0;
	}
	close(ends[0]);
	close(ends[1]);
	report(name);
}

/*
 * Two processes that only give way to each other, with sched_yield.  Reported
 * is half of the time from one's call to its return, when the other ran
 * exactly once meanwhile: one call and one switch.
 */
static void yield_switch(const char *name)
{
	volatile unsigned long *runs = map_pages(1, MAP_SHARED);
	unsigned long before, begin, end;
	pid_t pid;

	*runs = 0;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		for (;;) {
			++*runs;
			call(SYS_sched_yield, 0, 0, 0);
		}
	settle();
	while (*runs < WARM)
		call(SYS_sched_yield, 0, 0, 0);
	for (int i = 0; i < 20 * rounds() && sample_count < rounds(); i++) {
		before = *runs;
		begin = sample_begin();
		call(SYS_sched_yield, 0, 0, 0);
		end = sample_end();
		if (*runs == before + 1)
			sample_add(sample_ticks(begin, end) / 2);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	report(name);
}

static const struct benchmark list[] = {
	{ "pipe_round_trip", pipe_round_trip },
	{ "pipe_alone", pipe_alone },
	{ "yield_switch", yield_switch },
};

int main(int argc, char **argv)
{
	return bench_main(list, COUNT_OF(list), argc, argv);
}
