/* guest-test: host=yes */
/*
 * Who shares what, told three ways: smaps, pagemap with kpagecount, and what
 * this family of processes has really done must agree.
 */
#include "guest.h"

enum { PAGES = 16, WRITTEN = 4, KIB_PER_PAGE = PAGE_SIZE / 1024 };

static volatile char *area;

/* The number behind @name in the part of smaps about @area, in KiB. */
static long smaps(const char *name)
{
	static char text[131072];
	char start[32];
	const char *at;

	CHECK_OK(file_read("/proc/self/smaps", text, sizeof(text)));
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)area);
	at = strstr(text, start);
	CHECK(at);
	at = strstr(at, name);
	CHECK(at);
	return strtol(at + strlen(name), NULL, 10);
}

/* What kpagecount says about each page must give smaps' sums. */
static void check_frames(long shared_kib, long pss_kib)
{
	long shared = 0, pss = 0;

	if (!sees_frames())
		return;
	for (int i = 0; i < PAGES; i++) {
		long maps = page_look(area + i * PAGE_SIZE).maps;

		CHECK(maps >= 1);
		shared += maps > 1 ? KIB_PER_PAGE : 0;
		pss += PAGE_SIZE / maps;
	}
	CHECK_EQ(shared, shared_kib);
	CHECK_EQ(pss / 1024, pss_kib);
}

static void show(const char *who)
{
	long shared = smaps("\nShared_Dirty:");
	long private = smaps("\nPrivate_Dirty:");
	long pss = smaps("\nPss:");

	say("%s: Rss %ld, Pss %ld, Shared_Dirty %ld, Private_Dirty %ld, "
	    "Anonymous %ld\n",
	    who, smaps("\nRss:"), pss, shared, private, smaps("\nAnonymous:"));
	CHECK_EQ(smaps("\nSize:"), PAGES * KIB_PER_PAGE);
	CHECK_EQ(smaps("\nShared_Clean:") + smaps("\nPrivate_Clean:"), 0);
	check_frames(shared, pss);
}

static struct gate wrote, looked, leave;

static void child(void)
{
	show("child, at first");
	write_pages(area, 0, WRITTEN, 'c');
	gate_open(&wrote);
	gate_wait(&looked);
	show("child, after 4 writes");
	gate_open(&wrote);
	gate_wait(&leave);
	_exit(0);
}

/* smaps_rollup has the sums of all areas. */
static void check_rollup(void)
{
	static char text[131072];
	long rss = 0, rollup;
	const char *at = text;

	rollup = file_value("/proc/self/smaps_rollup", "Rss:");
	CHECK_OK(file_read("/proc/self/smaps", text, sizeof(text)));
	while ((at = strstr(at, "\nRss:"))) {
		at += strlen("\nRss:");
		rss += strtol(at, NULL, 10);
	}
	/* Reading into @text may have brought pages in. */
	CHECK(rollup > PAGES * KIB_PER_PAGE && rollup <= rss);
	CHECK(file_value("/proc/self/smaps_rollup", "Pss_Anon:") > 0);
	say("smaps_rollup: the sum of the areas\n");
}

/* Two neighbours of other rights keep the area from merging with others. */
static volatile char *map_alone(void)
{
	volatile char *start = map_pages(PAGES + 2, MAP_PRIVATE);

	CHECK_OK(mprotect((void *)start, PAGE_SIZE, PROT_NONE));
	CHECK_OK(mprotect((void *)(start + (PAGES + 1) * PAGE_SIZE), PAGE_SIZE,
			  PROT_NONE));
	return start + PAGE_SIZE;
}

/* PROT_NONE keeps everybody out, but the pages stay, and are paid for. */
static void without_rights(void)
{
	const char *rollup = "/proc/self/smaps_rollup";
	long before = file_value(rollup, "Anonymous:");

	before = file_value(rollup, "Anonymous:"); /* its text is there now */
	CHECK_OK(mprotect((void *)area, PAGES * PAGE_SIZE, PROT_NONE));
	CHECK_EQ(file_value(rollup, "Anonymous:"), before);
	for (int i = 0; i < PAGES; i++)
		CHECK(page_look(area + i * PAGE_SIZE).present);
	CHECK_OK(mprotect((void *)area, PAGES * PAGE_SIZE,
			  PROT_READ | PROT_WRITE));
	say("PROT_NONE: its pages count as before\n");
}

int main(void)
{
	pid_t pid;

	area = map_alone();
	wrote = gate_make();
	looked = gate_make();
	leave = gate_make();
	CHECK_EQ(area[0], 0);
	CHECK_EQ(smaps("\nRss:"), 0);
	say("only read: the zero frame counts nowhere\n");
	write_pages(area, 0, PAGES, 'p');
	show("alone");
	without_rights();
	pid = check_fork();
	if (pid == 0)
		child();
	gate_wait(&wrote);
	show("parent, child wrote 4");
	gate_open(&looked);
	gate_wait(&wrote);
	gate_open(&leave);
	wait_well(pid);
	show("parent, alone again");
	check_rollup();
	run_check();
	return 0;
}
