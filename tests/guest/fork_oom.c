/*
 * guest-test: release=yes host="no: takes all memory" mem=32M timeout=180
 * append="sysctl.vm.overcommit_memory=1"
 */
/*
 * Fork runs out of frames half-way: it takes everything back, somebody is
 * killed, and it begins again.  First the eager fork, which cannot hold all
 * pages twice; then the sharing one, with so few frames left that it stops at
 * each of its allocations in turn.  In both the process that forks is the
 * largest, so that it dies in the middle of its own fork.
 * (That fork says ENOMEM where nobody is to be killed is fail_nth's part.)
 */
#include "oom.h"

static volatile char *area;
static int pages;

/* Shared with the children, which may not live to tell. */
struct report {
	long lowest; /* free frames at the last page one could have */
	long lived; /* forks that found what they needed */
};

static struct report *report;

static void use_up(void)
{
	volatile char *more = map_pages(1 << 14, MAP_PRIVATE);

	settle();
	for (int i = 0; i < 1 << 14; i++) {
		long now = free_frames();

		if (now >= 0)
			report->lowest = now;
		more[i * PAGE_SIZE] = 'x';
	}
}

/* In a child that may be killed; its memory is area's and its own. */
static void fork_once(void)
{
	if (check_fork() == 0)
		_exit(0);
	wait(NULL);
	report->lived++;
}

static void fork_eagerly(void)
{
	CHECK_OK(file_write("/proc/sys/vm/fork_level", "0"));
	fork_once();
}

static void eager(void)
{
	long kills = oom_kills();

	for (int i = 0; i < 5; i++) {
		int status = wait_for(oom_child("0", fork_eagerly));

		CHECK_OK(file_write("/proc/sys/vm/fork_level", "1"));
		if (i == 0)
			say("eager fork of more than half of memory: %s\n",
			    how_ended(status));
		CHECK_EQ(status, SIGKILL);
		CHECK(pages_hold(area, 0, pages, 'p'));
		run_check();
	}
	CHECK_EQ(oom_kills() - kills, 5);
}

static int spare; /* frames to leave */

static void fork_with_few_frames(void)
{
	volatile char *ballast = map_pages(1 << 14, MAP_PRIVATE);
	int used = 0;

	settle();
	while (free_frames() > report->lowest + 4 + spare)
		ballast[used++ * PAGE_SIZE] = 'b';
	fork_once();
	CHECK(pages_hold(ballast, 0, used, 'b'));
}

/* One frame more in each round, until fork finds all it needs. */
static void sharing(void)
{
	int killed = 0;

	for (spare = 0; !report->lived; spare++) {
		int status = wait_for(oom_child("0", fork_with_few_frames));

		if (status != 0 && status != SIGKILL)
			FAIL("child: %s", how_ended(status));
		killed += status == SIGKILL;
		CHECK(pages_hold(area, 0, pages, 'p'));
	}
	CHECK(killed > 0);
	say("sharing fork, with few frames left: killed, until there are "
	    "enough\n");
}

int main(void)
{
	long before;

	oom_adjust(NEVER);
	report = map_pages(1, MAP_SHARED);
	report->lowest = 0;
	settle();
	before = oom_free();
	say("a child takes all memory: %s\n",
	    how_ended(wait_for(oom_child("0", use_up))));
	before = oom_free();
	say("a child takes all memory: %s\n",
	    how_ended(wait_for(oom_child("0", use_up))));
	oom_is_quiet(before);

	pages = (int)((free_frames() - report->lowest) * 6 / 10);
	area = map_pages((size_t)pages, MAP_PRIVATE);
	write_pages(area, 0, pages, 'p');
	before = oom_free();
	eager();
	sharing();
	oom_is_quiet(before);
	write_pages(area, 0, pages, 'q');
	say("no frame lost\n");
	return 0;
}
