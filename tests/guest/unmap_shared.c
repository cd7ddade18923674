/* guest-test: host=yes */
/*
 * munmap on one side of a sharing: the other side keeps its pages, and a
 * frame whose other owner has unmapped it is reused, not copied.
 */
#include "guest.h"

enum { PAGES = 16 };

static volatile char *area;
static struct gate unmapped, done;

static void unmap(int first, int last)
{
	CHECK_OK(munmap((void *)(area + first * PAGE_SIZE),
			(size_t)(last - first) * PAGE_SIZE));
}

static void check_maps(int index, long maps)
{
	long seen = page_look(area + index * PAGE_SIZE).maps;

	if (seen != UNKNOWN)
		CHECK_EQ(seen, maps);
}

/* The child unmaps the middle; both then write what is left. */
static void child_unmaps(void)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		unmap(4, 12);
		catch_read(area + 4 * PAGE_SIZE);
		say("child reads the hole: %s\n", caught_text());
		CHECK(pages_hold(area, 0, 4, 'p'));
		CHECK(pages_hold(area, 12, PAGES, 'p'));
		gate_open(&unmapped);
		gate_wait(&done);
		_exit(0);
	}
	gate_wait(&unmapped);
	check_maps(0, 2);
	check_maps(4, 1);
	check_maps(11, 1);
	check_maps(12, 2);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	if (sees_frames()) {
		long shared = pfn_of(area),
		     alone = pfn_of(area + 5 * PAGE_SIZE);

		write_pages(area, 0, PAGES, 'q');
		CHECK(pfn_of(area) != shared);
		CHECK_EQ(pfn_of(area + 5 * PAGE_SIZE), alone);
	}
	write_pages(area, 0, PAGES, 'q');
	gate_open(&done);
	wait_well(pid);
	CHECK(pages_hold(area, 0, PAGES, 'q'));
	say("parent: all %d pages kept\n", PAGES);
}

/* The parent unmaps; the child, left alone with the frames, reuses them. */
static void parent_unmaps(void)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		gate_wait(&unmapped);
		CHECK(pages_hold(area, 0, PAGES, 'q'));
		check_maps(0, 2);
		check_maps(15, 1);
		settle();
		CHECK_FAULTS(write_pages(area, 0, PAGES, 'c'), PAGES);
		CHECK(pages_hold(area, 0, PAGES, 'c'));
		say("child: all %d pages kept\n", PAGES);
		_exit(0);
	}
	unmap(8, PAGES);
	gate_open(&unmapped);
	wait_well(pid);
	CHECK(pages_hold(area, 0, 8, 'q'));
	catch_read(area + 8 * PAGE_SIZE);
	say("parent reads what it unmapped: %s\n", caught_text());
}

int main(void)
{
	catch_install();
	unmapped = gate_make();
	done = gate_make();
	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'p');
	child_unmaps();
	run_check();
	parent_unmaps();
	run_check();
	return 0;
}
