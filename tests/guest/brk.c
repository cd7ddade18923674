/* guest-test: host=yes */
/*
 * brk: the heap grows with zeros, shrinks at once, never collides, and is
 * private over fork.  (musl's own brk() always fails; this is the call.)
 */
#include "guest.h"

static char *brk_call(const volatile void *end)
{
	return (char *)syscall(SYS_brk, end);
}

static char *heap;

static void child(void)
{
	CHECK(brk_call(NULL) == heap + 4 * PAGE_SIZE);
	CHECK(pages_hold(heap, 0, 4, 'p'));
	write_pages(heap, 0, 4, 'c');
	CHECK(brk_call(heap + 100 * PAGE_SIZE) == heap + 100 * PAGE_SIZE);
	write_pages(heap, 4, 100, 'c');
}

int main(void)
{
	struct area area;
	char *end;

	catch_install();
	heap = brk_call(NULL);
	end = brk_call(heap + (-(unsigned long)heap & (PAGE_SIZE - 1)));
	heap = end;

	CHECK(brk_call(heap + 10 * PAGE_SIZE) == heap + 10 * PAGE_SIZE);
	for (int i = 0; i < 10 * PAGE_SIZE; i++)
		CHECK_EQ(heap[i], 0);
	write_pages(heap, 0, 10, 'p');
	CHECK(maps_find(heap, &area));
	say("heap: %s %s\n", area.rights, area.name);

	CHECK(brk_call(heap + 5 * PAGE_SIZE + 1) == heap + 5 * PAGE_SIZE + 1);
	catch_read(heap + 5 * PAGE_SIZE);
	say("last page, in part: %s\n", caught_text());
	catch_read(heap + 6 * PAGE_SIZE);
	say("behind it: %s\n", caught_text());

	CHECK(brk_call(heap + 4 * PAGE_SIZE) == heap + 4 * PAGE_SIZE);
	CHECK(brk_call(heap + 6 * PAGE_SIZE) == heap + 6 * PAGE_SIZE);
	CHECK(pages_hold(heap, 0, 4, 'p'));
	CHECK(pages_hold(heap, 4, 6, 0));
	say("shrunk and grown again: zeros\n");
	CHECK(brk_call(heap + 4 * PAGE_SIZE) == heap + 4 * PAGE_SIZE);

	CHECK(brk_call((void *)1) == heap + 4 * PAGE_SIZE);
	CHECK(brk_call((void *)0xffff888000000000) == heap + 4 * PAGE_SIZE);
	CHECK(brk_call((void *)-1) == heap + 4 * PAGE_SIZE);
	CHECK(brk_call((void *)0x7ffffffff000) == heap + 4 * PAGE_SIZE);
	CHECK(mmap(heap + 8 * PAGE_SIZE, PAGE_SIZE, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		   0) == heap + 8 * PAGE_SIZE);
	CHECK(brk_call(heap + 9 * PAGE_SIZE) == heap + 4 * PAGE_SIZE);
	CHECK_OK(munmap(heap + 8 * PAGE_SIZE, PAGE_SIZE));
	say("impossible ends: the old end\n");

	in_child_well(child);
	CHECK(brk_call(NULL) == heap + 4 * PAGE_SIZE);
	CHECK(pages_hold(heap, 0, 4, 'p'));
	say("private over fork\n");
	run_check();
	return 0;
}
