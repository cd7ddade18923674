/* guest-test: host=yes mem=128M timeout=120 */
/*
 * Pages far apart: a page table for almost each of them, which fork has to
 * copy and exit has to give back.
 */
#include "guest.h"

enum { PAGES = 300 };

static const size_t stride = 2 * 1024 * 1024 + PAGE_SIZE;
static volatile char *area;

static volatile char *page(int index)
{
	return area + (size_t)index * stride;
}

static void child(void)
{
	settle();
	for (int i = 0; i < PAGES; i++) {
		CHECK_EQ(*page(i), (char)i);
		CHECK_FAULTS(*page(i) = 'c', 1);
	}
	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(*page(i), 'c');
}

/* All of it in a process of its own, whose end frees all tables. */
static void spread(void)
{
	area = mmap(NULL, PAGES * stride, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(area != MAP_FAILED);
	for (int i = 0; i < PAGES; i++)
		*page(i) = (char)i;
	in_child_well(child);
	run_check();
	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(*page(i), (char)i);
	CHECK_OK(munmap((void *)area, PAGES / 2 * stride));
	for (int i = PAGES / 2; i < PAGES; i++)
		CHECK_EQ(*page(i), (char)i);
}

int main(void)
{
	long before;

	in_child_well(spread);
	settle();
	before = free_frames();
	in_child_well(spread);
	settle();
	if (on_calf())
		CHECK_EQ(free_frames(), before);
	say("%d pages, 2 MiB apart: shared, copied, given back\n", PAGES);
	run_check();
	return 0;
}
