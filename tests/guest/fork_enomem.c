/*
 * guest-test: release=yes host="no: takes all memory" mem=32M timeout=180
 *             append="sysctl.vm.overcommit_memory=1"
 */
/*
 * Fork runs out of frames half-way: it says ENOMEM, takes everything back,
 * and the parent's memory is as it was.  First the eager fork, which cannot
 * hold all pages twice; then the sharing one, with so few frames left that it
 * stops at each of its allocations in turn.
 */
#include "guest.h"

static volatile char *area;
static int pages;

/* Shared with the children, which may not live to tell. */
struct report {
	long lowest; /* free frames at the last page one could have */
	int failed; /* forks that said ENOMEM */
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

/* Fork, and let the child end at once; returns the errno, 0 for success. */
static int try_fork(void)
{
	long before;
	pid_t pid;

	settle();
	before = free_frames();
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0) {
		int saved = errno;

		CHECK_EQ(free_frames(), before);
		return saved;
	}
	wait_for(pid);
	return 0;
}

static void eager(void)
{
	CHECK_OK(file_write("/proc/sys/vm/fork_level", "0"));
	for (int i = 0; i < 5; i++) {
		int got = try_fork();

		if (i == 0)
			say("eager fork of more than half of memory: %s\n",
			    errno_name(got));
		CHECK_EQ(got, ENOMEM);
		CHECK(pages_hold(area, 0, pages, 'p'));
	}
	run_check();
	CHECK_OK(file_write("/proc/sys/vm/fork_level", "1"));
}

/*
 * Leave a few frames, and one more in each round, until fork succeeds.  Then
 * there may still be none for the copies that the two need at once: that kills
 * one of them, and we may be the one.
 */
static void nearly_full(void)
{
	long left = free_frames() - report->lowest;
	volatile char *ballast = map_pages((size_t)left, MAP_PRIVATE);
	int used = (int)(left - left / 512 - 30);

	settle();
	write_pages(ballast, 0, used, 'b');
	while (free_frames() > report->lowest + 4)
		ballast[used++ * PAGE_SIZE] = 'b';
	while (try_fork() == ENOMEM) {
		report->failed++;
		CHECK(pages_hold(ballast, 0, used, 'b'));
		CHECK(pages_hold(area, 0, pages, 'p'));
		run_check();
		used--;
		CHECK_OK(madvise((void *)(ballast + used * PAGE_SIZE),
				 PAGE_SIZE, MADV_DONTNEED));
	}
}

static void sharing(void)
{
	long before;
	int status;

	CHECK_EQ(try_fork(), 0);
	say("sharing fork of the same: ok\n");
	settle();
	before = free_frames();
	status = in_child(nearly_full);
	if (status != 0 && status != SIGKILL)
		FAIL("child: %s", how_ended(status));
	CHECK(report->failed > 0);
	CHECK(pages_hold(area, 0, pages, 'p'));
	/*
	 * A child of the killed one is init's now and may live a moment longer;
	 * as long as it does, writing copies, for which there is no room.
	 */
	for (int i = 0; i < 1000 && free_frames() != before; i++)
		usleep(1000);
	write_pages(area, 0, pages, 'p');
	settle();
	CHECK_EQ(free_frames(), before);
	say("sharing fork, with few frames left: ENOMEM, until there are "
	    "enough\n");
}

int main(void)
{
	long before;

	report = map_pages(1, MAP_SHARED);
	report->lowest = 0;
	settle();
	say("a child takes all memory: %s\n", how_ended(in_child(use_up)));
	settle();
	before = free_frames();
	say("a child takes all memory: %s\n", how_ended(in_child(use_up)));
	settle();
	CHECK_EQ(free_frames(), before);

	pages = (int)((before - report->lowest) * 6 / 10);
	area = map_pages((size_t)pages, MAP_PRIVATE);
	write_pages(area, 0, pages, 'p');
	eager();
	sharing();
	CHECK_OK(munmap((void *)area, (size_t)pages * PAGE_SIZE));
	say("no frame lost\n");
	run_check();
	return 0;
}
