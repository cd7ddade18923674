// SPDX-License-Identifier: MIT
/*
 * user/snapshot.c - a database's background save, in small.
 *
 *	snapshot [PAGES [PERCENT]]
 *	snapshot story
 *
 * The parent is the database: it goes on writing PERCENT of its PAGES.  The
 * child is the save: fork() gave it an image of that moment, and it reads all
 * of it while the parent writes.  What the image costs is what the parent
 * writes meanwhile: one copied page for each, and one slow write.
 *
 * The story is about a machine with a database half as large as its memory: how
 * much may be written during a save, and what happens beyond, under each
 * policy of overcommit?  As root, on Linux too: there it does to the machine
 * what it says.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "calf.h"

static size_t pages = 4096;
static size_t percent = 25;
static volatile unsigned long *image; /* the database */

enum { WORDS = PAGE_SIZE / sizeof(unsigned long) };

/* In the story a page has one word of data, and nothing happens at once. */
static size_t words_used = WORDS;
static bool in_turns;

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static void fill(void)
{
	for (size_t page = 0; page < pages; page++)
		for (size_t i = 0; i < words_used; i++)
			image[page * WORDS + i] =
				(page * WORDS + i) * 0x9e3779b97f4a7c15;
}

static unsigned long checksum(void)
{
	unsigned long sum = 0;

	for (size_t page = 0; page < pages; page++)
		for (size_t i = 0; i < words_used; i++)
			sum = (sum << 1 | sum >> 63) ^ image[page * WORDS + i];
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
	if (write(saved_pipe[1], "x", 1) != 1)
		die("write");

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
	char token;

	if (in_turns && read(saved_pipe[0], &token, 1) != 1)
		die("read");
	settle();
	(void)now_ns(); /* on Linux the clock's own pages fault in */
	faults_now(&writes->before);
	frames = free_frames();
	for (size_t i = 0; i < count; i++) {
		size_t page = i * pages / count;
		long start = now_ns(), took;

		image[page * WORDS] = i + 1;
		took = now_ns() - start;
		writes->total_ns += took;
		if (took > writes->slowest_ns)
			writes->slowest_ns = took;
	}
	writes->count = count;
	writes->frames = on_calf() ? frames - free_frames() : -1;
	faults_now(&writes->after);
	if (!in_turns && read(saved_pipe[0], &token, 1) != 1)
		die("read");
}

/* Pages that were copied for the writer of them. */
static long copied_pages(const struct faults *before,
			 const struct faults *after)
{
	if (after->named)
		return after->kind[COW_COPY] - before->kind[COW_COPY];
	return after->minor - before->minor;
}

static void report_writes(const struct writes *writes)
{
	long copied = copied_pages(&writes->before, &writes->after);

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

	printf("child:  image %016lx, %s\n", saved->first,
	       right ? "that of the moment of the fork" : "CHANGED");
	printf("child:  read all of it in %ld us, copied %ld pages\n",
	       saved->took_ns / 1000,
	       copied_pages(&saved->before, &saved->after));
	return right ? 0 : 1;
}

