/* guest-test: host=yes */
/*
 * A private mapping of a file: what is written to it stays out of the file,
 * and out of every other mapping of the file.  Here the page cache holds
 * the frame beside us, so that being its only mapper does not make it ours.
 */
#include "guest.h"

enum { PAGES = 2, SIZE = PAGES * PAGE_SIZE };

static int file;
static off_t start; /* where in the file */
static char original[SIZE];

static volatile char *map_file(void)
{
	char *area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file,
			  start);

	CHECK(area != MAP_FAILED);
	return area;
}

/* Neither read() nor a new mapping may see what was written. */
static void check_file(void)
{
	static char now[SIZE];
	volatile char *other = map_file();

	CHECK_EQ(pread(file, now, SIZE, start), SIZE);
	CHECK(memcmp(now, original, SIZE) == 0);
	CHECK(memcmp((void *)other, original, SIZE) == 0);
	CHECK_OK(munmap((void *)other, SIZE));
}

static bool write_both(volatile char *area, char value)
{
	write_pages(area, 0, PAGES, value);
	return pages_hold(area, 0, PAGES, value);
}

int main(void)
{
	volatile char *area;
	pid_t pid;

	/*
	 * The program itself is a file that every system has.  Its last pages
	 * are for debuggers, so nobody else maps them.
	 */
	file = open((char *)getauxval(AT_EXECFN), O_RDONLY);
	CHECK_OK(file);
	start = (lseek(file, 0, SEEK_END) & -PAGE_SIZE) - SIZE;
	CHECK(start > 0);
	CHECK_EQ(pread(file, original, SIZE, start), SIZE);

	area = map_file();
	CHECK(memcmp((void *)area, original, SIZE) == 0);
	settle();
	CHECK_FAULTS(CHECK(write_both(area, 'p')), PAGES);
	run_check(); /* who may write to the file's frames? */
	check_file();
	say("read, then written: %d copies, the file is as it was\n", PAGES);
	CHECK_OK(munmap((void *)area, SIZE));

	area = map_file();
	settle();
	CHECK_FAULTS(CHECK(write_both(area, 'q')), PAGES);
	CHECK(memcmp((char *)area + 1, original + 1, PAGE_SIZE - 1) == 0);
	check_file();
	say("written at once: %d copies, the file is as it was\n", PAGES);

	area = map_file();
	CHECK(memcmp((void *)area, original, SIZE) == 0);
	pid = check_fork();
	if (pid == 0) {
		CHECK(write_both(area, 'c'));
		check_file();
		_exit(0);
	}
	wait_well(pid);
	CHECK(memcmp((void *)area, original, SIZE) == 0);
	CHECK(write_both(area, 'p'));
	check_file();
	say("written by a child, then by its parent: the same\n");
	run_check();
	return 0;
}
