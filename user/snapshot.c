// SPDX-License-Identifier: MIT
/*
 * user/snapshot.c - a database's background save, in small.
 *
 *	snapshot [PAGES [PERCENT]]
 *
 * The parent is the database: it goes on writing PERCENT of its PAGES.  The
 * child is the save: fork() gave it an image of that moment, and it reads all
 * of it while the parent writes.  What the image costs is what the parent
 * writes meanwhile: one copied page for each, and one slow write.
 */
#include <sys/wait.h>

#include "calf.h"

static size_t pages = 4096;
static size_t percent = 25;
static volatile unsigned long *image; /* the database */

enum { WORDS = PAGE_SIZE / sizeof(unsigned long) };

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static void fill(void)
{
	for (size_t i = 0; i < pages * WORDS; i++)
		image[i] = i * 0x9e3779b97f4a7c15;
}

static unsigned long checksum(void)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < pages * WORDS; i++)
		sum = (sum << 1 | sum >> 63) ^ image[i];
	return sum;
}

/* ---- The save ------------------------------------------------------- */

/* What the child found, and what it took. */
struct saved {
	unsigned long first, second; /* checksums: early, and at the end */
	long took_ns;
	struct faults before, after;
};

static int saved_pipe[2], written_pipe[2];

static _Noreturn void save(void)
{
	static struct saved saved;
	long start = now_ns();
	char token;

	close(written_pipe[1]);
	settle();
	faults_now(&saved.before);
	saved.first = checksum();
	saved.took_ns = now_ns() - start;

	/* Wait until the parent has written all it wants, and look again. */
	if (read(written_pipe[0], &token, 1) < 0)
		die("read");
	saved.second = checksum();
	faults_now(&saved.after);
	if (write(saved_pipe[1], &saved, sizeof(saved)) != sizeof(saved))
		die("write");
	_exit(0);
}

/* ---- The database --------------------------------------------------- */

struct writes {
	size_t count;
	long slowest_ns, total_ns;
	struct faults before, after;
	long frames; /* that the writes took from the machine; -1: unknown */
};

/* Pages are written in an order that is spread out, but always the same. */
static void write_some(struct writes *writes)
{
	size_t count = pages * percent / 100;
	long frames;

	settle();
	frames = free_frames();
	faults_now(&writes->before);
	for (size_t i = 0; i < count; i++) {
		size_t page = i * pages / count;
		long start = now_ns(), took;

		image[page * WORDS] = i + 1;
		took = now_ns() - start;
		writes->total_ns += took;
		if (took > writes->slowest_ns)
			writes->slowest_ns = took;
	}
	faults_now(&writes->after);
	writes->frames = on_calf() ? frames - free_frames() : -1;
	writes->count = count;
}

static void report_writes(const struct writes *writes)
{
	const struct faults *before = &writes->before, *after = &writes->after;
	long copied = after->minor - before->minor;

	if (after->named)
		copied = after->kind[COW_COPY] - before->kind[COW_COPY];
	printf("parent: wrote %zu pages, %ld were copied\n", writes->count,
	       copied);
	printf("parent: extra memory %ld KiB = %ld pages x 4 KiB", copied * 4,
	       copied);
	if (writes->frames >= 0)
		printf(" (frames gone: %ld)", writes->frames);
	printf("\nparent: slowest write %ld ns, mean %ld ns\n",
	       writes->slowest_ns,
	       writes->count ? writes->total_ns / (long)writes->count : 0);
}

static int report_saved(const struct saved *saved, unsigned long expected)
{
	bool right = saved->first == expected && saved->second == expected;
	long copied = saved->after.minor - saved->before.minor;

	if (saved->after.named)
		copied = saved->after.kind[COW_COPY] -
			 saved->before.kind[COW_COPY];
	printf("child:  image %016lx, %s\n", saved->first,
	       right ? "that of the moment of the fork" : "CHANGED");
	printf("child:  read all of it in %ld us, copied %ld pages\n",
	       saved->took_ns / 1000, copied);
	return right ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct writes writes;
	static struct saved saved;
	unsigned long expected;
	long start, took;
	pid_t pid;
	int failed;

	if (argc > 1)
		pages = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		percent = strtoul(argv[2], NULL, 10);
	if (pages < 1 || pages > 1 << 22 || percent > 100) {
		fprintf(stderr, "usage: snapshot [PAGES [PERCENT]]\n");
		return 2;
	}
	image = map_pages(pages, MAP_PRIVATE);
	fill();
	expected = checksum();
	if (pipe(saved_pipe) < 0 || pipe(written_pipe) < 0)
		die("pipe");

	start = now_ns();
	pid = fork();
	took = now_ns() - start;
	if (pid < 0)
		die("fork");
	if (pid == 0)
		save();
	write_some(&writes);
	close(written_pipe[0]);
	if (write(written_pipe[1], "x", 1) != 1)
		die("write");
	if (read(saved_pipe[0], &saved, sizeof(saved)) != sizeof(saved))
		die("read");
	waitpid(pid, NULL, 0);

	printf("database of %zu pages (%zu KiB), %zu %% written during the "
	       "save\n",
	       pages, pages * 4, percent);
	printf("parent: fork took %ld us\n", took / 1000);
	failed = report_saved(&saved, expected);
	report_writes(&writes);
	return failed;
}
