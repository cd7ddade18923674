// SPDX-License-Identifier: MIT
/*
 * tests/bench/calls.c - system calls that stay in one process.
 *
 * Each figure is from before the instructions that load the arguments to
 * after the return, without the C library in between.
 */
#include "bench.h"

/* getppid: the way into the kernel and back, and the least work there is. */
static void null_call(const char *name)
{
	for (int i = 0; i < (quick ? 101 : 1001); i++)
		SAMPLE(call(SYS_getppid, 0, 0, 0));
	report(name);
}

/* Map one page of anonymous memory and take it away, never touched. */
static void mmap_untouched(const char *name)
{
	for (int i = 0; i < (quick ? 21 : 301); i++)
		SAMPLE(void *page = call_mmap(PAGE_SIZE);
		       call(SYS_munmap, (long)page, PAGE_SIZE, 0));
	report(name);
}

/* The same with one write to the page: map, zero-fill fault, unmap, free. */
static void mmap_touched(const char *name)
{
	for (int i = 0; i < (quick ? 21 : 301); i++)
		SAMPLE(volatile char *page = call_mmap(PAGE_SIZE); *page = 1;
		       call(SYS_munmap, (long)page, PAGE_SIZE, 0));
	report(name);
}

/* Grow the heap by a page and shrink it again: two calls, nothing touched. */
static void brk_untouched(const char *name)
{
	long end = call(SYS_brk, 0, 0, 0);

	for (int i = 0; i < (quick ? 21 : 301); i++)
		SAMPLE(call(SYS_brk, end + PAGE_SIZE, 0, 0);
		       call(SYS_brk, end, 0, 0));
	report(name);
}

/* The same with one write to the new page. */
static void brk_touched(const char *name)
{
	long end = call(SYS_brk, 0, 0, 0);

	for (int i = 0; i < (quick ? 21 : 301); i++)
		SAMPLE(call(SYS_brk, end + PAGE_SIZE, 0, 0);
		       *(volatile char *)end = 1; call(SYS_brk, end, 0, 0));
	report(name);
}

static const struct benchmark list[] = {
	{ "null_call", null_call },
	{ "mmap_munmap", mmap_untouched },
	{ "mmap_write_munmap", mmap_touched },
	{ "brk", brk_untouched },
	{ "brk_write", brk_touched },
};

int main(int argc, char **argv)
{
	return bench_main(list, COUNT_OF(list), argc, argv);
}
