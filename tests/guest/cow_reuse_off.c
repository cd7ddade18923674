/* guest-test: host="no: writes Calf's /proc/sys/vm/cow_reuse" */
/*
 * /proc/sys/vm/cow_reuse = 0: the last owner copies as well.  The results are
 * the same; only the kind of fault, and the memory traffic, differ.
 */
#include "guest.h"

enum { PAGES = 16 };

static volatile char *area;

static void child(void)
{
	settle();
	SAY_FAULTS("  child writes", write_pages(area, 0, PAGES, 'c'));
	CHECK(pages_hold(area, 0, PAGES, 'c'));
}

static void round_of(const char *reuse)
{
	long pfn;

	CHECK_OK(file_write("/proc/sys/vm/cow_reuse", reuse));
	say("cow_reuse = %s", reuse);
	write_pages(area, 0, PAGES, 'p');
	in_child_well(child);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	pfn = pfn_of(area);
	settle();
	SAY_FAULTS("  parent writes", write_pages(area, 0, PAGES, 'q'));
	SAY_FAULTS("  and again", write_pages(area, 0, PAGES, 'r'));
	say("  frame of the parent: %s\n",
	    pfn_of(area) == pfn ? "the same" : "a new one");
	CHECK(pages_hold(area, 0, PAGES, 'r'));
	run_check();
}

int main(void)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	round_of("1\n");
	round_of("0\n");
	round_of("1\n");
	return 0;
}
