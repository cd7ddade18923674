/*
 * guest-test: release=yes host="no: reads Calf's /proc/self/faults" mem=64M
 */
/*
 * The promise of copy-on-write in exact numbers: who writes first copies, the
 * last owner reuses, and reading never costs anything.
 */
#include "guest.h"

enum { PAGES = 64, WRITTEN = 10 };

static volatile char *area;

static void child(void)
{
	settle();
	SAY_FAULTS("child reads 64 pages",
		   CHECK(pages_hold(area, 0, PAGES, 'p')));
	SAY_FAULTS("child writes 10", write_pages(area, 0, WRITTEN, 'c'));
	SAY_FAULTS("child writes the same 10 again",
		   write_pages(area, 0, WRITTEN, 'd'));
	CHECK(pages_hold(area, 0, WRITTEN, 'd'));
	CHECK(pages_hold(area, WRITTEN, PAGES, 'p'));
}

int main(void)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	settle();
	SAY_FAULTS("parent touches 64 pages", write_pages(area, 0, PAGES, 'p'));
	in_child_well(child);
	settle();
	SAY_FAULTS("parent reads 64 pages",
		   CHECK(pages_hold(area, 0, PAGES, 'p')));
	SAY_FAULTS("parent writes the same 10",
		   write_pages(area, 0, WRITTEN, 'q'));
	SAY_FAULTS("parent writes them again",
		   write_pages(area, 0, WRITTEN, 'r'));
	SAY_FAULTS("parent writes the other 54",
		   write_pages(area, WRITTEN, PAGES, 'q'));
	run_check();
	return 0;
}
