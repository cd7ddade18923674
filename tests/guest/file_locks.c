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

/* ---- Deadlocks ------------------------------------------------------- */

/* Wait until @pid sleeps; it does so for a lock only. */
static void wait_asleep(pid_t pid)
{
	char path[32], text[512];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		usleep(1000);
		CHECK(file_read(path, text, sizeof(text)) > 0);
		state = strrchr(text, ')');
		CHECK(state);
	} while (state[2] != 'S');
}

/* Lock byte @has, then wait for byte @wants, of which somebody must let go. */
static pid_t start_waiter(int has, int wants, int how)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		CHECK_OK(lock(F_SETLK, F_WRLCK, has, 1));
		CHECK_OK(lock(F_SETLKW, how, wants, 1));
		_exit(0);
	}
	wait_asleep(pid);
	return pid;
}

static void on_alarm(int signo)
{
	(void)signo;
}

/* Sleep for a lock in vain, until a signal comes. */
static void wait_in_vain(int command, int byte)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 50000 };

	CHECK_OK(sigaction(SIGALRM, &action, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
	CHECK_ERRNO(lock(command, F_WRLCK, byte, 1), EINTR);
}

static void deadlocks(void)
{
	pid_t one, two;

	CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 1));
	one = start_waiter(1, 0, F_WRLCK);
	CHECK_ERRNO(lock(F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	CHECK_ERRNO(lock(F_SETLKW, F_RDLCK, 1, 1), EDEADLK);
	CHECK_ERRNO(lock(F_SETLK, F_WRLCK, 1, 1), EAGAIN);
	CHECK_OK(lock(F_SETLKW, F_WRLCK, 2, 1)); /* free */
	two = start_waiter(3, 1, F_RDLCK);
	CHECK_ERRNO(lock(F_SETLKW, F_WRLCK, 3, 1), EDEADLK);
	CHECK_OK(lock(F_SETLK, F_UNLCK, 0, 3));
	wait_well(one);
	wait_well(two);
	say("EDEADLK: each waits for the next, the last for the first\n");

	/* Whoever waits for us is no reason why others should not let go. */
	CHECK_OK(lock(F_SETLK, F_WRLCK, 0, 1));
	one = start_waiter(1, 0, F_WRLCK);
	two = check_fork();
	if (two == 0) {
		wait_in_vain(F_SETLKW, 1);
		_exit(0);
	}
	wait_well(two);
	/* What an open file has, any of its users may give back. */
	wait_in_vain(F_OFD_SETLKW, 1);
	CHECK_OK(lock(F_SETLK, F_UNLCK, 0, 1));
	wait_well(one);
	say("EDEADLK: not where somebody may still let go\n");
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
	deadlocks();
	errors();
	whole();
	close(fd);
	unlink("locked");
	run_check();
	return 0;
}
