/* guest-test: host=yes */
/* mremap: grow, shrink, move, to a fixed place, and what it refuses. */
#include "guest.h"

enum { PAGES = 4, SIZE = PAGES * PAGE_SIZE };

static char *fresh(void)
{
	char *area = map_pages(PAGES, MAP_PRIVATE);

	write_pages(area, 0, PAGES, 'a');
	return area;
}

int main(void)
{
	char *area = fresh(), *moved, *target;

	catch_install();
	/* The fence behind the area leaves no room. */
	CHECK_ERRNO(mremap(area, SIZE, 2 * SIZE, 0), ENOMEM);
	CHECK(pages_hold(area, 0, PAGES, 'a'));
	CHECK(mremap(area, SIZE, SIZE, 0) == area);
	say("no room: ENOMEM\n");

	moved = mremap(area, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED && moved != area);
	CHECK(pages_hold(moved, 0, PAGES, 'a'));
	CHECK(pages_hold(moved, PAGES, 2 * PAGES, 0));
	catch_read(area);
	say("moved and grown; the old place: %s\n", caught_text());

	CHECK(mremap(moved, 2 * SIZE, SIZE / 2, 0) == moved);
	CHECK(pages_hold(moved, 0, PAGES / 2, 'a'));
	catch_read(moved + SIZE / 2);
	say("shrunk; behind the end: %s\n", caught_text());
	CHECK(mremap(moved, SIZE / 2, SIZE, 0) == moved);
	CHECK(pages_hold(moved, PAGES / 2, PAGES, 0));
	say("grown in place: zeros\n");

	/* The middle of an area moves away: three areas become of one. */
	area = fresh();
	target = map_pages(PAGES, MAP_PRIVATE);
	write_pages(target, 0, PAGES, 't');
	CHECK(mremap(area + PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
		     MREMAP_MAYMOVE | MREMAP_FIXED,
		     target + PAGE_SIZE) == target + PAGE_SIZE);
	CHECK(pages_hold(target, 0, 1, 't') && pages_hold(target, 1, 3, 'a') &&
	      pages_hold(target, 3, 4, 't'));
	say_areas("where the middle was", area, PAGES);

	area = fresh();
	CHECK_ERRNO(mremap(area + 1, SIZE, SIZE, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERRNO(mremap(area, SIZE, 0, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERRNO(mremap(area, 0, SIZE, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERRNO(mremap(area, SIZE, SIZE, MREMAP_FIXED, target), EINVAL);
	CHECK_ERRNO(mremap(area, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   target + 1),
		    EINVAL);
	CHECK_ERRNO(mremap(area, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   area + PAGE_SIZE),
		    EINVAL);
	CHECK_ERRNO(mremap(area, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   0xffff888000000000),
		    EINVAL);
	CHECK_ERRNO(mremap(area, SIZE, 1UL << 47, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERRNO(mremap(area, SIZE, SIZE, 0x80), EINVAL);
	/* An old size that ends beyond all addresses, or goes round them. */
	CHECK_ERRNO(mremap(area + PAGE_SIZE, 1UL << 47, PAGE_SIZE, 0), EINVAL);
	CHECK_ERRNO(mremap(area + PAGE_SIZE, -PAGE_SIZE, PAGE_SIZE, 0), EINVAL);
	CHECK_ERRNO(mremap(area, -PAGE_SIZE, SIZE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, target),
		    EINVAL);
	run_check();
	CHECK_OK(munmap(target, SIZE));
	CHECK_ERRNO(mremap(target, SIZE, SIZE, 0), EFAULT);
	CHECK_ERRNO(mremap(target, SIZE, 2 * SIZE, MREMAP_MAYMOVE), EFAULT);
	CHECK(pages_hold(area, 0, PAGES, 'a'));
	say("what makes no sense: EINVAL, what is not there: EFAULT\n");
	run_check();
	return 0;
}
