/* guest-test: host=yes */
/*
 * While read(2) and write(2) copy, the kernel holds the file's page; the copy
 * faults in the program's memory, and every 256th fault makes the debug kernel
 * check every reference of the whole machine.  So each page here is a fresh
 * one, and there are enough of them for several checks.
 */
#include "guest.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define PAGES 1024

int main(void)
{
	char *to = map_pages(PAGES, MAP_PRIVATE);
	char *from = map_pages(PAGES, MAP_PRIVATE);
	int program = open((char *)getauxval(AT_EXECFN), O_RDONLY);
	int copy = memfd_create("copy", 0);

	CHECK_OK(program);
	CHECK_OK(copy);
	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(pread(program, to + i * PAGE_SIZE, 4, 0), 4);
	for (int i = 0; i < PAGES; i++)
		CHECK(!memcmp(to + i * PAGE_SIZE, "\177ELF", 4));
	say("read into %d fresh pages\n", PAGES);

	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(pwrite(copy, from + i * PAGE_SIZE, 4, 4 * i), 4);
	CHECK_EQ(lseek(copy, 0, SEEK_END), 4 * PAGES);
	say("written from %d untouched pages\n", PAGES);
	run_check();
	return 0;
}
