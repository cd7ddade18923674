/* guest-test: host=yes */
/*
 * Read-only stays read-only over fork: R/W = 0 in an entry means "shared"
 * only if the area may be written at all.
 */
#include "guest.h"

static volatile char *area;

static void try_write(void)
{
	catch_write(area);
	say("write: %s\n", caught_text());
	CHECK_EQ(caught.address, area);
	CHECK_EQ(*area, 'r');
}

static void child(void)
{
	say("child ");
	try_write();
	in_child_well(try_write);
}

static void child_dies(void)
{
	signal(SIGSEGV, SIG_DFL);
	*area = 'x';
}

int main(void)
{
	catch_install();
	area = map_pages(2, MAP_PRIVATE);
	area[0] = 'r';
	CHECK_OK(mprotect((void *)area, PAGE_SIZE, PROT_READ));
	try_write();
	in_child_well(child);
	say("parent ");
	try_write();
	say("child without a handler: %s\n", how_ended(in_child(child_dies)));
	CHECK_EQ(*area, 'r');
	run_check();
	return 0;
}
