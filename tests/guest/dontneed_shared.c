/* guest-test: host=yes */
/*
 * MADV_DONTNEED on one side of a sharing: that side reads zeros, the other
 * keeps its pages.
 */
#include "guest.h"

enum { PAGES = 8, SIZE = PAGES * PAGE_SIZE };

static volatile char *area;

static void drop(int first, int last)
{
	CHECK_OK(madvise((void *)(area + first * PAGE_SIZE),
			 (size_t)(last - first) * PAGE_SIZE, MADV_DONTNEED));
}

static void child_drops(void)
{
	drop(2, 6);
	CHECK(pages_hold(area, 0, 2, 'p'));
	CHECK(pages_hold(area, 2, 6, 0));
	CHECK(pages_hold(area, 6, PAGES, 'p'));
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'c'), PAGES);
	CHECK(pages_hold(area, 0, PAGES, 'c'));
	say("child: zeros where it dropped, then its own values\n");
}

int main(void)
{
	struct gate dropped = gate_make();
	pid_t pid;

	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'p');
	drop(0, PAGES);
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), PAGES);
	say("alone: dropped pages cost a fault each again\n");
	in_child_well(child_drops);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	say("parent: untouched\n");

	pid = check_fork();
	if (pid == 0) {
		gate_wait(&dropped);
		CHECK(pages_hold(area, 0, PAGES, 'p'));
		write_pages(area, 0, PAGES, 'c');
		CHECK(pages_hold(area, 0, PAGES, 'c'));
		_exit(0);
	}
	drop(0, PAGES);
	gate_open(&dropped);
	CHECK(pages_hold(area, 0, PAGES, 0));
	wait_well(pid);
	CHECK(pages_hold(area, 0, PAGES, 0));
	say("parent dropped, child kept\n");
	run_check();
	return 0;
}
