/* guest-test: host=yes release=yes */
/*
 * The kernel writes to user memory too.  Into a shared page it must copy
 * first, as the user's own write would: one fault a page, and the other
 * side sees nothing of it.
 */
#include <sys/utsname.h>

#include "guest.h"

enum { PAGES = 8 };

static volatile char *area;
static int data[2];

static void *page(int index)
{
	return (void *)(area + index * PAGE_SIZE);
}

/* read(2) from a pipe: inside one page, and across the border of two. */
static void read_into(void)
{
	CHECK_EQ(write(data[1], "0123456789", 10), 10);
	CHECK_FAULTS(CHECK_EQ(read(data[0], page(0), 4), 4), 1);
	CHECK_FAULTS(CHECK_EQ(read(data[0], (char *)page(2) - 3, 6), 6), 2);
	CHECK(memcmp(page(0), "0123", 4) == 0);
	CHECK(memcmp((char *)page(2) - 3, "456789", 6) == 0);
}

static void child(void)
{
	struct timespec *now = page(3);
	struct utsname *name = page(4);
	int *status = page(5);
	pid_t pid;

	settle();
	read_into();
	CHECK_FAULTS(CHECK_EQ(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now),
			      0),
		     1);
	CHECK(now->tv_nsec != 0x7070707070707070);
	CHECK_FAULTS(CHECK_EQ(syscall(SYS_uname, name), 0), 1);
	CHECK(name->sysname[0] != 'p');
	pid = check_fork();
	if (pid == 0)
		_exit(7);
	settle();
	CHECK_FAULTS(CHECK_EQ(syscall(SYS_wait4, pid, status, 0, NULL), pid),
		     1);
	CHECK_EQ(*status, 7 << 8);
	CHECK_FAULTS(CHECK_EQ(syscall(SYS_getrandom, page(6), 16, 0), 16), 1);
	CHECK_EQ(((char *)page(6))[16], 'p');
	say("child: the kernel wrote to 7 shared pages, 1 fault each\n");
}

int main(void)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	memset((void *)area, 'p', PAGES * PAGE_SIZE);
	CHECK_OK(pipe(data));
	in_child_well(child);
	for (int i = 0; i < PAGES * PAGE_SIZE; i++)
		CHECK_EQ(area[i], 'p');
	say("parent: not one byte changed\n");
	settle();
	read_into();
	CHECK_EQ(area[4], 'p');
	say("parent: 3 reuses by the kernel\n");
	run_check();
	return 0;
}
