/* guest-test: host="no: needs frame numbers, and reads Calf's kpagerefs" */
/*
 * pagemap, kpagecount and kpagerefs tell one story: what is present, which
 * frame, how many entries point to it, how many reasons there are to keep it.
 */
#include "guest.h"

enum { PAGES = 6 };

static volatile char *area;

static void show(const char *what, const volatile void *address)
{
	struct page_view view = page_look(address);
	long entry = entry_read("/proc/self/pagemap",
				(unsigned long)address / PAGE_SIZE);

	if (!view.present) {
		CHECK_EQ(entry, 0);
		say("%s: not there\n", what);
		return;
	}
	CHECK(view.pfn > 0);
	CHECK_EQ(entry >> 56 & 1, view.maps == 1);
	say("%s: maps %ld, refs %ld, %s%s%s\n", what, view.maps, view.refs,
	    view.writable ? "R/W" : "R/-", view.object ? ", object" : "",
	    entry >> 56 & 1 ? ", exclusive" : "");
}

static void shared_view(void)
{
	show("child: shared", area);
	area[0] = 'c';
	show("child: after its write", area);
}

int main(void)
{
	volatile char *common;
	char eight[8];
	long zero;
	int fd;

	area = map_pages(PAGES, MAP_PRIVATE);
	show("untouched", area);
	area[0] = 'p';
	show("written", area);
	CHECK_EQ(area[PAGE_SIZE], 0);
	zero = pfn_of(area + PAGE_SIZE);
	CHECK_EQ(area[2 * PAGE_SIZE], 0);
	CHECK_EQ(pfn_of(area + 2 * PAGE_SIZE), zero);
	CHECK(page_look(area + PAGE_SIZE).refs ==
	      page_look(area + PAGE_SIZE).maps + 1);
	CHECK_EQ(page_look(area + PAGE_SIZE).writable, 0);
	say("only read: the zero frame, with one reference more than maps\n");
	CHECK_OK(mprotect((void *)area, PAGE_SIZE, PROT_READ));
	show("made read-only", area);
	CHECK_OK(mprotect((void *)area, PAGE_SIZE, PROT_READ | PROT_WRITE));
	area[0] = 'p';
	in_child_well(shared_view);
	show("parent: child has ended", area);
	area[0] = 'p';
	show("parent: after its write", area);
	common = map_pages(1, MAP_SHARED);
	common[0] = 's';
	show("shared memory", common);

	CHECK_OK(fd = open("/proc/self/pagemap", O_RDONLY));
	CHECK_ERRNO(pread(fd, eight, 8, 4), EINVAL);
	CHECK_ERRNO(pread(fd, eight, 4, 0), EINVAL);
	CHECK_EQ(pread(fd, eight, 8, 0x400 * 8), 8);
	close(fd);
	say("odd offsets and lengths: EINVAL\n");
	run_check();
	return 0;
}
