/* guest-test: host=yes */
/*
 * madvise beyond DONTNEED: what a child gets, what is faulted in ahead, holes
 * in shared memory, and who refuses what.
 */
#include "guest.h"

enum { PAGES = 8, SIZE = PAGES * PAGE_SIZE };

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static char *area;

static char *fresh(void)
{
	char *pages = map_pages(PAGES, MAP_PRIVATE);

	write_pages(pages, 0, PAGES, 'p');
	return pages;
}

/* Is @name among the area's VmFlags? */
static bool has_flag(const char *pages, const char *name)
{
	static char text[131072];
	char start[32], word[8];
	char *at, *end;

	CHECK_OK(file_read("/proc/self/smaps", text, sizeof(text)));
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)pages);
	at = strstr(text, start);
	CHECK(at);
	at = strstr(at, "VmFlags:");
	CHECK(at);
	end = strchr(at, '\n');
	CHECK(end);
	*end = '\0';
	snprintf(word, sizeof(word), " %s ", name);
	return strstr(at, word);
}

/* ---- What a child gets ---- */

static void look_without_middle(void)
{
	CHECK(pages_hold(area, 0, 2, 'p') && pages_hold(area, 6, 8, 'p'));
	catch_read(area + 2 * PAGE_SIZE);
	say("child: the middle: %s\n", caught_text());
	say_areas("child", area, PAGES);
}

static void grandchild_wiped(void)
{
	CHECK(pages_hold(area, 2, 6, 0));
	CHECK(pages_hold(area, 6, 8, 'c'));
}

static void child_wiped(void)
{
	CHECK(pages_hold(area, 0, 2, 'p') && pages_hold(area, 6, 8, 'p'));
	CHECK(pages_hold(area, 2, 6, 0));
	write_pages(area, 0, PAGES, 'c');
	/* It stays so for the next one. */
	in_child_well(grandchild_wiped);
}

static void child_kept(void)
{
	CHECK(pages_hold(area, 0, PAGES, 'p'));
}

static void test_fork(void)
{
	char *middle;
	char *shared = map_pages(PAGES, MAP_SHARED);

	area = fresh();
	middle = area + 2 * PAGE_SIZE;
	CHECK_OK(madvise(middle, 4 * PAGE_SIZE, MADV_DONTFORK));
	CHECK(has_flag(middle, "dc") && !has_flag(area, "dc"));
	in_child_well(look_without_middle);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	CHECK_OK(madvise(middle, 4 * PAGE_SIZE, MADV_DOFORK));
	CHECK(!has_flag(area, "dc"));
	in_child_well(child_kept);

	CHECK_OK(madvise(middle, 4 * PAGE_SIZE, MADV_WIPEONFORK));
	CHECK(has_flag(middle, "wf") && !has_flag(area, "wf"));
	in_child_well(child_wiped);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	CHECK_OK(madvise(middle, 4 * PAGE_SIZE, MADV_KEEPONFORK));
	in_child_well(child_kept);
	say_areas("parent, in the end", area, PAGES);
	CHECK_ERRNO(madvise(shared, SIZE, MADV_WIPEONFORK), EINVAL);
	CHECK_OK(madvise(shared, SIZE, MADV_DONTFORK));
	say("DONTFORK, WIPEONFORK: and back\n");
	CHECK_OK(munmap(area, SIZE));
}

/* ---- Ahead of time ---- */

static void test_populate(void)
{
	char *pages = map_pages(PAGES, MAP_PRIVATE);

	settle();
	CHECK_OK(madvise(pages, 4 * PAGE_SIZE, MADV_POPULATE_WRITE));
	CHECK_FAULTS(write_pages(pages, 0, 4, 'x'), 0);
	CHECK_FAULTS(write_pages(pages, 4, 8, 'x'), 4);
	CHECK_OK(madvise(pages, SIZE, MADV_DONTNEED));
	CHECK_OK(madvise(pages, SIZE, MADV_POPULATE_READ));
	CHECK_FAULTS(CHECK(pages_hold(pages, 0, PAGES, 0)), 0);
	CHECK_FAULTS(write_pages(pages, 0, PAGES, 'y'), PAGES);
	/* What is there stays. */
	CHECK_OK(madvise(pages, SIZE, MADV_POPULATE_WRITE));
	CHECK(pages_hold(pages, 0, PAGES, 'y'));

	CHECK_OK(mprotect(pages, SIZE, PROT_READ));
	CHECK_ERRNO(madvise(pages, SIZE, MADV_POPULATE_WRITE), EINVAL);
	CHECK_OK(madvise(pages, SIZE, MADV_POPULATE_READ));
	CHECK_OK(mprotect(pages, SIZE, PROT_NONE));
	CHECK_ERRNO(madvise(pages, SIZE, MADV_POPULATE_READ), EINVAL);
	CHECK_OK(mprotect(pages, SIZE, PROT_READ | PROT_WRITE));
	CHECK_OK(munmap(pages + 4 * PAGE_SIZE, PAGE_SIZE));
	CHECK_ERRNO(madvise(pages, SIZE, MADV_POPULATE_READ), ENOMEM);
	CHECK_ERRNO(madvise(pages, -1UL, MADV_POPULATE_READ), EINVAL);
	CHECK_OK(madvise(pages, 0, MADV_POPULATE_READ));
	say("POPULATE_READ, POPULATE_WRITE: no faults later\n");
}

