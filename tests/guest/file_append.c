/* guest-test: host=yes */
/* O_APPEND, faccessat2, open file description locks, /dev/random. */
#include "guest.h"

#include <sys/stat.h>

#define FACCESSAT2 439

static char name[32], alias[64];

static void appending(void)
{
	static char text[64];
	int one, two;

	CHECK_OK(one = open(name, O_CREAT | O_TRUNC | O_RDWR | O_APPEND, 0600));
	CHECK_OK(two = open(name, O_WRONLY | O_APPEND));
	CHECK_EQ(write(one, "one ", 4), 4);
	CHECK_EQ(write(two, "two ", 4), 4);
	CHECK_EQ(lseek(one, 0, SEEK_SET), 0);
	CHECK_EQ(write(one, "three ", 6), 6);
	CHECK_EQ(lseek(one, 0, SEEK_CUR), 14);
	/* As Linux does, whatever POSIX says: pwrite appends as well. */
	CHECK_EQ(pwrite(two, "four", 4, 0), 4);
	CHECK_EQ(pread(one, text, sizeof(text), 0), 18);
	say("%s\n", text);
	CHECK_OK(fcntl(two, F_SETFL, 0));
	CHECK_EQ(pwrite(two, "ONE", 3, 0), 3);
	CHECK_EQ(pread(one, text, sizeof(text), 0), 18);
	say("%s\n", text);
	CHECK_EQ(fcntl(one, F_GETFL) & (O_APPEND | O_ACCMODE),
		 O_APPEND | O_RDWR);
	close(one);
	close(two);
}

static long access2(const char *path, int mode, int flags)
{
	return syscall(FACCESSAT2, AT_FDCWD, path, mode, flags);
}

static void asking(void)
{
	CHECK_OK(symlink("/nowhere", alias));
	CHECK_OK(access2(name, R_OK | W_OK, 0));
	CHECK_OK(access2(name, R_OK, AT_EACCESS));
	CHECK_ERRNO(access2(alias, F_OK, 0), ENOENT);
	CHECK_OK(access2(alias, F_OK, AT_SYMLINK_NOFOLLOW));
	CHECK_ERRNO(access2(name, 8, 0), EINVAL);
	CHECK_ERRNO(access2(name, F_OK, 1), EINVAL);
	CHECK_ERRNO(access2("", F_OK, 0), ENOENT);
	CHECK_OK(unlink(alias));
	say("faccessat2: follows or not, as asked\n");
}

/* They belong to the open file: not to us, and not to another open(). */
static void locking(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 10 };
	int one, two, copy;

	CHECK_OK(one = open(name, O_RDWR));
	CHECK_OK(two = open(name, O_RDWR));
	CHECK_OK(copy = dup(one));
	CHECK_OK(fcntl(one, F_OFD_SETLK, &lock));
	CHECK_OK(fcntl(copy, F_OFD_SETLK, &lock));
	CHECK_ERRNO(fcntl(two, F_OFD_SETLK, &lock), EAGAIN);
	CHECK_OK(fcntl(two, F_OFD_GETLK, &lock));
	CHECK_EQ(lock.l_type, F_WRLCK);
	CHECK_EQ(lock.l_pid, -1);
	close(one);
	lock = (struct flock){ .l_type = F_WRLCK, .l_len = 10 };
	CHECK_ERRNO(fcntl(two, F_OFD_SETLK, &lock), EAGAIN);
	close(copy);
	CHECK_OK(fcntl(two, F_OFD_SETLK, &lock));
	close(two);
	say("locks of an open file: gone with its last descriptor\n");
}

static void drawing(void)
{
	static const char *const files[] = { "/dev/random", "/dev/urandom" };
	unsigned char one[64], two[64];

	for (int i = 0; i < 2; i++) {
		int fd = open(files[i], O_RDONLY);

		CHECK_OK(fd);
		CHECK_EQ(read(fd, one, sizeof(one)), (long)sizeof(one));
		CHECK_EQ(read(fd, two, sizeof(two)), (long)sizeof(two));
		CHECK(memcmp(one, two, sizeof(one)) != 0);
		close(fd);
	}
	say("/dev/random, /dev/urandom: something else each time\n");
}

int main(void)
{
	snprintf(name, sizeof(name), "/tmp/append-%d", getpid());
	snprintf(alias, sizeof(alias), "%s-link", name);
	appending();
	asking();
	locking();
	drawing();
	CHECK_OK(unlink(name));
	return 0;
}
