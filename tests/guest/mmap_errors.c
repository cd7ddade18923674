/* guest-test: host=yes */
/*
 * What mmap and munmap refuse, and with which errno.  (The calls themselves:
 * musl's functions refuse some of it before they ask the kernel.)
 */
#include "guest.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static char *base;

static void try_map(const char *what, void *address, size_t length, int flags)
{
	long got = syscall(SYS_mmap, address, length, RW, flags, -1, 0);

	say("mmap, %s: %s\n", what, errno_name(got == -1 ? errno : 0));
}

static void try_unmap(const char *what, void *address, size_t length)
{
	say("munmap, %s: %s\n", what,
	    errno_name(syscall(SYS_munmap, address, length) ? errno : 0));
}

int main(void)
{
	base = map_pages(8, MAP_PRIVATE);
	write_pages(base, 0, 8, 'a');

	try_map("length 0", NULL, 0, ANON);
	try_map("neither shared nor private", NULL, PAGE_SIZE, MAP_ANONYMOUS);
	try_map("shared and private", NULL, PAGE_SIZE,
		MAP_ANONYMOUS | MAP_SHARED | MAP_PRIVATE);
	try_map("no file", NULL, PAGE_SIZE, MAP_PRIVATE);
	try_map("fixed, not on a page", base + 1, PAGE_SIZE, ANON | MAP_FIXED);
	try_map("length wraps", NULL, -1UL, ANON);
	try_map("length is all of it", NULL, 1UL << 47, ANON);
	try_map("fixed, end wraps", (void *)-4096UL, 2 * PAGE_SIZE,
		ANON | MAP_FIXED);
	try_map("fixed, kernel address", (void *)0xffff888000000000, PAGE_SIZE,
		ANON | MAP_FIXED);
	try_map("fixed, not canonical", (void *)0x800000000000, PAGE_SIZE,
		ANON | MAP_FIXED);
	try_map("fixed, across the end", (void *)0x7fffffffe000, 1UL << 20,
		ANON | MAP_FIXED);
	try_map("hint in the kernel", (void *)0xffff888000000000, PAGE_SIZE,
		ANON);

	try_unmap("length 0", base, 0);
	try_unmap("not on a page", base + 1, PAGE_SIZE);
	try_unmap("kernel address", (void *)0xffff888000000000, PAGE_SIZE);
	try_unmap("across the end", (void *)0x7fffffffe000, 1UL << 20);
	try_unmap("length wraps", base, -1UL);
	CHECK(pages_hold(base, 0, 8, 'a'));
	try_unmap("part of a page", base + 7 * PAGE_SIZE, 1);
	try_unmap("a hole", base + 7 * PAGE_SIZE, PAGE_SIZE);
	try_unmap("with a hole in it", base + 6 * PAGE_SIZE, 2 * PAGE_SIZE);
	CHECK(pages_hold(base, 0, 6, 'a'));
	say_areas("left", base, 8);
	run_check();
	return 0;
}