static void test_populate_file(void)
{
	int fd = memfd_create("advice", 0);
	char *pages;

	CHECK_OK(fd);
	CHECK_OK(ftruncate(fd, 2 * PAGE_SIZE));
	pages = mmap(NULL, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	CHECK(pages != MAP_FAILED);
	CHECK_OK(madvise(pages, 2 * PAGE_SIZE, MADV_POPULATE_WRITE));
	CHECK_ERRNO(madvise(pages, 4 * PAGE_SIZE, MADV_POPULATE_READ), EFAULT);
	say("beyond the end of a file: EFAULT\n");
	CHECK_OK(munmap(pages, 4 * PAGE_SIZE));
	CHECK_OK(close(fd));
}

/* ---- Letting go ---- */

static void test_free(void)
{
	char *pages = fresh();
	char *shared = map_pages(PAGES, MAP_SHARED);

	/* Each page keeps what it had or is zero, as the kernel likes. */
	CHECK_OK(madvise(pages, SIZE, MADV_FREE));
	for (int i = 0; i < PAGES; i++)
		CHECK(pages_hold(pages, i, i + 1, 'p') ||
		      pages_hold(pages, i, i + 1, 0));
	write_pages(pages, 0, PAGES, 'q');
	CHECK(pages_hold(pages, 0, PAGES, 'q'));
	CHECK_ERRNO(madvise(shared, SIZE, MADV_FREE), EINVAL);
	say("FREE: what is written again stays\n");
}

static void child_sees_hole(void)
{
	CHECK(pages_hold(area, 0, 2, 's') && pages_hold(area, 2, 4, 0) &&
	      pages_hold(area, 4, PAGES, 's'));
	write_pages(area, 3, 4, 'c');
}

static void test_remove(void)
{
	static const unsigned char hole[4] = { 1, 0, 0, 1 };
	unsigned char in_memory[4];
	char *private = fresh();

	area = map_pages(PAGES, MAP_SHARED);
	write_pages(area, 0, PAGES, 's');
	CHECK_OK(madvise(area + 2 * PAGE_SIZE, 2 * PAGE_SIZE, MADV_REMOVE));
	CHECK_OK(mincore(area + PAGE_SIZE, sizeof(in_memory) * PAGE_SIZE,
			 in_memory));
	CHECK(memcmp(in_memory, hole, sizeof(hole)) == 0);
	in_child_well(child_sees_hole);
	CHECK(pages_hold(area, 3, 4, 'c') && pages_hold(area, 2, 3, 0));
	CHECK_ERRNO(madvise(private, SIZE, MADV_REMOVE), EINVAL);
	CHECK(pages_hold(private, 0, PAGES, 'p'));
	say("REMOVE: a hole for everyone, and its frames are free\n");
}

/* ---- Who refuses ---- */

static void test_kept(void)
{
	static const struct {
		int advice, back;
		const char *flag;
	} kept[] = {
		{ MADV_SEQUENTIAL, MADV_NORMAL, "sr" },
		{ MADV_RANDOM, MADV_NORMAL, "rr" },
		{ MADV_DONTDUMP, MADV_DODUMP, "dd" },
	};
	char *pages = fresh();

	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		char *middle = pages + 2 * PAGE_SIZE;

		CHECK_OK(madvise(middle, PAGE_SIZE, kept[i].advice));
		CHECK(has_flag(middle, kept[i].flag));
		CHECK(!has_flag(pages, kept[i].flag));
		say_areas(kept[i].flag, pages, PAGES);
		CHECK_OK(madvise(middle, PAGE_SIZE, kept[i].back));
		CHECK(!has_flag(pages, kept[i].flag));
	}
	say_areas("and back", pages, PAGES);
	CHECK_ERRNO(madvise(pages, SIZE, 5), EINVAL);
	CHECK_ERRNO(madvise(pages, SIZE, -1), EINVAL);
	CHECK_ERRNO(madvise(pages, SIZE, 26), EINVAL);
	CHECK_ERRNO(madvise(pages + 1, SIZE, MADV_DONTFORK), EINVAL);
	CHECK_OK(munmap(pages + 4 * PAGE_SIZE, PAGE_SIZE));
	CHECK_ERRNO(madvise(pages, SIZE, MADV_DONTFORK), ENOMEM);
	CHECK(has_flag(pages, "dc") && has_flag(pages + 5 * PAGE_SIZE, "dc"));
	say("over a hole: done, and ENOMEM\n");
}

int main(void)
{
	catch_install();
	test_fork();
	test_populate();
	test_populate_file();
	test_free();
	test_remove();
	test_kept();
	run_check();
	return 0;
}
