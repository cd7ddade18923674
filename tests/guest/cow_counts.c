/* guest-test: host=yes release=yes */
/*
 * The same promise as cow_exact, counted as any program can: minor faults
 * from getrusage().  Linux gives the same numbers.
 */
#include "guest.h"

enum { PAGES = 64, WRITTEN = 10 };

static volatile char *area;

static void child(void)
{
	settle();
	CHECK_FAULTS(CHECK(pages_hold(area, 0, PAGES, 'p')), 0);
	CHECK_FAULTS(write_pages(area, 0, WRITTEN, 'c'), WRITTEN);
	CHECK_FAULTS(write_pages(area, 0, WRITTEN, 'd'), 0);
	CHECK(pages_hold(area, WRITTEN, PAGES, 'p'));
	say("child: reads 0, first writes 10, second writes 0\n");
}

int main(void)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), PAGES);
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), 0);
	say("parent: first writes 64, second writes 0\n");
	in_child_well(child);
	settle();
	CHECK_FAULTS(CHECK(pages_hold(area, 0, PAGES, 'p')), 0);
	CHECK_FAULTS(write_pages(area, 0, WRITTEN, 'q'), WRITTEN);
	CHECK_FAULTS(write_pages(area, 0, WRITTEN, 'r'), 0);
	say("parent: reads 0, first writes 10, second writes 0\n");
	run_check();
	return 0;
}
