/* guest-test: host=yes */
/* mremap with MREMAP_DONTUNMAP: the pages move, their old place stays. */
#include "guest.h"

#define KEEP 4 /* MREMAP_DONTUNMAP */
#define SIZE ((size_t)PAGES * PAGE_SIZE)

enum { PAGES = 4 };

static volatile char *area, *moved;

static volatile char *keep(int flags, void *target)
{
	volatile char *got = mremap((void *)area, SIZE, SIZE,
				    MREMAP_MAYMOVE | KEEP | flags, target);

	CHECK(got != MAP_FAILED && got != area);
	return got;
}

/* The old place is as it was before anything was written. */
static void check_both(char old, char new)
{
	CHECK(pages_hold(moved, 0, PAGES, new));
	CHECK(pages_hold(area, 0, PAGES, old));
}

static void child(void)
{
	check_both('b', 'a');
	write_pages(moved, 0, PAGES, 'c');
	write_pages(area, 0, PAGES, 'c');
	check_both('c', 'c');
}

int main(void)
{
	char *target = map_pages(PAGES, MAP_PRIVATE);

	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'a');
	CHECK_ERRNO(mremap((void *)area, SIZE, SIZE, KEEP), EINVAL);
	CHECK_ERRNO(mremap((void *)area, SIZE, 2 * SIZE, KEEP | MREMAP_MAYMOVE),
		    EINVAL);
	CHECK_ERRNO(mremap((void *)area, SIZE, SIZE / 2, KEEP | MREMAP_MAYMOVE),
		    EINVAL);
	CHECK(pages_hold(area, 0, PAGES, 'a'));
	say("the size must stay, and it must be allowed to move\n");
	moved = keep(0, NULL);
	check_both(0, 'a');
	write_pages(area, 0, PAGES, 'b');
	check_both('b', 'a');
	say("moved; zeros are left, and can be written\n");
	in_child_well(child);
	check_both('b', 'a');
	say("both are private after fork\n");
	moved = keep(MREMAP_FIXED, target);
	CHECK_EQ(moved, target);
	check_both(0, 'b');
	CHECK_OK(munmap((void *)area, SIZE));
	catch_install();
	catch_read(area);
	say("moved to a place of our choice; unmapped: %s\n", caught_text());
	run_check();
	return 0;
}
