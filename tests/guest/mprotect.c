/* guest-test: host=yes */
/*
 * mprotect splits areas and merges them again, keeps what is in them, and
 * takes effect at once.
 */
#include "guest.h"

enum { PAGES = 8 };

static char *area;

static int set(int first, int last, int prot)
{
	return mprotect(area + first * PAGE_SIZE,
			(size_t)(last - first) * PAGE_SIZE, prot);
}

static void try_at(const char *what, int index)
{
	catch_read(area + index * PAGE_SIZE);
	say("%s: read %s", what, caught_text());
	catch_write(area + index * PAGE_SIZE + 1);
	say(", write %s\n", caught_text());
}

int main(void)
{
	catch_install();
	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'a');
	say_areas("at first", area, PAGES);
	CHECK_OK(set(2, 4, PROT_READ));
	say_areas("middle read-only", area, PAGES);
	CHECK_OK(set(4, 6, PROT_READ));
	say_areas("and its neighbour", area, PAGES);
	CHECK_OK(set(3, 5, PROT_NONE));
	say_areas("none in the middle of that", area, PAGES);
	try_at("none", 3);
	try_at("read-only", 2);
	try_at("writable", 1);
	CHECK_OK(set(0, PAGES, PROT_READ));
	say_areas("all read-only", area, PAGES);
	CHECK(pages_hold(area, 0, PAGES, 'a'));
	CHECK_OK(set(0, PAGES, PROT_READ | PROT_WRITE));
	say_areas("all writable", area, PAGES);
	write_pages(area, 0, PAGES, 'b');
	CHECK_OK(set(0, 4, PROT_READ | PROT_EXEC));
	say_areas("half executable", area, PAGES);
	CHECK_OK(set(0, PAGES, PROT_READ | PROT_WRITE));

	CHECK_OK(set(1, 1, PROT_READ));
	/* musl rounds to pages; the call itself does not. */
	CHECK_ERRNO(syscall(SYS_mprotect, area + 1, PAGE_SIZE, PROT_READ),
		    EINVAL);
	CHECK_ERRNO(set(0, 1, 0x1000), EINVAL);
	CHECK_ERRNO(mprotect((void *)0xffff888000000000, PAGE_SIZE, PROT_READ),
		    ENOMEM);
	CHECK_OK(munmap(area + 4 * PAGE_SIZE, PAGE_SIZE));
	CHECK_ERRNO(set(4, 5, PROT_READ), ENOMEM);
	CHECK_ERRNO(set(3, 6, PROT_READ), ENOMEM);
	say_areas("up to a hole", area, PAGES);
	CHECK(pages_hold(area, 0, 4, 'b'));
	CHECK(pages_hold(area, 5, PAGES, 'b'));
	run_check();
	return 0;
}
