/*
 * guest-test: host=yes status=139 log="SIGSEGV (ACCERR): write of 0x"
 */
/* The same for a write to an area that is there, but read-only. */
#include "guest.h"

static const char constant[] = "constant";

int main(void)
{
	volatile char *volatile target = (char *)constant;

	say("about to write to rodata\n");
	*target = 1;
	say("never said\n");
	return 0;
}
