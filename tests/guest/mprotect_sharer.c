/* guest-test: host=yes */
/*
 * One sharer makes a read-only page writable: that must not make the shared
 * frame writable, neither for itself nor for the others.
 */
#include "guest.h"

enum { PAGES = 8 };

static volatile char *area;

static void set(int prot)
{
	CHECK_OK(mprotect((void *)area, PAGES * PAGE_SIZE, prot));
}

static void child(void)
{
	set(PROT_READ | PROT_WRITE);
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'c'), PAGES);
	CHECK(pages_hold(area, 0, PAGES, 'c'));
	say("child: read-only -> writable, %d copies\n", PAGES);
}

static void child_toggles(void)
{
	for (int i = 0; i < 3; i++) {
		set(PROT_READ);
		set(PROT_READ | PROT_WRITE);
	}
	set(PROT_NONE);
	set(PROT_READ | PROT_WRITE);
	settle();
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'c'), PAGES);
	say("child: to and fro, then still %d copies\n", PAGES);
}

int main(void)
{
	catch_install();
	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'p');
	set(PROT_READ);
	in_child_well(child);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	catch_write(area);
	say("parent, still read-only: %s\n", caught_text());

	set(PROT_READ | PROT_WRITE);
	write_pages(area, 0, PAGES, 'p');
	in_child_well(child_toggles);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	say("parent: untouched\n");
	run_check();
	return 0;
}
