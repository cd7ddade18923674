/* guest-test: host=yes */
/*
 * A buffer that is good at first and then is not: what was there stays as it
 * is behind the border, and reading from a pipe says EFAULT.
 */
#include "guest.h"

int main(void)
{
	char *area = map_pages(2, MAP_PRIVATE);
	char *border = area + PAGE_SIZE;
	int data[2];

	CHECK_OK(pipe(data));
	memset(area, 'a', 2 * PAGE_SIZE);
	CHECK_OK(mprotect(border, PAGE_SIZE, PROT_READ));
	CHECK_EQ(write(data[1], "0123456789", 10), 10);
	CHECK_ERRNO(read(data[0], border - 5, 10), EFAULT);
	for (int i = 0; i < PAGE_SIZE; i++)
		CHECK_EQ(border[i], 'a');
	say("read across the border of what may be written: EFAULT\n");

	CHECK_OK(mprotect(border, PAGE_SIZE, PROT_READ | PROT_WRITE));
	CHECK_OK(madvise(border, PAGE_SIZE, MADV_DONTNEED));
	CHECK_EQ(write(data[1], "0123456789", 10), 10);
	CHECK(read(data[0], border - 5, 10) >= 5);
	CHECK_EQ(border[6], 0);
	say("across the border of what was touched: read\n");
	run_check();
	return 0;
}
