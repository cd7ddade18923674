// SPDX-License-Identifier: MIT
/*
 * user/forkbench.c - what fork costs, and when it is paid.
 *
 *	forkbench [-c] [MIB...]
 *
 * For each size of the parent's memory: the fork itself, then the parent's
 * first write to each of its pages while the child lives, then the total
 * until the child has ended and been waited for.  Once with the frames copied
 * at fork (fork_level 0), once with page tables copied and frames shared
 * (fork_level 1).  On Linux there is one way only.
 *
 * Each figure is the smallest of several rounds, in microseconds; with -c in
 * thousands of cycles of the processor's time-stamp counter.
 */
#include <sys/wait.h>

#include "calf.h"

enum { ROUNDS = 5, LEVELS = 2, SIZES_MAX = 16, NONE = -1 };

#define FORK_LEVEL "/proc/sys/vm/fork_level"

static bool in_cycles;

/* The figures of one round, or the best of several. */
struct times {
	double fork, writes, total;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	return in_cycles ? (double)now_cycles() / 1e3 : (double)now_ns() / 1e3;
}

static double smaller(double left, double right)
{
	return left < right ? left : right;
}

/*
 * One round.  The child waits until the parent has written, because a page
 * whose other owner is gone would not be copied.
 */
static struct times measure_once(volatile char *memory, size_t pages)
{
	struct times times;
	double start, forked, written;
	char token;
	int done[2];
	pid_t pid;

	if (pipe(done) < 0)
		die("pipe");
	for (size_t i = 0; i < pages; i++)
		memory[i * PAGE_SIZE]++;

	start = now();
	pid = fork();
	if (pid < 0) { /* an eager fork may find no room for the copies */
		close(done[0]);
		close(done[1]);
		return (struct times){ NONE, NONE, NONE };
	}
	if (pid == 0) {
		close(done[1]);
		_exit(read(done[0], &token, 1) < 0);
	}
	forked = now();
	for (size_t i = 0; i < pages; i++)
		memory[i * PAGE_SIZE]++;
	written = now();
	close(done[1]);
	waitpid(pid, NULL, 0);

	times.fork = forked - start;
	times.writes = written - forked;
	times.total = now() - start;
	close(done[0]);
	return times;
}

static struct times measure(size_t mib)
{
	size_t pages = mib * (1 << 20) / PAGE_SIZE;
	volatile char *memory = pages ? map_pages(pages, MAP_PRIVATE) : NULL;
	struct times best = measure_once(memory, pages);

	for (int round = 1; round < ROUNDS; round++) {
		struct times times = measure_once(memory, pages);

		best.fork = smaller(best.fork, times.fork);
		best.writes = smaller(best.writes, times.writes);
		best.total = smaller(best.total, times.total);
	}
	if (pages)
		munmap((void *)memory, pages * PAGE_SIZE);
	return best;
}

static void print_head(int levels)
{
	static const char *const titles[LEVELS] = {
		"fork_level 0: copy frames",
		"fork_level 1: share frames",
	};

	printf("%5s", "");
	for (int level = 0; level < levels; level++)
		printf("  | %-29s",
		       levels == 1 ? "this kernel" : titles[level]);
	printf("\n%5s", "MiB");
	for (int level = 0; level < levels; level++)
		printf("  | %9s %9s %9s", "fork", "writes", "total");
	printf("\n-----");
	for (int level = 0; level < levels; level++)
		printf("--+------------------------------");
	puts("");
}

static void print_times(struct times times)
{
	if (times.fork == NONE)
		printf("  | %-29s", "fork: no memory for the copies");
	else
		printf("  | %9.1f %9.1f %9.1f", times.fork, times.writes,
		       times.total);
}

static void set_level(int level)
{
	char text[2] = { (char)('0' + level), '\0' };

	if (file_write(FORK_LEVEL, text) < 0)
		die(FORK_LEVEL);
}

int main(int argc, char **argv)
{
	size_t sizes[SIZES_MAX] = { 0, 1, 4, 16, 64 };
	int count = 5, given = 0;
	int levels = file_exists(FORK_LEVEL) ? LEVELS : 1;

	for (int i = 1; i < argc && given < SIZES_MAX; i++) {
		if (!strcmp(argv[i], "-c"))
			in_cycles = true;
		else
			sizes[given++] = strtoul(argv[i], NULL, 10);
	}
	if (given)
		count = given;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	printf("fork, first write to each page, and total, in %s\n",
	       in_cycles ? "thousands of cycles" : "microseconds");
	print_head(levels);
	for (int i = 0; i < count; i++) {
		struct times times[LEVELS];

		for (int level = 0; level < levels; level++) {
			if (levels == LEVELS)
				set_level(level);
			times[level] = measure(sizes[i]);
		}
		printf("%5zu", sizes[i]);
		for (int level = 0; level < levels; level++)
			print_times(times[level]);
		puts("");
	}
	if (levels == LEVELS)
		set_level(1);
	return 0;
}
