/* guest-test: host=yes */
/* renameat2: not over something, and two names that change places. */
#include "guest.h"

#include <fcntl.h>
#include <sys/stat.h>

/* tmpfs on Linux, too. */
#define PLACE "/dev/shm/calf-rename"

enum { NOREPLACE = 1, EXCHANGE = 2 };

static long move(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void make(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void show(const char *name)
{
	struct stat stat_;
	char text[32] = "";

	if (stat(name, &stat_) < 0) {
		say(" %s: %s;", name, errno_name(errno));
	} else if (S_ISDIR(stat_.st_mode)) {
		say(" %s: directory, %d links;", name, (int)stat_.st_nlink);
	} else {
		CHECK(file_read(name, text, sizeof(text)) > 0);
		say(" %s: %s;", name, text);
	}
}

static void no_replace(void)
{
	make("a", "one");
	make("b", "two");
	CHECK_ERRNO(move("a", "b", NOREPLACE), EEXIST);
	CHECK_OK(move("a", "c", NOREPLACE));
	say("not over something:");
	show("a");
	show("b");
	show("c");
	say("\n");
}

static void exchange(void)
{
	char path[128];

	CHECK_OK(move("b", "c", EXCHANGE));
	say("two files:");
	show("b");
	show("c");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_OK(move("d/e", "b", EXCHANGE));
	say("\na directory and a file:");
	show("b");
	show("d/e");
	show("d");
	show(".");
	CHECK_OK(chdir("b"));
	CHECK(getcwd(path, sizeof(path)));
	CHECK_OK(chdir(".."));
	say("\ninside it: %s\n", path);
	CHECK_ERRNO(move("b", "missing", EXCHANGE), ENOENT);
	CHECK_ERRNO(move("d", "d/e/x", EXCHANGE), ENOTDIR);
	CHECK_ERRNO(move("d", "d/e", EXCHANGE), EINVAL);
	CHECK_ERRNO(move("d/e", "d", EXCHANGE), EINVAL);
	CHECK_ERRNO(move("b", "c", EXCHANGE | NOREPLACE), EINVAL);
	CHECK_ERRNO(move("b", "c", 0x80), EINVAL);
	CHECK_OK(move("c", "c", EXCHANGE));
	CHECK_OK(unlink("d/e"));
	CHECK_OK(rmdir("d"));
	CHECK_OK(rmdir("b"));
	CHECK_OK(unlink("c"));
}

int main(void)
{
	umask(022);
	CHECK_OK(mkdir(PLACE, 0755));
	CHECK_OK(chdir(PLACE));
	no_replace();
	exchange();
	CHECK_OK(chdir("/"));
	CHECK_OK(rmdir(PLACE));
	run_check();
	return 0;
}
