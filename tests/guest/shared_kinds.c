/* guest-test: host="no: reads Calf's /proc/self/faults" */
/* The kinds of fault that shared anonymous memory takes: never a copy. */
#include "guest.h"

enum { PAGES = 8 };

static volatile char *area;

static void child(void)
{
	settle();
	SAY_FAULTS("child writes untouched pages",
		   write_pages(area, PAGES / 2, PAGES, 'c'));
	CHECK(pages_hold(area, 0, PAGES / 2, 'p'));
	write_pages(area, 0, PAGES / 2, 'c');
}

int main(void)
{
	static struct faults before, after;

	area = map_pages(PAGES, MAP_SHARED);
	settle();
	SAY_FAULTS("parent writes 4 of 8",
		   write_pages(area, 0, PAGES / 2, 'p'));
	CHECK(page_look(area).object);
	in_child_well(child);
	settle();
	faults_now(&before);
	CHECK(pages_hold(area, 0, PAGES, 'c'));
	write_pages(area, 0, PAGES, 'P');
	faults_now(&after);
	CHECK_EQ(after.kind[COW_COPY] - before.kind[COW_COPY], 0);
	CHECK_EQ(after.kind[ZERO_FILL] - before.kind[ZERO_FILL], 0);
	CHECK_EQ(after.kind[ZERO_MAP] - before.kind[ZERO_MAP], 0);
	say("parent sees the child's values; no copy, no zeros\n");
	run_check();
	return 0;
}
