/* guest-test: host=yes */
/* poll, ppoll, select, pselect: what is ready, time limits, signals. */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>

static int data[2];
static volatile sig_atomic_t handled;

static void handler(int signo)
{
	(void)signo;
	handled++;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* revents of one descriptor, without waiting. */
static int look(int fd, int events)
{
	struct pollfd one = { fd, (short)events, 0x7fff };
	int count = poll(&one, 1, 0);

	CHECK_EQ(count, one.revents != 0);
	return one.revents;
}

static void pipe_states(void)
{
	static char page[65536];

	CHECK_OK(pipe(data));
	say("empty pipe: read end 0x%x, write end 0x%x\n",
	    look(data[0], POLLIN | POLLOUT), look(data[1], POLLIN | POLLOUT));
	CHECK_EQ(write(data[1], page, sizeof(page)), sizeof(page));
	say("full pipe: read end 0x%x, write end 0x%x\n",
	    look(data[0], POLLIN | POLLOUT), look(data[1], POLLIN | POLLOUT));
	close(data[1]);
	say("no writer, data: 0x%x\n", look(data[0], POLLIN));
	CHECK_EQ(read(data[0], page, sizeof(page)), sizeof(page));
	say("no writer, no data: 0x%x\n", look(data[0], POLLIN));
	close(data[0]);
	CHECK_OK(pipe(data));
	close(data[0]);
	say("no reader: 0x%x\n", look(data[1], POLLOUT));
	close(data[1]);
	say("closed: 0x%x, negative: 0x%x\n", look(data[1], POLLIN),
	    look(-1, POLLIN));
}

static void others(void)
{
	int fd = open("/dev/null", O_RDWR);

	say("/dev/null: 0x%x\n", look(fd, POLLIN | POLLOUT));
	close(fd);
	fd = open("/", O_RDONLY | O_DIRECTORY);
	say("a directory: 0x%x\n", look(fd, POLLIN | POLLOUT));
	close(fd);
	CHECK_ERRNO(poll(NULL, 1, 0), EFAULT);
	CHECK_ERRNO(poll(NULL, 1 << 30, 0), EINVAL);
}

static void waiting(void)
{
	struct pollfd two[2];
	long before = now_ms();
	pid_t pid;
	char byte;

	CHECK_EQ(poll(NULL, 0, 50), 0);
	CHECK(now_ms() - before >= 49);
	CHECK_OK(pipe(data));
	two[0] = (struct pollfd){ data[0], POLLIN, 0 };
	two[1] = (struct pollfd){ data[0], POLLIN, 0 };
	before = now_ms();
	CHECK_EQ(poll(two, 2, 50), 0);
	CHECK(now_ms() - before >= 49);
	pid = check_fork();
	if (pid == 0) {
		usleep(30000);
		CHECK_EQ(write(data[1], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(poll(two, 2, -1), 2);
	CHECK_EQ(two[0].revents, POLLIN);
	CHECK_EQ(read(data[0], &byte, 1), 1);
	wait_well(pid);
	close(data[0]);
	close(data[1]);
	say("waits, for time and for data\n");
}

static void sets(void)
{
	fd_set in, out;
	struct timeval limit = { 0, 30000 };

	CHECK_OK(pipe(data));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(data[0], &in);
	FD_SET(data[1], &out);
	CHECK_EQ(select(data[1] + 1, &in, &out, NULL, NULL), 1);
	CHECK(!FD_ISSET(data[0], &in) && FD_ISSET(data[1], &out));
	FD_SET(data[0], &in);
	CHECK_EQ(select(data[1] + 1, &in, NULL, NULL, &limit), 0);
	CHECK(!FD_ISSET(data[0], &in));
	CHECK_EQ(write(data[1], "x", 1), 1);
	FD_SET(data[0], &in);
	FD_SET(data[1], &out);
	CHECK_EQ(select(data[1] + 1, &in, &out, NULL, NULL), 2);
	close(data[1]);
	FD_SET(data[1], &out);
	CHECK_ERRNO(select(data[1] + 1, NULL, &out, NULL, NULL), EBADF);
	CHECK_ERRNO(select(-1, NULL, NULL, NULL, NULL), EINVAL);
	close(data[0]);
	say("select: sets, time, EBADF\n");
}

/* The signal is blocked except while the call waits. */
static void masks(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct timespec limit = { 5, 0 };
	sigset_t blocked, old, now;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	raise(SIGUSR1);
	CHECK_EQ(poll(NULL, 0, 10), 0);
	CHECK_EQ(handled, 0);
	CHECK_ERRNO(ppoll(NULL, 0, &limit, &old), EINTR);
	CHECK_EQ(handled, 1);
	raise(SIGUSR1);
	CHECK_ERRNO(pselect(0, NULL, NULL, NULL, &limit, &old), EINTR);
	CHECK_EQ(handled, 2);
	limit.tv_sec = 0;
	CHECK_EQ(ppoll(NULL, 0, &limit, &old), 0);
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK(sigismember(&now, SIGUSR1));
	sigprocmask(SIG_SETMASK, &old, NULL);
	limit.tv_nsec = 1000000000;
	CHECK_ERRNO(ppoll(NULL, 0, &limit, NULL), EINVAL);
	say("ppoll, pselect: the mask holds while they wait\n");
}

int main(void)
{
	pipe_states();
	others();
	waiting();
	sets();
	masks();
	run_check();
	return 0;
}
