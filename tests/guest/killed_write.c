/*
 * guest-test: host=yes status=139
 *	log="SIGSEGV (MAPERR): write of 0x123456000 at ip 0x"
 */
/* A fault nobody handles: one line in the log, and status 128 + SIGSEGV. */
#include "guest.h"

int main(void)
{
	volatile char *volatile nowhere = (char *)0x123456000;

	say("about to write where nothing is\n");
	*nowhere = 1;
	say("never said\n");
	return 0;
}
