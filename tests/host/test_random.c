/*
 * test_random.c - random operations, checked step by step
 *
 *	test_random [--seeds N] [--first SEED] [--steps N] [--every N]
 *	test_random --seed SEED		one seed, every operation printed
 *	test_random --replay FILE	lines of 16 hex digits, as printed
 *	test_random --bytes FILE	8 bytes each, as "make fuzz" keeps them
 *
 * Each seed runs in a process of its own, on a fresh machine.  When one fails,
 * operations are left out as long as it still fails, and what remains is
 * printed.  Source of the method: Zeller and Hildebrandt, "Simplifying and
 * Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/host/fake_machine.h"
#include "tests/host/ops.h"

#define OPS_MAX 100000
#define PARALLEL 2
#define SHRINK_TIME_SECONDS 60

static struct op ops[OPS_MAX];
static u64 check_every = 1;

/* ---- Random numbers: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) ---- */

static u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

static void make_ops(u64 seed, u64 count)
{
	u64 state = seed * 0x100000001b3UL;

	for (u64 i = 0; i < count; i++) {
		u64 bits = next_random(&state);

		memcpy(&ops[i], &bits, sizeof(ops[i]));
	}
}

/* ---- One run ---- */

static void run(const struct op *list, u64 count, bool is_traced)
{
	struct ops_options options = { is_traced, check_every };

	setvbuf(stdout, NULL, _IOLBF, 0);
	machine_start();
	ops_start(&options);
	for (u64 i = 0; i < count; i++) {
		if (is_traced) {
			const u8 *bytes = (const u8 *)&list[i];

			for (size_t at = 0; at < sizeof(list[i]); at++)
				printf("%02x", bytes[at]);
			printf("  ");
		}
		ops_step(&list[i]);
	}
	ops_finish();
	exit(0);
}

static void run_traced(u64 count)
{
	run(ops, count, true);
}

/* Start a run in a process of its own. */
static pid_t start_run(const struct op *list, u64 count, bool is_silent)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child != 0)
		return child;
	if (is_silent && (!freopen("/dev/null", "w", stderr) ||
			  !freopen("/dev/null", "w", stdout)))
		exit(1);
	run(list, count, !is_silent);
	exit(0);
}

static bool fails(const struct op *list, u64 count)
{
	int status;

	waitpid(start_run(list, count, true), &status, 0);
	return status != 0;
}

/* ---- Shrinking ---- */

/*
 * Leave out one part after the other, first large ones.
 * => ops[0 .. count) fails.  Return: how many ops are left.
 */
static u64 shrink(u64 count)
{
	static struct op tried[OPS_MAX];
	time_t end = time(NULL) + SHRINK_TIME_SECONDS;
	u64 part = count / 2;

	while (part > 0 && time(NULL) < end) {
		bool is_smaller = false;

		for (u64 at = 0; at < count && time(NULL) < end;) {
			u64 cut = min_u64(part, count - at);

			memcpy(tried, ops, at * sizeof(*ops));
			memcpy(tried + at, ops + at + cut,
			       (count - at - cut) * sizeof(*ops));
			if (!fails(tried, count - cut)) {
				at += cut;
				continue;
			}
			memcpy(ops, tried, (count - cut) * sizeof(*ops));
			count -= cut;
			is_smaller = true;
		}
		if (part > 1)
			part /= 2;
		else if (!is_smaller)
			break;
	}
	return count;
}

static void explain_failure(u64 seed, u64 count)
{
	int status;

	printf("seed %lu fails; shrinking %lu operations …\n", seed, count);
	make_ops(seed, count);
	count = shrink(count);
	printf("these %lu are enough (keep the digits for --replay):\n", count);
	waitpid(start_run(ops, count, false), &status, 0);
}

/* ---- Many seeds ---- */

/* Return: how many failed; stops at the first. */
static int run_seeds(u64 first, u64 seeds, u64 steps)
{
	u64 running[PARALLEL];
	pid_t pids[PARALLEL] = { 0 };
	u64 next = first;
	u64 failed = 0;
	int active = 0;

	while (active > 0 || (next < first + seeds && !failed)) {
		int status;
		pid_t ended;

		for (int i = 0; i < PARALLEL && !failed; i++) {
			if (pids[i] || next >= first + seeds)
				continue;
			make_ops(next, steps);
			pids[i] = start_run(ops, steps, true);
			running[i] = next++;
			active++;
		}
		ended = wait(&status);
		active--;
		for (int i = 0; i < PARALLEL; i++) {
			if (pids[i] != ended)
				continue;
			pids[i] = 0;
			if (status != 0)
				failed = running[i];
		}
	}
	if (failed)
		explain_failure(failed, steps);
	else
		printf("seeds %lu to %lu, %lu operations each: no failure\n",
		       first, first + seeds - 1, steps);
	return failed != 0;
}

static FILE *open_or_fail(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		FAIL("cannot open %s", path);
	return file;
}

static u64 read_bytes(const char *path)
{
	FILE *file = open_or_fail(path);
	u64 count = fread(ops, sizeof(*ops), OPS_MAX, file);

	fclose(file);
	return count;
}

static u64 read_digits(const char *path)
{
	FILE *file = open_or_fail(path);
	char line[512];
	u64 count = 0;

	while (count < OPS_MAX && fgets(line, sizeof(line), file)) {
		u8 *bytes = (u8 *)&ops[count];
		size_t at;

		for (at = 0; at < sizeof(*ops); at++)
			if (sscanf(line + 2 * at, "%2hhx", &bytes[at]) != 1)
				break;
		if (at == sizeof(*ops))
			count++;
	}
	fclose(file);
	return count;
}

int main(int argc, char **argv)
{
	u64 first = 1, seeds = 24, steps = 1500;

	for (int i = 1; i + 1 < argc; i += 2) {
		u64 value = strtoul(argv[i + 1], NULL, 0);

		if (!strcmp(argv[i], "--seeds"))
			seeds = value;
		else if (!strcmp(argv[i], "--first"))
			first = value;
		else if (!strcmp(argv[i], "--steps"))
			steps = min_u64(value, OPS_MAX);
		else if (!strcmp(argv[i], "--every"))
			check_every = value;
		else if (!strcmp(argv[i], "--seed"))
			make_ops(value, steps), run_traced(steps);
		else if (!strcmp(argv[i], "--replay"))
			run_traced(read_digits(argv[i + 1]));
		else if (!strcmp(argv[i], "--bytes"))
			run_traced(read_bytes(argv[i + 1]));
		else
			FAIL("unknown option %s", argv[i]);
	}
	return run_seeds(first, seeds, steps);
}
