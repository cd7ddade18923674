/* SPDX-License-Identifier: MIT */
/*
 * A process of four threads on several CPUs, which wait while a debugger looks
 * (tests/gdb/threads.py).  What /proc says of them is in a variable.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OTHERS = 3 };

static pthread_barrier_t all;
static long threads; /* by /proc/self/status */

static long threads_of_proc(void)
{
	char line[128];
	long count = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "Threads:", 8) == 0)
			count = atol(line + 8);
	if (file)
		fclose(file);
	return count;
}

static void *wait_twice(void *unused)
{
	pthread_barrier_wait(&all);
	pthread_barrier_wait(&all);
	return unused;
}

__attribute__((noinline)) static void look(void)
{
	printf("%ld threads\n", threads);
}

int main(void)
{
	pthread_t other[OTHERS];

	pthread_barrier_init(&all, NULL, OTHERS + 1);
	for (int i = 0; i < OTHERS; i++)
		if (pthread_create(&other[i], NULL, wait_twice, NULL) != 0)
			return 1;
	pthread_barrier_wait(&all);
	threads = threads_of_proc();
	look();
	pthread_barrier_wait(&all);
	for (int i = 0; i < OTHERS; i++)
		pthread_join(other[i], NULL);
	return 0;
}
