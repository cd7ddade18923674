/* guest-test: host=yes */
/* flock and fcntl's record locks: conflicts, splitting, waiting, release. */
#include "guest.h"

#include <fcntl.h>
#include <sys/file.h>

static int fd;

static int lock(int command, int type, long start, long bytes)
{
	struct flock range = { .l_type = (short)type,
			       .l_whence = SEEK_SET,
			       .l_start = start,
			       .l_len = bytes };

	return fcntl(fd, command, &range);
}

/* Print what would keep another process from write-locking [start, +bytes). */
static void show(long start, long bytes)
{
	pid_t parent = getpid();
	pid_t pid = check_fork();

	if (pid == 0) {
		struct flock range = { .l_type = F_WRLCK,
				       .l_whence = SEEK_SET,
				       .l_start = start,
				       .l_len = bytes };

		CHECK_OK(fcntl(fd, F_GETLK, &range));
		if (range.l_type == F_UNLCK) {
			say(" none");
		} else {
			CHECK_EQ(range.l_pid, parent);
			say(" %s [%ld,+%ld)",
			    range.l_type == F_RDLCK ? "read" : "write",
			    (long)range.l_start, (long)range.l_len);
		}
		_exit(0);
	}
	wait_well(pid);
}

static void ranges(void)
{
	CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 100));
	say("locked:");
	show(0, 0);
	CHECK_OK(lock(F_SETLK, F_UNLCK, 40, 20));
	say("; with a hole:");
	show(0, 0);
	show(40, 20);
	show(50, 0);
	CHECK_OK(lock(F_SETLK, F_WRLCK, 40, 20));
	say("; closed:");
	show(0, 0);
	CHECK_OK(lock(F_SETLK, F_RDLCK, 10, 10));
	say("; part for reading:");
	show(10, 5);
	CHECK_OK(lock(F_SETLK, F_UNLCK, 0, 0));
	say("; all given back:");
	show(0, 0);
	say("\n");
}

static void conflict(void)
{
	CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 5, 5), EAGAIN);
	CHECK_OK(lock(F_SETLK, F_WRLCK, 10, 5));
	CHECK_OK(lock(F_SETLKW, F_WRLCK, 0, 0));
}

static void waiting(void)
{
	pid_t pid;

	CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 10));
	pid = check_fork();
	if (pid == 0) {
		conflict();
		_exit(0);
	}
	usleep(30000);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(lock(F_SETLK, F_UNLCK, 0, 0));
	wait_well(pid);
	say("another process waits, and its locks end with it:");
	show(0, 0);
	CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 10));
	close(dup(fd));
	say(" any close gives back:");
	show(0, 0);
	say("\n");
}

static void errors(void)
{
	struct flock range = { .l_type = 9 };
	int reader = open("locked", O_RDONLY);

	CHECK_ERRNO(fcntl(fd, F_SETLK, &range), EINVAL);
	range = (struct flock){ .l_type = F_WRLCK, .l_start = -1 };
	CHECK_ERRNO(fcntl(fd, F_SETLK, &range), EINVAL);
	range.l_start = 0;
	CHECK_ERRNO(fcntl(reader, F_SETLK, &range), EBADF);
	CHECK_ERRNO(fcntl(fd, F_SETLK, NULL), EFAULT);
	close(reader);
	CHECK_ERRNO(flock(fd, 77), EINVAL);
	CHECK_ERRNO(flock(99, LOCK_EX), EBADF);
	say("errors as documented\n");
}

static void whole(void)
{
	int other = open("locked", O_RDWR);
	int copy = dup(fd);

	CHECK_OK(flock(fd, LOCK_EX));
	CHECK_OK(flock(copy, LOCK_EX | LOCK_NB));
	CHECK_ERRNO(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK_OK(flock(fd, LOCK_SH));
	CHECK_OK(flock(other, LOCK_SH | LOCK_NB));
	CHECK_ERRNO(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_OK(flock(copy, LOCK_UN));
	CHECK_OK(flock(other, LOCK_EX | LOCK_NB));
	close(other);
	CHECK_OK(flock(fd, LOCK_EX | LOCK_NB));
	close(copy);
	say("flock: belongs to the open file\n");
}

int main(void)
{
	fd = open("locked", O_RDWR | O_CREAT, 0600);
	CHECK_OK(fd);
	ranges();
	waiting();
	errors();
	whole();
	close(fd);
	unlink("locked");
	run_check();
	return 0;
}
