/* guest-test: host="no: reads Calf's /proc/self/faults" */
/* The kinds of fault that untouched memory takes, before and after fork. */
#include "guest.h"

enum { PAGES = 8 };

static volatile char *area;

static void child(void)
{
	settle();
	SAY_FAULTS("child reads the pages the parent read",
		   (void)pages_hold(area, 0, PAGES / 2, 0));
	SAY_FAULTS("child writes them", write_pages(area, 0, PAGES / 2, 'c'));
	SAY_FAULTS("child writes pages nobody touched",
		   write_pages(area, PAGES / 2, PAGES, 'c'));
}

int main(void)
{
	long zero;

	area = map_pages(PAGES, MAP_PRIVATE);
	settle();
	SAY_FAULTS("parent reads 4 of 8 pages",
		   (void)pages_hold(area, 0, PAGES / 2, 0));
	zero = pfn_of(area);
	CHECK_EQ(page_look(area).writable, 0);
	CHECK(page_look(area).refs > page_look(area).maps);
	in_child_well(child);
	CHECK_EQ(pfn_of(area), zero);
	settle();
	SAY_FAULTS("parent writes one of them", area[0] = 'p');
	CHECK_EQ(pfn_of(area + PAGE_SIZE), zero);
	CHECK_EQ(page_look(area).writable, 1);
	SAY_FAULTS("parent writes an untouched one",
		   area[(PAGES - 1) * PAGE_SIZE] = 'p');
	run_check();
	return 0;
}
