/* guest-test: host=yes */
/*
 * Untouched memory: reading it shows zeros and costs one fault a page, and
 * the first write gets a frame of its own, before a fork as after it.
 */
#include "guest.h"

enum { PAGES = 8, SIZE = PAGES * PAGE_SIZE };

static volatile char *area;

static bool all_zero(void)
{
	for (int i = 0; i < SIZE; i++)
		if (area[i] != 0)
			return false;
	return true;
}

/* Some pages were only read, the others never touched. */
static void child(void)
{
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'c'), PAGES);
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'd'), 0);
	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(area[i * PAGE_SIZE + 1], 0);
	say("child: a write to each costs %d\n", PAGES);
}

int main(void)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	settle();
	CHECK_FAULTS((void)pages_hold(area, 0, PAGES / 2, 0), PAGES / 2);
	CHECK_FAULTS((void)pages_hold(area, 0, PAGES / 2, 0), 0);
	if (sees_frames()) {
		CHECK_EQ(pfn_of(area), pfn_of(area + PAGE_SIZE));
		CHECK_EQ(pfn_of(area + SIZE - PAGE_SIZE), UNKNOWN);
	}
	say("parent: reading %d pages costs %d, all the same frame\n",
	    PAGES / 2, PAGES / 2);
	in_child_well(child);
	CHECK(all_zero());
	say("parent: still all zeros\n");

	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), PAGES);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	if (sees_frames())
		CHECK(pfn_of(area) != pfn_of(area + PAGE_SIZE));
	say("parent: a write to each costs %d, frames of its own\n", PAGES);
	run_check();
	return 0;
}
