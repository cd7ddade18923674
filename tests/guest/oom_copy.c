/*
 * guest-test: release=yes host="no: takes all memory" mem=32M timeout=120
 */
/*
 * Fork promises more than there is: a child that writes all it shares runs
 * out of frames and is killed; the parent never notices.
 */
#include "guest.h"

static volatile char *area;
static int pages;

static void write_all(void)
{
	write_pages(area, 0, pages, 'c');
}

/* The kernel writes for the child: EFAULT or the same death, but no panic. */
static void read_into_all(void)
{
	static char bytes[PAGE_SIZE];
	int data[2];

	CHECK_OK(pipe(data));
	for (int i = 0; i < pages; i++) {
		CHECK_EQ(write(data[1], bytes, PAGE_SIZE), PAGE_SIZE);
		if (read(data[0], (void *)(area + i * PAGE_SIZE), PAGE_SIZE) !=
		    PAGE_SIZE)
			raise(SIGKILL);
	}
}

int main(void)
{
	long before;

	pages = (int)(free_frames() * 6 / 10);
	area = map_pages((size_t)pages, MAP_PRIVATE);
	write_pages(area, 0, pages, 'p');
	say("child: %s\n", how_ended(in_child(write_all)));
	CHECK(pages_hold(area, 0, pages, 'p'));
	write_pages(area, 0, pages, 'p');
	settle();
	before = free_frames();
	for (int i = 0; i < 3; i++)
		say("child: %s\n", how_ended(in_child(write_all)));
	say("child, by read(2): %s\n", how_ended(in_child(read_into_all)));
	CHECK(pages_hold(area, 0, pages, 'p'));
	write_pages(area, 0, pages, 'p');
	settle();
	CHECK_EQ(free_frames(), before);
	say("parent: all there, no frame lost\n");
	run_check();
	return 0;
}
