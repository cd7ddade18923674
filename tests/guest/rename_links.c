/* guest-test: host=yes */
/*
 * A file with two names in two directories moves to a third one: each
 * directory must stay as long as it has a name, however often this happens.
 */
#include "guest.h"

#include <fcntl.h>
#include <sys/stat.h>

static void make(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR | O_EXCL, 0600);

	CHECK_OK(fd);
	close(fd);
}

int main(void)
{
	static char folder[] = "/tmp/rename_links.XXXXXX";
	struct stat status;

	CHECK(mkdtemp(folder));
	CHECK_OK(chdir(folder));
	CHECK_OK(mkdir("a", 0700));
	CHECK_OK(mkdir("b", 0700));
	CHECK_OK(mkdir("c", 0700));
	for (int i = 0; i < 20; i++) {
		make("a/f");
		CHECK_OK(link("a/f", "b/f"));
		CHECK_OK(rename("a/f", "c/f"));
		CHECK_ERRNO(stat("a/f", &status), ENOENT);
		CHECK_OK(stat("c/f", &status));
		CHECK_EQ(status.st_nlink, 2);
		CHECK_OK(rename("b/f", "b/g"));
		CHECK_OK(unlink("b/g"));
		CHECK_OK(unlink("c/f"));
	}
	CHECK_OK(rmdir("a"));
	CHECK_OK(rmdir("b"));
	CHECK_OK(rmdir("c"));
	CHECK_OK(chdir("/"));
	CHECK_OK(rmdir(folder));
	say("20 rounds, and every directory is still there\n");
	run_check();
	return 0;
}
