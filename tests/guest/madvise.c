/* guest-test: host=yes */
/* madvise(MADV_DONTNEED): zeros again, and what it refuses. */
#include "guest.h"

enum { PAGES = 8, SIZE = PAGES * PAGE_SIZE };

int main(void)
{
	char *area = map_pages(PAGES, MAP_PRIVATE);

	catch_install();
	write_pages(area, 0, PAGES, 'a');
	CHECK_OK(madvise(area + 2 * PAGE_SIZE, 3 * PAGE_SIZE, MADV_DONTNEED));
	CHECK(pages_hold(area, 0, 2, 'a'));
	CHECK(pages_hold(area, 2, 5, 0));
	CHECK(pages_hold(area, 5, PAGES, 'a'));
	say_areas("the area is still one", area, PAGES);

	CHECK_OK(madvise(area, 0, MADV_DONTNEED));
	CHECK_OK(madvise(area, 1, MADV_DONTNEED));
	CHECK_EQ(area[0], 0);
	say("a length is rounded up to pages\n");

	CHECK_ERRNO(madvise(area + 1, PAGE_SIZE, MADV_DONTNEED), EINVAL);
	CHECK_ERRNO(madvise(area, PAGE_SIZE, 9999), EINVAL);
	CHECK_ERRNO(madvise(area, -1UL, MADV_DONTNEED), EINVAL);
	write_pages(area, 0, PAGES, 'a');
	CHECK_OK(munmap(area + 4 * PAGE_SIZE, PAGE_SIZE));
	CHECK_ERRNO(madvise(area, SIZE, MADV_DONTNEED), ENOMEM);
	CHECK(pages_hold(area, 0, 4, 0) && pages_hold(area, 5, PAGES, 0));
	say("over a hole: done, and ENOMEM\n");

	write_pages(area, 0, 4, 'a');
	CHECK_OK(mprotect(area, 4 * PAGE_SIZE, PROT_READ));
	CHECK_OK(madvise(area, 4 * PAGE_SIZE, MADV_DONTNEED));
	CHECK(pages_hold(area, 0, 4, 0));
	catch_write(area);
	say("read-only area: dropped; write: %s\n", caught_text());
	run_check();
	return 0;
}
