/* guest-test: host=yes */
/* open(2) that finds no free descriptor makes no file either. */
#include "guest.h"

#include <fcntl.h>
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit = { 3, 3 };
	struct rlimit before;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &before));
	limit.rlim_max = before.rlim_max;
	unlink("made");
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_ERRNO(open("made", O_CREAT | O_RDWR, 0600), EMFILE);
	CHECK_ERRNO(access("made", F_OK), ENOENT);
	/* Nor does it say what else is wrong with the path. */
	CHECK_ERRNO(open("missing/made", O_RDONLY), EMFILE);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &before));
	CHECK_OK(open("made", O_CREAT | O_RDWR, 0600));
	CHECK_OK(unlink("made"));
	say("no descriptor, no file\n");
	return 0;
}
