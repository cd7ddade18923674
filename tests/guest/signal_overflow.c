/* guest-test: host=yes */
/*
 * A handler for SIGSEGV that does not block the signal, and a stack that is
 * full: the handler cannot be called, and calling it for that again would go
 * on for ever.  So the default action follows, at once.
 */
#include "guest.h"

static void handler(int signo)
{
	(void)signo;
}

static int overflow(volatile int depth)
{
	volatile char room[4096];

	room[0] = (char)depth;
	return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static void body(void)
{
	struct sigaction action = { .sa_flags = SA_NODEFER };

	action.sa_handler = handler;
	CHECK_OK(sigaction(SIGSEGV, &action, NULL));
	_exit(overflow(0));
}

int main(void)
{
	say("no room for the handler: %s\n", how_ended(in_child(body)));
	run_check();
	return 0;
}
