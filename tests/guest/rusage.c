/* guest-test: host=yes */
/* getrusage: minor faults to the number, of this process and its children. */
#include "guest.h"

enum { PAGES = 50 };

static volatile char *area;

static long children_faults(void)
{
	struct rusage usage;

	CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
	return usage.ru_minflt;
}

static void child(void)
{
	struct faults now;

	faults_now(&now);
	CHECK(now.minor < 200); /* counted from 0, not from the parent's */
	write_pages(area, 0, PAGES, 'c');
}

int main(void)
{
	struct rusage usage;
	long before;

	area = map_pages(PAGES, MAP_PRIVATE);
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), PAGES);
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), 0);
	say("%d pages: %d minor faults\n", PAGES, PAGES);
	before = children_faults();
	in_child_well(child);
	CHECK(children_faults() - before >= PAGES);
	say("a child's count when it has been waited for\n");
	CHECK_OK(getrusage(RUSAGE_SELF, &usage));
	if (on_calf()) /* Linux counts a fault it had to retry as major */
		CHECK_EQ(usage.ru_majflt, 0);
	CHECK_ERRNO(getrusage(99, &usage), EINVAL);
	run_check();
	return 0;
}
