/* guest-test: host=yes */
/*
 * The stack grows when it is touched, wherever the stack pointer is, down to
 * its limit of 8 MiB; one step further is a SIGSEGV like any other.
 */
#include "guest.h"

enum { MIB = 1 << 20 };

static unsigned long top;

static int recurse(int depth)
{
	volatile char frame[PAGE_SIZE];

	frame[0] = (char)depth;
	if (depth == 0)
		return 0;
	return recurse(depth - 1) + (frame[0] == (char)depth);
}

static void act_recurse(void *depth)
{
	recurse(*(int *)depth);
}

static int endless = 1 << 30;

static void overflow(void)
{
	recurse(endless);
}

static void touch_far(void)
{
	volatile char *far = (char *)__builtin_frame_address(0) - 4 * MIB;

	settle();
	CHECK_FAULTS(*far = 'x', 1);
	CHECK_EQ(*far, 'x');
	CHECK_EQ(far[-PAGE_SIZE] = 'y', 'y');
	CHECK_EQ(far[2 * PAGE_SIZE], 0);
}

static void child(void)
{
	CHECK_EQ(recurse(1100), 1100);
}

int main(void)
{
	struct area stack;

	catch_install();
	CHECK(maps_find(&stack, &stack));
	top = stack.end;
	say("stack: %s %s\n", stack.rights, stack.name);
	in_child_well(touch_far);
	say("4 MiB below the stack pointer: 1 fault\n");

	CHECK_EQ(recurse(1100), 1100);
	in_child_well(child);
	CHECK(maps_find(&stack, &stack));
	CHECK(stack.end == top && stack.end - stack.start >= 4 * MIB);
	say("recursion over 4 MiB, in parent and child\n");

	attempt(act_recurse, &endless);
	say("recursion without end: %s\n", caught_text());
	CHECK(top - caught.address >= 8 * MIB - 64 * 1024);
	CHECK(top - caught.address <= 8 * MIB + 64 * 1024);
	CHECK(maps_find(&stack, &stack));
	CHECK(stack.end - stack.start <= 8 * MIB);
	say("at the limit of 8 MiB\n");
	signal(SIGSEGV, SIG_DFL);
	say("child without a handler: %s\n", how_ended(in_child(overflow)));
	run_check();
	return 0;
}
