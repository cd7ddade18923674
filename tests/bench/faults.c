// SPDX-License-Identifier: MIT
/*
 * tests/bench/faults.c - one page fault of each kind.
 *
 * A sample is one access to a page that nobody accessed before: the
 * instruction, the exception, all the kernel does, and the return.  The
 * median is the plain case.  The mean also has the faults that needed a new
 * page table (one in 512) and those that the timer came upon.
 */
#include "bench.h"

enum { PAGES = 1024, PAGES_QUICK = 64 };

static int pages(void)
{
	return quick ? PAGES_QUICK : PAGES;
}

/* Write to each page. */
static void sample_writes(volatile char *area)
{
	for (int i = 0; i < pages(); i++)
		SAMPLE(area[(size_t)i * PAGE_SIZE] = 1);
}

static void touch(volatile char *area)
{
	for (int i = 0; i < pages(); i++)
		area[(size_t)i * PAGE_SIZE] = 1;
}

/* First write to fresh memory: allocate a frame, clear it, map it. */
static void zero_fill(const char *name)
{
	char *area = map_pages(PAGES, MAP_PRIVATE);

	sample_writes(area);
	report(name);
	munmap(area, PAGES * PAGE_SIZE);
}

/* First read of fresh memory: map the zero frame read-only. */
static void zero_map(const char *name)
{
	volatile char *area = map_pages(PAGES, MAP_PRIVATE);

	for (int i = 0; i < pages(); i++)
		SAMPLE((void)area[(size_t)i * PAGE_SIZE]);
	report(name);
	munmap((void *)area, PAGES * PAGE_SIZE);
}

/* First write after a read: the zero frame gives way to a fresh one. */
static void zero_map_write(const char *name)
{
	volatile char *area = map_pages(PAGES, MAP_PRIVATE);

	for (int i = 0; i < pages(); i++)
		(void)area[(size_t)i * PAGE_SIZE];
	sample_writes(area);
	report(name);
	munmap((void *)area, PAGES * PAGE_SIZE);
}

/* First write to a page that a living child shares: copy it. */
static void cow_copy(const char *name)
{
	char *area = map_pages(PAGES, MAP_PRIVATE);
	int done[2];
	char token;
	pid_t pid;

	touch(area);
	if (pipe(done) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(done[1]);
		_exit(read(done[0], &token, 1) != 0);
	}
	settle(); /* fork has shared the pages of the program as well */
	sample_writes(area);
	close(done[0]);
	close(done[1]);
	waitpid(pid, NULL, 0);
	report(name);
	munmap(area, PAGES * PAGE_SIZE);
}

/* First write to a page that a child shared, but the child is gone. */
static void cow_reuse(const char *name)
{
	char *area = map_pages(PAGES, MAP_PRIVATE);
	pid_t pid;

	touch(area);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	settle();
	sample_writes(area);
	report(name);
	munmap(area, PAGES * PAGE_SIZE);
}

static const struct benchmark list[] = {
	{ "zero_fill", zero_fill },	      { "zero_map", zero_map },
	{ "zero_map_write", zero_map_write }, { "cow_copy", cow_copy },
	{ "cow_reuse", cow_reuse },
};

int main(int argc, char **argv)
{
	return bench_main(list, COUNT_OF(list), argc, argv);
}
