/* guest-test: host=yes status=134 */
/* A program that gives up itself: status 128 + SIGABRT. */
#include "guest.h"

int main(void)
{
	say("about to abort\n");
	abort();
}
