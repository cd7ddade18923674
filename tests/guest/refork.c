/* guest-test: host=yes release=yes */
/*
 * Twelve generations fork an already shared page, each before and after
 * writing its own value.  Everyone sees the values of its ancestors as they
 * were, and nothing of its descendants.
 */
#include "guest.h"

enum { GENERATIONS = 12, PAGES = GENERATIONS + 1 };

static volatile char *area;

/*
 * Page g belongs to generation g.  Page 0 stays shared by all of them, and
 * each writes it once at the end, when its descendants are gone.
 */
static void generation(int self)
{
	CHECK(pages_hold(area, 0, 1, 0x40));
	for (int g = 1; g < PAGES; g++)
		CHECK(pages_hold(area, g, g + 1, g < self ? (char)g : 0x40));
	settle();
	CHECK_FAULTS(write_pages(area, self, self + 1, (char)self), 1);
	CHECK_FAULTS(write_pages(area, self, self + 1, (char)self), 0);
	if (self < GENERATIONS) {
		pid_t pid = check_fork();

		if (pid == 0) {
			generation(self + 1);
			_exit(0);
		}
		wait_well(pid);
	}
	for (int g = 1; g < PAGES; g++)
		CHECK(pages_hold(area, g, g + 1, g <= self ? (char)g : 0x40));
	settle();
	CHECK_FAULTS(write_pages(area, 0, 1, (char)(0x60 + self)), 1);
	say("generation %d keeps its value\n", self);
}

static void first(void)
{
	generation(1);
}

int main(void)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 0x40);
	in_child_well(first);
	CHECK(pages_hold(area, 0, PAGES, 0x40));
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), PAGES);
	say("the first page is as it was\n");
	run_check();
	return 0;
}
