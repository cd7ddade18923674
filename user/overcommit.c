// SPDX-License-Identifier: MIT
/*
 * user/overcommit.c - the same program, three policies, three outcomes.
 *
 *	overcommit [N]
 *
 * Asks for N times the machine's memory (default: 2) in blocks, then touches
 * them little by little, and draws what is promised and what is resident as it
 * goes.  Under mode 2 it is refused when it asks; under 0 and 1 it gets
 * what it asks for, and is killed when it wants to use it.  As root, on
 * Linux too: there it does to the machine what it says.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "calf.h"

#define POLICY "/proc/sys/vm/overcommit_memory"

enum { BLOCKS_PER_RAM = 8, STEPS = 16, WIDTH = 32, BLOCKS_MAX = 1024 };

static const char *const names[] = { "heuristic", "always", "never" };

static long ram_pages;
static size_t blocks, block_pages;
static char *block[BLOCKS_MAX];

/* What the child leaves behind when it is killed. */
static struct {
	size_t promised, resident; /* pages */
} * reached;

static void draw_bar(size_t pages)
{
	char bar[WIDTH + 1];
	size_t all = blocks * block_pages;
	size_t ram = WIDTH * (size_t)ram_pages / all;

	for (size_t i = 0; i < WIDTH; i++)
		bar[i] = i < pages * WIDTH / all ? '#' : i == ram ? '|' : '.';
	bar[WIDTH] = '\0';
	printf(" %5zu MiB %s", pages / 256, bar);
}

static void draw(void)
{
	printf("  promised");
	draw_bar(reached->promised);
	printf("  resident");
	draw_bar(reached->resident);
	printf("\n");
	fflush(stdout);
}

static void ask(void)
{
	for (size_t i = 0; i < blocks; i++) {
		block[i] = mmap(NULL, block_pages * PAGE_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (block[i] == MAP_FAILED) {
			draw();
			printf("  refused: mmap of block %zu of %zu: %s\n",
			       i + 1, blocks, strerror(errno));
			fflush(stdout);
			_exit(1);
		}
		reached->promised += block_pages;
	}
}

/* The child: it gets what it asks for, and uses it, as long as it lives. */
static _Noreturn void run(void)
{
	size_t all = blocks * block_pages, step = all / STEPS;

	ask();
	draw();
	for (size_t i = 0; i < all; i++) {
		block[i / block_pages][i % block_pages * PAGE_SIZE] = 'x';
		reached->resident++;
		if ((i + 1) % step == 0)
			draw();
	}
	_exit(0);
}

static void try_policy(int policy)
{
	char text[2] = { (char)('0' + policy), '\0' };
	int status;
	pid_t pid;

	if (file_write(POLICY, text) < 0) {
		printf("mode %d cannot be set here\n", policy);
		return;
	}
	memset(reached, 0, sizeof(*reached));
	printf("mode %d (%s): CommitLimit %ld MiB, promised to all %ld MiB\n",
	       policy, names[policy],
	       file_value("/proc/meminfo", "CommitLimit") / 1024,
	       file_value("/proc/meminfo", "Committed_AS") / 1024);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run();
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		return;
	}
	if (WIFSIGNALED(status)) {
		draw();
		printf("  killed (signal %d) after %zu of %zu MiB\n",
		       WTERMSIG(status), reached->resident / 256,
		       reached->promised / 256);
	} else if (WEXITSTATUS(status) == 0) {
		printf("  fine: all of it is resident\n");
	}
}

int main(int argc, char **argv)
{
	double times = argc > 1 ? strtod(argv[1], NULL) : 2;
	char before[16] = "0";

	ram_pages = file_value("/proc/meminfo", "MemTotal") / 4;
	block_pages = (size_t)ram_pages / BLOCKS_PER_RAM;
	blocks = (size_t)(times * BLOCKS_PER_RAM + 0.5);
	if (blocks < 1 || blocks > BLOCKS_MAX) {
		fprintf(stderr, "usage: overcommit [N], N from 0.125 to 128\n");
		return 2;
	}
	reached = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (reached == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	file_read(POLICY, before, sizeof(before));
	printf("RAM %ld MiB (| in the bars); asking for %zu x %zu MiB\n",
	       ram_pages / 256, blocks, block_pages / 256);
	for (int policy = 0; policy < 3; policy++)
		try_policy(policy);
	before[1] = '\0';
	file_write(POLICY, before);
	return 0;
}
