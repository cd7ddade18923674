/* guest-test: host=yes */
/*
 * mremap of shared pages on one side: they move with their frames, stay
 * shared, and stay copy-on-write.
 */
#include "guest.h"

enum { PAGES = 8, SIZE = PAGES * PAGE_SIZE };

static volatile char *area;

static void child_moves(void)
{
	volatile char *target = map_pages(2 * PAGES, MAP_PRIVATE);
	long pfn = pfn_of(area);

	CHECK(mremap((void *)area, SIZE, 2 * SIZE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	catch_read(area);
	say("child: the old place: %s\n", caught_text());
	CHECK_EQ(pfn_of(target), pfn);
	settle();
	CHECK_FAULTS(CHECK(pages_hold(target, 0, PAGES, 'p')), 0);
	CHECK_FAULTS(write_pages(target, 0, PAGES, 'c'), PAGES);
	CHECK_FAULTS(write_pages(target, PAGES, 2 * PAGES, 'c'), PAGES);
	CHECK(pages_hold(target, 0, 2 * PAGES, 'c'));
	say("child: moved and doubled, then wrote all of it\n");
}

static void child_shrinks(void)
{
	CHECK(mremap((void *)area, SIZE, SIZE / 2, 0) == area);
	CHECK(pages_hold(area, 0, PAGES / 2, 'p'));
	catch_read(area + SIZE / 2);
	say("child: behind the new end: %s\n", caught_text());
	write_pages(area, 0, PAGES / 2, 'c');
}

int main(void)
{
	struct gate moved = gate_make();
	volatile char *target;
	pid_t pid;

	catch_install();
	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'p');
	in_child_well(child_moves);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	in_child_well(child_shrinks);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	say("parent: untouched\n");

	pid = check_fork();
	if (pid == 0) {
		gate_wait(&moved);
		CHECK(pages_hold(area, 0, PAGES, 'p'));
		write_pages(area, 0, PAGES, 'c');
		CHECK(pages_hold(area, 0, PAGES, 'c'));
		_exit(0);
	}
	target = map_pages(PAGES, MAP_PRIVATE);
	CHECK(mremap((void *)area, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     target) == target);
	gate_open(&moved);
	wait_well(pid);
	CHECK(pages_hold(target, 0, PAGES, 'p'));
	write_pages(target, 0, PAGES, 'q');
	CHECK(pages_hold(target, 0, PAGES, 'q'));
	say("parent moved, child stayed: both keep their pages\n");
	run_check();
	return 0;
}
