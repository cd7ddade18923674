/* guest-test: host=yes */
/*
 * MAP_SHARED|MAP_ANONYMOUS: all processes see one memory after fork, whether
 * a page was touched before or not, and whoever touches it first.
 */
#include "guest.h"

enum { PAGES = 8, SIZE = PAGES * PAGE_SIZE };

static volatile char *area;
static struct gate to_child, to_parent;

static void grandchild(void)
{
	CHECK(pages_hold(area, 4, 6, 'c'));
	write_pages(area, 6, 7, 'g');
}

static void child(void)
{
	gate_wait(&to_child);
	CHECK(pages_hold(area, 0, 2, 'p')); /* touched before fork */
	CHECK(pages_hold(area, 2, 4, 'P')); /* by the parent, after it */
	CHECK(pages_hold(area, 4, PAGES, 0));
	write_pages(area, 0, 1, 'c');
	write_pages(area, 4, 6, 'c');
	in_child_well(grandchild);
	CHECK(pages_hold(area, 6, 7, 'g'));
	gate_open(&to_parent);
	gate_wait(&to_child);
	CHECK(pages_hold(area, 7, 8, 'P'));
	CHECK_OK(munmap((void *)area, SIZE / 2));
}

int main(void)
{
	long pfn;
	pid_t pid;

	catch_install();
	to_child = gate_make();
	to_parent = gate_make();
	area = map_pages(PAGES, MAP_SHARED);
	write_pages(area, 0, 2, 'p');
	pfn = pfn_of(area);
	pid = check_fork();
	if (pid == 0) {
		child();
		_exit(0);
	}
	write_pages(area, 2, 4, 'P');
	gate_open(&to_child);
	gate_wait(&to_parent);
	CHECK(pages_hold(area, 0, 1, 'c'));
	CHECK(pages_hold(area, 1, 2, 'p'));
	CHECK(pages_hold(area, 4, 6, 'c'));
	CHECK(pages_hold(area, 6, 7, 'g'));
	say("three processes, one memory\n");
	write_pages(area, 7, 8, 'P');
	gate_open(&to_child);
	wait_well(pid);
	CHECK_EQ(pfn_of(area), pfn);
	CHECK(pages_hold(area, 1, 2, 'p'));
	say("the frames never changed, and outlive a sharer's munmap\n");

	/* What one drops stays in the object: shared memory is not private. */
	CHECK_OK(madvise((void *)area, SIZE, MADV_DONTNEED));
	CHECK(pages_hold(area, 1, 2, 'p'));
	CHECK(pages_hold(area, 7, 8, 'P'));
	say("MADV_DONTNEED only drops the page-table entries\n");

	/* Read-only here is read-only for us alone. */
	CHECK_OK(mprotect((void *)area, SIZE, PROT_READ));
	catch_write(area);
	say("write after mprotect(PROT_READ): %s\n", caught_text());
	CHECK_OK(mprotect((void *)area, SIZE, PROT_READ | PROT_WRITE));
	area[0] = 'y';
	CHECK_EQ(pfn_of(area), pfn);
	run_check();
	return 0;
}
