/* guest-test: host=yes */
/*
 * The guard gap: the stack does not grow closer than 256 pages to an area
 * below it, unless that area cannot be touched anyway (PROT_NONE).
 */
#include "guest.h"

enum { GAP = 256 * PAGE_SIZE, DISTANCE = 1024 * PAGE_SIZE };

static char *stack_start(void)
{
	struct area stack;

	CHECK(maps_find(&stack, &stack));
	return (char *)stack.start;
}

/* An area of one page below the stack; returns its end. */
static char *map_below(int prot)
{
	char *below = stack_start() - DISTANCE;

	CHECK(mmap(below, PAGE_SIZE, prot,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		   0) == below);
	return below + PAGE_SIZE;
}

static void in_use(void)
{
	char *end = map_below(PROT_READ | PROT_WRITE);

	catch_write(end + GAP - 1);
	say("one page too close to an area: %s\n", caught_text());
	CHECK_EQ(caught.address, end + GAP - 1);
	catch_write(end + GAP);
	say("exactly 256 pages away: %s\n", caught_text());
	CHECK(stack_start() == end + GAP);
	catch_write(end + GAP - 1);
	say("one byte further: %s\n", caught_text());
	CHECK(stack_start() == end + GAP);
}

static void inaccessible(void)
{
	char *end = map_below(PROT_NONE);

	catch_write(end);
	say("next to a PROT_NONE area: %s\n", caught_text());
	catch_write(end - 1);
	say("inside it: %s\n", caught_text());
}

static void below_all(void)
{
	catch_write((char *)stack_start() - 64 * 1024 * 1024);
	say("64 MiB below: %s\n", caught_text());
}

int main(void)
{
	catch_install();
	in_child_well(in_use);
	in_child_well(inaccessible);
	in_child_well(below_all);
	run_check();
	return 0;
}
