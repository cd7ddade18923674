/*
 * guest-test: status=125 host="no: it ends in a panic" mem=32M
 * log="tools/run: memory ran out and there was no process left to kill"
 */
/*
 * Whoever may be killed was killed, and still there is no frame: that is the
 * end, with a message and a status of its own.
 */
#include "oom.h"

int main(void)
{
	oom_adjust(NEVER);
	say("a protected hog, and nobody else:\n");
	oom_hog();
	return 0;
}
