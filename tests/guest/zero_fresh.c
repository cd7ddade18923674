/* guest-test: host=yes release=yes */
/*
 * Fresh memory is zero to its last byte, though others have used its frames
 * before: a child fills memory and ends, then its parent asks for memory of
 * every kind and looks at all of it.
 */
#include "guest.h"

enum { PAGES = 512, SIZE = PAGES * PAGE_SIZE };

static void fill(void)
{
	memset(map_pages(PAGES, MAP_PRIVATE), 0xa5, SIZE);
}

/* Write one byte of each page; all others must be zero. */
static void check_fresh(const char *what, volatile char *area, int pages)
{
	write_pages(area, 0, pages, 1);
	for (int i = 0; i < pages * PAGE_SIZE; i++)
		if (area[i] != (i % PAGE_SIZE == 0))
			FAIL("%s: byte %d of page %d is 0x%x", what,
			     i % PAGE_SIZE, i / PAGE_SIZE,
			     (unsigned char)area[i]);
	say("%s: zeros\n", what);
}

int main(void)
{
	char *area, *end;

	in_child_well(fill);
	area = map_pages(PAGES, MAP_PRIVATE);
	check_fresh("private memory", area, PAGES);
	CHECK_OK(munmap(area, SIZE));
	check_fresh("the same again", map_pages(PAGES, MAP_PRIVATE), PAGES);
	in_child_well(fill);
	check_fresh("shared memory", map_pages(PAGES, MAP_SHARED), PAGES);

	in_child_well(fill);
	/* musl's sbrk() refuses; the call itself does not. */
	area = (char *)syscall(SYS_brk, 0);
	area += -(uintptr_t)area % PAGE_SIZE;
	end = area + 16 * PAGE_SIZE;
	CHECK_EQ(syscall(SYS_brk, end), end);
	check_fresh("the heap", area, 16);
	run_check();
	return 0;
}
