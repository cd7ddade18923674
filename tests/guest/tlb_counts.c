/* SPDX-License-Identifier: MIT */
/* guest-test: smp=2 host="no: reads Calf's /proc/self/tlb" */
/*
 * When another CPU must be interrupted to forget a translation: only if it runs
 * in the same address space, and only if a right or a frame was taken away.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "guest.h"

static volatile char *page;
static volatile int is_there, stop;

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
}

static void *read_on_cpu_1(void *argument)
{
	(void)argument;
	run_on(1);
	(void)*page;
	is_there = 1;
	while (!stop)
		(void)*page;
	return NULL;
}

static long sent(void)
{
	return file_value("/proc/self/tlb", "tlb_shootdown_sent");
}

static void say_sent(const char *what, long before)
{
	say("  %-32s %ld\n", what, sent() - before);
}

static void protect(int prot)
{
	CHECK_OK(mprotect((void *)page, PAGE_SIZE, prot));
}

static void change_everything(void)
{
	long before;

	*page = 1;
	before = sent();
	protect(PROT_READ);
	say_sent("writable -> read-only", before);
	before = sent();
	protect(PROT_READ | PROT_WRITE);
	say_sent("read-only -> writable", before);
	before = sent();
	*page = 2;
	say_sent("its first write, alone: reuse", before);
	before = sent();
	CHECK_OK(madvise((void *)page, PAGE_SIZE, MADV_DONTNEED));
	say_sent("dropped", before);
}

int main(void)
{
	pthread_t thread;

	run_on(0);
	page = map_pages(1, MAP_PRIVATE);
	say("interrupts sent, nobody on the other CPU:\n");
	change_everything();
	*page = 1;
	CHECK_EQ(pthread_create(&thread, NULL, read_on_cpu_1, NULL), 0);
	while (!is_there)
		sched_yield();
	say("interrupts sent, a thread on the other CPU reads:\n");
	change_everything();
	stop = 1;
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK(file_value("/proc/vmstat", "tlb_shootdown_sent") >= sent());
	run_check();
	return 0;
}
