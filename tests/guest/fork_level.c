/*
 * guest-test: release=yes host="no: writes Calf's /proc/sys/vm/fork_level"
 */
/*
 * /proc/sys/vm/fork_level: 1 shares the frames at fork, 0 copies them all at
 * once.  What the processes see is the same; when the copies are made is not.
 */
#include "guest.h"

enum { PAGES = 32, WRITTEN = 8 };

static volatile char *area, *common;

static void child(void)
{
	settle();
	SAY_FAULTS("  child reads", CHECK(pages_hold(area, 0, PAGES, 'p')));
	SAY_FAULTS("  child writes 8", write_pages(area, 0, WRITTEN, 'c'));
	common[0] = 'c';
	CHECK(pages_hold(area, 0, WRITTEN, 'c'));
	CHECK(pages_hold(area, WRITTEN, PAGES, 'p'));
}

static void round_of(const char *level)
{
	CHECK_OK(file_write("/proc/sys/vm/fork_level", level));
	say("fork_level = %s", level);
	write_pages(area, 0, PAGES, 'p');
	common[0] = 'p';
	in_child_well(child);
	settle();
	SAY_FAULTS("  parent writes the same 8",
		   write_pages(area, 0, WRITTEN, 'q'));
	SAY_FAULTS("  parent writes the others",
		   write_pages(area, WRITTEN, PAGES, 'q'));
	CHECK(pages_hold(area, 0, PAGES, 'q'));
	CHECK_EQ(common[0], 'c');
	run_check();
}

int main(void)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	common = map_pages(1, MAP_SHARED);
	round_of("1\n");
	round_of("0\n");
	round_of("1\n");
	return 0;
}