static int save_once(void)
{
	static struct writes writes;
	static struct saved saved;
	unsigned long expected;
	long start, took;
	pid_t pid;
	int failed;

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

/* ---- The story: too little memory, three policies -------------------- */

#define VM "/proc/sys/vm/"

/*
 * A database of 8 GiB on a machine that has 16 for it.  CommitLimit is three
 * quarters: by default it is a half, and mode 2 would not even promise the
 * database.
 */
enum { DATA_SHARE = 8, RAM_SHARE = 16, LIMIT_SHARE = 12 };

static const char *const policy_names[] = { "heuristic", "always", "never" };
static const size_t percents[] = { 0, 1, 10, 50, 100 };

enum ending { DATABASE_KILLED, FORK_REFUSED, SAVE_KILLED, FINE, WRONG };

/* What a database tells, however it ends. */
static struct story {
	enum ending ending;
	int error; /* of fork */
	long copied; /* pages; -1: unknown, some were reused after the save */
	long frames; /* gone meanwhile; -1: unknown, or they are back */
} * story;

static size_t ram_pages; /* that are free for all this */
static struct writes story_writes;

static void adjust_oom_score(const char *adjustment)
{
	/* Only root may protect itself: without it the table has no end. */
	(void)file_write("/proc/self/oom_score_adj", adjustment);
}

/* The save is what can be done again: it shall go first. */
static _Noreturn void expendable_save(void)
{
	adjust_oom_score("500");
	save();
}

/* The writes are done, the save perhaps still there. */
static void finish_story(pid_t pid, unsigned long expected)
{
	static struct saved saved;
	bool told = write(written_pipe[1], "x", 1) == 1 &&
		    read(saved_pipe[0], &saved, sizeof(saved)) == sizeof(saved);
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (WIFSIGNALED(status))
		story->ending = SAVE_KILLED;
	else if (told && saved.first == expected && saved.second == expected)
		story->ending = FINE;
	else
		story->ending = WRONG;
	story->frames = story->ending == FINE ? story_writes.frames : -1;
	story->copied = copied_pages(&story_writes.before, &story_writes.after);
	if (story->ending != FINE && !story_writes.after.named)
		story->copied = -1;
}

static _Noreturn void database(void)
{
	unsigned long expected;
	pid_t pid;

	adjust_oom_score("0");
	image = map_pages(pages, MAP_PRIVATE);
	madvise((void *)image, pages * PAGE_SIZE, MADV_NOHUGEPAGE);
	fill();
	expected = checksum();
	if (pipe(saved_pipe) < 0 || pipe(written_pipe) < 0)
		die("pipe");
	signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (pid < 0) {
		story->error = errno;
		story->ending = FORK_REFUSED;
		_exit(0);
	}
	if (pid == 0)
		expendable_save();
	/* Ends of pipes that only a living save shall hold. */
	close(saved_pipe[1]);
	close(written_pipe[0]);
	write_some(&story_writes);
	finish_story(pid, expected);
	_exit(0);
}

static void print_count(long count)
{
	if (count < 0)
		printf("%8s ", "-");
	else
		printf("%8ld ", count);
}

static void print_row(void)
{
	size_t wanted = pages * percent / 100, all = pages + wanted;

	printf("%5zu %% %8zu ", percent, wanted);
	print_count(story->copied);
	print_count(story->frames);
	if (story->ending == FORK_REFUSED)
		printf("%8s %6s", "-", "-");
	else
		printf("%8zu %4zu %%", all, all * 100 / ram_pages);
	switch (story->ending) {
	case DATABASE_KILLED:
		printf("  the database was killed\n");
		break;
	case FORK_REFUSED:
		printf("  fork refused: %s\n", strerror(story->error));
		break;
	case SAVE_KILLED:
		printf("  save killed\n");
		break;
	case FINE:
		printf("  fine\n");
		break;
	case WRONG:
		printf("  THE SAVE IS WRONG\n");
		break;
	}
	fflush(stdout);
}

/* One save in a database of its own.  Return: how it ended. */
static enum ending save_in_story(void)
{
	int status;
	pid_t pid;

	*story = (struct story){ .copied = -1, .frames = -1 };
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		database();
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (status != 0)
		story->ending = DATABASE_KILLED;
	print_row();
	return story->ending;
}

static void tell_policy(int policy, size_t *fitted, size_t *killed)
{
	char text[2] = { (char)('0' + policy), '\0' };

	if (file_write(VM "overcommit_memory", text) < 0) {
		printf("\nmode %d cannot be set here\n", policy);
		return;
	}
	printf("\nmode %d (%s): CommitLimit %ld MiB\n", policy,
	       policy_names[policy],
	       file_value("/proc/meminfo", "CommitLimit") / 1024);
	printf("written    pages   copied   frames   needed of RAM\n");
	for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
		size_t all;

		percent = percents[i];
		all = pages + pages * percent / 100;
		switch (save_in_story()) {
		case FINE:
			if (all > *fitted)
				*fitted = all;
			break;
		case SAVE_KILLED:
		case DATABASE_KILLED:
			if (all < *killed)
				*killed = all;
			break;
		case FORK_REFUSED:
		case WRONG:
			break;
		}
	}
}

static void tell_rule(size_t fitted, size_t killed)
{
	printf("\nSizing rule: RAM >= data + pages written during the save.\n");
	if (fitted)
		printf("The most that fitted:      %6zu of %zu pages\n", fitted,
		       ram_pages);
	if (killed != SIZE_MAX)
		printf("The least that did not:    %6zu\n", killed);
}

static void set_limit(size_t limit_pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", limit_pages * (PAGE_SIZE / 1024));
	file_write(VM "overcommit_kbytes", text);
}

static void tell_policies(void)
{
	size_t fitted = 0, killed = SIZE_MAX;

	for (int i = 0; i < 3; i++)
		tell_policy(i, &fitted, &killed);
	tell_rule(fitted, killed);
}

static int tell_story(void)
{
	char policy[16] = "0", ratio[16] = "50", kbytes[16] = "0";

	words_used = 1;
	in_turns = true;
	ram_pages = (size_t)free_frames();
	pages = ram_pages * DATA_SHARE / RAM_SHARE;
	story = map_pages(1, MAP_SHARED);
	adjust_oom_score("-1000");
	printf("%zu pages are free (%zu MiB); a database of %zu, all of it "
	       "is to be saved\n",
	       ram_pages, ram_pages / 256, pages);

	file_read(VM "overcommit_memory", policy, sizeof(policy));
	file_read(VM "overcommit_ratio", ratio, sizeof(ratio));
	file_read(VM "overcommit_kbytes", kbytes, sizeof(kbytes));
	set_limit(ram_pages * LIMIT_SHARE / RAM_SHARE);
	tell_policies();
	file_write(VM "overcommit_memory", policy);
	if (atol(kbytes) > 0)
		file_write(VM "overcommit_kbytes", kbytes);
	else
		file_write(VM "overcommit_ratio", ratio);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "story"))
		return tell_story();
	if (argc > 1)
		pages = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		percent = strtoul(argv[2], NULL, 10);
	if (pages < 1 || pages > 1 << 22 || percent > 100) {
		fprintf(stderr, "usage: snapshot [PAGES [PERCENT]]\n"
				"       snapshot story\n");
		return 2;
	}
	return save_once();
}
