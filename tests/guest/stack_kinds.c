/* guest-test: host="no: reads Calf's /proc/self/faults" */
/* The faults that growing the stack takes, and where its area then starts. */
#include "guest.h"

static volatile char *stack_start(void)
{
	struct area stack;

	CHECK(maps_find(&stack, &stack));
	return (volatile char *)stack.start;
}

int main(void)
{
	volatile char *start = stack_start();

	settle();
	SAY_FAULTS("touch the page below the stack", start[-1] = 'x');
	CHECK(stack_start() == start - PAGE_SIZE);
	SAY_FAULTS("touch the 100th below that", start[-101 * PAGE_SIZE] = 'x');
	CHECK(stack_start() == start - 101 * PAGE_SIZE);
	SAY_FAULTS("write a page between", start[-50 * PAGE_SIZE] = 'x');
	SAY_FAULTS("read a page between", CHECK_EQ(start[-20 * PAGE_SIZE], 0));
	CHECK(stack_start() == start - 101 * PAGE_SIZE);
	run_check();
	return 0;
}
