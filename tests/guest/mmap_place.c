/* guest-test: host=yes */
/* Where mmap puts things: hints, MAP_FIXED, MAP_FIXED_NOREPLACE. */
#include "guest.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

int main(void)
{
	char *base = mmap(NULL, 16 * PAGE_SIZE, RW, ANON, -1, 0), *other;

	CHECK(base != MAP_FAILED);
	CHECK_EQ((unsigned long)base % PAGE_SIZE, 0);
	CHECK((unsigned long)base >= 0x10000);
	CHECK((unsigned long)base < 0x7ffffffff000);
	write_pages(base, 0, 16, 'a');

	/* A hint that is taken is only a hint. */
	other = mmap(base, PAGE_SIZE, RW, ANON, -1, 0);
	CHECK(other != MAP_FAILED && other != base);
	CHECK(other + PAGE_SIZE <= base || other >= base + 16 * PAGE_SIZE);
	CHECK(pages_hold(base, 0, 16, 'a'));
	CHECK_OK(munmap(other, PAGE_SIZE));
	say("hint on a taken address: elsewhere\n");

	/* A hint that is free is taken, rounded down to its page. */
	CHECK_OK(munmap(base + 4 * PAGE_SIZE, 4 * PAGE_SIZE));
	other = mmap(base + 5 * PAGE_SIZE + 123, 100, RW, ANON, -1, 0);
	CHECK(other == base + 5 * PAGE_SIZE);
	say("hint on a free address: there\n");
	say_areas("after munmap and hint", base, 16);

	/* MAP_FIXED replaces what was there. */
	other = mmap(base + 2 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_READ,
		     ANON | MAP_FIXED, -1, 0);
	CHECK(other == base + 2 * PAGE_SIZE);
	CHECK(pages_hold(base, 2, 6, 0));
	CHECK(pages_hold(base, 0, 2, 'a'));
	CHECK(pages_hold(base, 8, 16, 'a'));
	say_areas("after MAP_FIXED", base, 16);

	/* MAP_FIXED_NOREPLACE does not. */
	CHECK_ERRNO(mmap(base, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, -1,
			 0),
		    EEXIST);
	CHECK_ERRNO(mmap(base + 7 * PAGE_SIZE, 2 * PAGE_SIZE, RW,
			 ANON | MAP_FIXED_NOREPLACE, -1, 0),
		    EEXIST);
	CHECK(mmap(base + 6 * PAGE_SIZE, 2 * PAGE_SIZE, RW,
		   ANON | MAP_FIXED_NOREPLACE, -1, 0) == base + 6 * PAGE_SIZE);
	CHECK(pages_hold(base, 0, 2, 'a'));
	CHECK(pages_hold(base, 8, 16, 'a'));
	say("MAP_FIXED_NOREPLACE: only where nothing is\n");
	say_areas("areas that can merge are merged", base, 16);

	/* The last page of user memory. */
	other = (char *)0x7fffffffe000;
	if (mmap(other, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
	    other)
		other[PAGE_SIZE - 1] = 'z';
	CHECK_ERRNO(mmap(other, 2 * PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0),
		    ENOMEM);
	say("the last page of user memory is the last\n");

	/* Many areas: every second page. */
	base = mmap(NULL, 2000 * PAGE_SIZE, RW, ANON, -1, 0);
	CHECK(base != MAP_FAILED);
	for (int i = 1; i < 2000; i += 2)
		CHECK_OK(munmap(base + i * PAGE_SIZE, PAGE_SIZE));
	for (int i = 0; i < 2000; i += 2)
		base[i * PAGE_SIZE] = (char)i;
	for (int i = 0; i < 2000; i += 2)
		CHECK_EQ(base[i * PAGE_SIZE], (char)i);
	run_check();
	CHECK_OK(munmap(base, 2000 * PAGE_SIZE));
	say("1,000 areas with holes between\n");
	run_check();
	return 0;
}
