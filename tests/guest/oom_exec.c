/*
 * guest-test: release=yes host="no: takes all memory" mem=32M
 * append="sysctl.vm.overcommit_memory=1"
 */
/*
 * Memory runs out in the middle of execve, when the new program and the old
 * one are both there: the call begins again when somebody was killed, and
 * when that is the one who called, nothing of either is left.
 */
#include "oom.h"

/* All the memory there is and more, untouched. */
static volatile char *promise(void)
{
	char *start = mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(start != MAP_FAILED);
	return start;
}

static char argument[25 * PAGE_SIZE];
static size_t argument_bytes;
static int spare; /* frames to leave */

static void execve_with_few_frames(void)
{
	char *arguments[] = { "oom_exec", argument, NULL };
	volatile char *own = promise();
	int taken;

	memset(argument, 'x', argument_bytes);
	settle();
	taken = (int)free_frames() - spare - 100; /* without looking */
	write_pages(own, 0, taken, 'o');
	while (free_frames() > spare)
		own[(long)taken++ * PAGE_SIZE] = 'o';
	execv("/proc/self/exe", arguments);
	_exit(4);
}

/*
 * Frames more in each round, until the execve finds all it needs.  Before, the
 * hog dies in it: nothing else takes memory after its last look.
 */
static void until_it_fits(int reserve)
{
	long before = oom_free();
	int killed = 0, status = SIGKILL;

	argument_bytes = 6 * PAGE_SIZE;
	for (spare = reserve + 8; status == SIGKILL; spare += 4) {
		status = wait_for(oom_child("0", execve_with_few_frames));
		killed += status == SIGKILL;
		oom_is_quiet(before);
	}
	CHECK_EQ(status, 0);
	CHECK(killed >= 4);
	say("a hog in execve: killed, until there are frames enough\n");
}

/* The kernel wants 32 frames in a row for these. */
static void with_large_arguments(int reserve)
{
	long before = oom_free();

	argument_bytes = sizeof(argument) - 1;
	spare = reserve + 20;
	CHECK_EQ(wait_for(oom_child("0", execve_with_few_frames)), SIGKILL);
	say("with 100 KiB of arguments: killed\n");
	oom_is_quiet(before);
}

static struct gate ready;

static void hold(void)
{
	write_pages(map_pages(200, MAP_PRIVATE), 0, 200, 'h');
	gate_open(&ready);
	pause();
}

/* Somebody else has to go, and the execve is not even told. */
static void at_the_expense_of_others(int reserve)
{
	long before = oom_free();
	pid_t victim = oom_child("1000", hold);

	gate_wait(&ready);
	argument_bytes = 6 * PAGE_SIZE;
	spare = reserve + 8;
	CHECK_EQ(wait_for(oom_child(NEVER, execve_with_few_frames)), 0);
	CHECK_EQ(wait_for(victim), SIGKILL);
	say("with a better victim: that one is killed, the execve works\n");
	oom_is_quiet(before);
}

int main(int argc, char **argv)
{
	int reserve;

	(void)argv;
	if (argc > 1) /* execve_with_few_frames() got here */
		return 0;
	oom_adjust(NEVER);
	reserve = (int)file_value("/proc/meminfo", "MemTotal") / 4 / 64;
	ready = gate_make();
	(void)oom_free();
	settle();
	until_it_fits(reserve);
	with_large_arguments(reserve);
	at_the_expense_of_others(reserve);
	return 0;
}
