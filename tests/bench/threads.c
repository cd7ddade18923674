// SPDX-License-Identifier: MIT
/*
 * tests/bench/threads.c - page faults of several threads at once, and what a
 * TLB shootdown costs.
 *
 * On several CPUs, in real time: -icount would let them run in turns.  So
 * these figures are about the machine that emulates the CPUs as well.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { PAGES = 1024, PAGE = 4096, THREADS_MAX = 4, FLUSHES = 201 };

static int rounds = 20;
static pthread_barrier_t barrier;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static char *map(size_t bytes)
{
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		die("mmap");
	return area;
}

/* ---- First writes to private pages ----------------------------------------- */

static void *touch(void *argument)
{
	/* 2 MiB apart, so that no two threads share a page table. */
	char *area = map((size_t)PAGES * PAGE + (4 << 20));

	(void)argument;
	area += (2 << 20) - (unsigned long)area % (2 << 20);
	pthread_barrier_wait(&barrier);
	for (int round = 0; round < rounds; round++) {
		for (int page = 0; page < PAGES; page++)
			area[page * PAGE] = 1;
		if (madvise(area, (size_t)PAGES * PAGE, MADV_DONTNEED) != 0)
			die("madvise");
	}
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void faults_of(int threads)
{
	pthread_t thread[THREADS_MAX];
	long faults = (long)threads * rounds * PAGES, ns;

	pthread_barrier_init(&barrier, NULL, (unsigned int)threads + 1);
	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, touch, NULL) != 0)
			die("pthread_create");
	pthread_barrier_wait(&barrier);
	ns = now_ns();
	pthread_barrier_wait(&barrier);
	ns = now_ns() - ns;
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("faults_%d_threads %ld ns, %ld done\n", threads, ns / faults,
	       faults);
}

/* ---- Shootdown ---------------------------------------------------------------- */

static volatile char *page;
static volatile int others, stop;

static void *read_it(void *argument)
{
	(void)argument;
	__atomic_fetch_add(&others, 1, __ATOMIC_SEQ_CST);
	while (!stop)
		(void)*page;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	long first = *(const long *)a, second = *(const long *)b;

	return (first > second) - (first < second);
}

/* Interrupts that the kernel has sent to other CPUs. */
static long shootdowns(void)
{
	FILE *file = fopen("/proc/vmstat", "r");
	char line[128];
	long count = 0;

	if (!file)
		die("/proc/vmstat");
	while (fgets(line, sizeof(line), file))
		sscanf(line, "tlb_shootdown_sent %ld", &count);
	fclose(file);
	return count;
}

/* Taking a right away, while @count other threads use the page. */
static void protect_with(int count)
{
	static long sample[FLUSHES];
	pthread_t thread[THREADS_MAX];
	long sent;

	page = map(PAGE);
	others = stop = 0;
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, read_it, NULL) != 0)
			die("pthread_create");
	while (others < count)
		sched_yield();
	sent = shootdowns();
	for (int i = 0; i < FLUSHES; i++) {
		long start;

		mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
		*page = 1;
		start = now_ns();
		mprotect((void *)page, PAGE, PROT_READ);
		sample[i] = now_ns() - start;
	}
	sent = shootdowns() - sent;
	stop = 1;
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	qsort(sample, FLUSHES, sizeof(sample[0]), compare);
	printf("protect_%d_others %ld ns, %ld done\n", count,
	       sample[FLUSHES / 2], sent);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "--quick"))
		rounds = 2;
	for (int threads = 1; threads <= THREADS_MAX; threads *= 2)
		faults_of(threads);
	for (int count = 0; count < THREADS_MAX; count++)
		protect_with(count);
	return 0;
}
