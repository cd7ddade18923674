/* guest-test: host=yes */
/* getrandom gives different bytes each time; uname says where we are. */
#include <sys/random.h>
#include <sys/utsname.h>

#include "guest.h"

static unsigned char first[256], second[256];

int main(void)
{
	struct utsname name;
	int seen = 0, zeros = 0;

	CHECK_EQ(getrandom(first, sizeof(first), 0), sizeof(first));
	CHECK_EQ(getrandom(second, sizeof(second), 0), sizeof(second));
	CHECK(memcmp(first, second, sizeof(first)));
	for (size_t i = 0; i < sizeof(first); i++) {
		seen |= first[i];
		zeros += first[i] == 0;
	}
	CHECK_EQ(seen, 0xff);
	CHECK(zeros < 16);
	CHECK_EQ(getrandom(first, 0, 0), 0);
	CHECK_ERRNO(getrandom(first, 1, 0x1000), EINVAL);
	say("getrandom: not twice the same\n");

	CHECK_OK(uname(&name));
	CHECK(name.sysname[0] && name.nodename[0] && name.release[0] &&
	      name.version[0]);
	CHECK(name.release[0] >= '0' && name.release[0] <= '9');
	say("machine: %s\n", name.machine);
	run_check();
	return 0;
}
