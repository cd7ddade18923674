/* guest-test: host=yes status=77 */
/* The status of main() is the status of the run. */
#include "guest.h"

int main(void)
{
	say("status 77\n");
	return 77;
}
