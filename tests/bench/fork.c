// SPDX-License-Identifier: MIT
/*
 * tests/bench/fork.c - processes that come and go.
 *
 * fork_call_SIZE: the parent's fork system call alone, from the call to its
 * return in the parent, with SIZE of memory touched.
 *
 * fork_exit_wait_SIZE: fork(), _exit(0) in the child, waitpid() in the parent
 * as a C program writes it.  Included: the C library, the end of the child,
 * and the pages of their stacks and data that the two write to meanwhile.
 *
 * Calf can be told how much a fork shares, in /proc/sys/vm/fork_level.  The
 * figures without a suffix are for the level that is set; those of level N,
 * if it exists and is another one, end in ".levelN".
 */
#include "bench.h"

enum { MIB_PAGES = 256 };

#define FORK_LEVEL "/proc/sys/vm/fork_level"

static void touch(volatile char *area, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		area[i * PAGE_SIZE]++;
}

/* Only registers between the two calls: no page is written, none faults. */
static void fork_call_once(void)
{
	unsigned long begin = sample_begin();
	pid_t pid = (pid_t)call(SYS_fork, 0, 0, 0);
	unsigned long end;

	if (pid == 0)
		call(SYS_exit_group, 0, 0, 0);
	end = sample_end();
	call_wait(pid);
	if (pid < 0)
		die("fork");
	sample_add(sample_ticks(begin, end));
}

static void fork_exit_wait_once(void)
{
	pid_t pid;

	SAMPLE(pid = fork(); if (pid == 0) _exit(0); waitpid(pid, NULL, 0));
	if (pid < 0)
		die("fork");
}

static int rounds(size_t mib)
{
	if (quick)
		return 3;
	return mib <= 1 ? 31 : mib <= 16 ? 11 : 5;
}

/* Measure with @mib of memory touched, at the level that is set now. */
static void measure(const char *name, size_t mib, void (*once)(void))
{
	size_t pages = mib * MIB_PAGES;
	char *area = pages ? map_pages(pages, MAP_PRIVATE) : NULL;

	for (int i = 0; i <= rounds(mib); i++) {
		touch(area, pages);
		settle();
		once();
		if (i == 0) /* the first one also warms the kernel's caches */
			sample_count = 0;
	}
	report(name);
	if (pages)
		munmap(area, pages * PAGE_SIZE);
}

/* @name is "fork_call_SIZE" or "fork_exit_wait_SIZE", perhaps ".levelN". */
static void fork_size(const char *name)
{
	void (*once)(void) = strstr(name, "call") ? fork_call_once :
						    fork_exit_wait_once;
	size_t mib = (size_t)atol(strpbrk(name, "0123456789"));
	const char *suffix = strstr(name, ".level");
	const char *level = suffix ? suffix + strlen(".level") : "";
	char usual[16] = "";

	if (suffix &&
	    (file_read(FORK_LEVEL, usual, sizeof(usual)) < 1 ||
	     usual[0] == level[0] || file_write(FORK_LEVEL, level) < 0))
		return;
	measure(name, mib, once);
	if (suffix)
		file_write(FORK_LEVEL, usual);
}

/*
 * fork(), execve() of /bin/@program in the child, which ends at once, and
 * waitpid(): the whole life of a process as a shell starts it.
 */
static pid_t start_program(const char *program, bool shares)
{
	char *const arguments[] = { (char *)program, NULL };
	char *const environment[] = { NULL };
	pid_t pid = shares ? vfork() : fork();

	if (pid == 0) {
		execve(program, arguments, environment);
		_exit(127);
	}
	return pid;
}

static void exec_program(const char *name, const char *program, bool shares)
{
	int status = 0;
	pid_t pid;

	for (int i = 0; i <= (quick ? 3 : 31); i++) {
		settle();
		SAMPLE(pid = start_program(program, shares);
		       waitpid(pid, &status, 0));
		if (pid < 0 || status != 0)
			die(program);
		if (i == 0)
			sample_count = 0;
	}
	report(name);
}

/* The smallest program that there is: one page, one system call. */
static void fork_exec_tiny(const char *name)
{
	exec_program(name, "/bin/tiny", false);
}

static void vfork_exec_tiny(const char *name)
{
	exec_program(name, "/bin/tiny", true);
}

/* An empty main() with a C library around it. */
static void fork_exec_musl(const char *name)
{
	exec_program(name, "/bin/empty", false);
}

/*
 * A program saves its memory while it works on: the child of a fork reads
 * all of it (here it adds up every word), the parent goes on and writes to
 * each tenth page.  The child stays until the parent has written, so that
 * each of these writes copies a page.
 *
 * save_fork: fork() in the parent.  save_total: until the child is gone, with
 * the parent's writes, most of them COW copies.
 */
static void save_once(volatile unsigned long *area, size_t pages,
		      unsigned long *forked, unsigned long *ended)
{
	size_t step = PAGE_SIZE / sizeof(*area);
	unsigned long sum = 0, begin;
	int done[2];
	char token;
	pid_t pid;

	if (pipe(done) < 0)
		die("pipe");
	begin = sample_begin();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(done[1]);
		for (size_t i = 0; i < pages * step; i++)
			sum += area[i];
		_exit(read(done[0], &token, 1) != 0 || sum == 1);
	}
	*forked = ticks_now() - begin;
	for (size_t i = 0; i < pages; i += 10)
		area[i * step]++;
	close(done[1]);
	waitpid(pid, NULL, 0);
	*ended = sample_end() - begin;
	close(done[0]);
}

static void background_save(const char *name)
{
	size_t pages = (quick ? 4 : 64) * MIB_PAGES;
	unsigned long *area = map_pages(pages, MAP_PRIVATE);
	unsigned long forked[5], ended[5];
	int runs = quick ? 2 : 5;
	char part[64];

	for (int i = -1; i < runs; i++) { /* the first does not count */
		touch((char *)area, pages);
		settle();
		save_once(area, pages, &forked[i < 0 ? 0 : i],
			  &ended[i < 0 ? 0 : i]);
	}
	for (int i = 0; i < runs; i++)
		sample_add(forked[i]);
	snprintf(part, sizeof(part), "%s_fork", name);
	report(part);
	for (int i = 0; i < runs; i++)
		sample_add(ended[i]);
	snprintf(part, sizeof(part), "%s_total", name);
	report(part);
	munmap(area, pages * PAGE_SIZE);
}

#define AT_EACH_LEVEL(name)                                                    \
	{ name, fork_size }, { name ".level0", fork_size },                    \
		{ name ".level1", fork_size },                                 \
	{                                                                      \
		name ".level2", fork_size                                      \
	}

static const struct benchmark list[] = {
	AT_EACH_LEVEL("fork_call_0"),
	AT_EACH_LEVEL("fork_call_1M"),
	AT_EACH_LEVEL("fork_call_16M"),
	AT_EACH_LEVEL("fork_call_64M"),
	AT_EACH_LEVEL("fork_call_256M"),
	AT_EACH_LEVEL("fork_exit_wait_0"),
	AT_EACH_LEVEL("fork_exit_wait_1M"),
	AT_EACH_LEVEL("fork_exit_wait_16M"),
	AT_EACH_LEVEL("fork_exit_wait_64M"),
	AT_EACH_LEVEL("fork_exit_wait_256M"),
	{ "fork_exec_tiny", fork_exec_tiny },
	{ "vfork_exec_tiny", vfork_exec_tiny },
	{ "fork_exec_musl", fork_exec_musl },
	{ "save", background_save },
};

int main(int argc, char **argv)
{
	return bench_main(list, COUNT_OF(list), argc, argv);
}
