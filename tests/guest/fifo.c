/* guest-test: host=yes */
/* Named pipes: opening waits for the other end; the size of a pipe. */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

static void meeting(void)
{
	char got[8] = "";
	pid_t pid;
	int fd;

	CHECK_OK(mkfifo("fifo", 0600));
	pid = check_fork();
	if (pid == 0) {
		usleep(20000);
		fd = open("fifo", O_WRONLY);
		CHECK_OK(fd);
		CHECK_EQ(write(fd, "hello", 5), 5);
		_exit(0);
	}
	fd = open("fifo", O_RDONLY);
	CHECK_OK(fd);
	CHECK_EQ(read(fd, got, sizeof(got)), 5);
	CHECK_EQ(read(fd, got, sizeof(got)), 0);
	close(fd);
	wait_well(pid);
	say("reader and writer meet: %s\n", got);
}

static void without_waiting(void)
{
	struct pollfd one = { .events = POLLIN };
	char byte;
	int writer;

	CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	one.fd = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK_OK(one.fd);
	CHECK_EQ(read(one.fd, &byte, 1), 0);
	CHECK_EQ(poll(&one, 1, 0), 0);
	writer = open("fifo", O_WRONLY | O_NONBLOCK);
	CHECK_OK(writer);
	CHECK_ERRNO(read(one.fd, &byte, 1), EAGAIN);
	CHECK_EQ(write(writer, "x", 1), 1);
	close(writer);
	CHECK_EQ(poll(&one, 1, 0), 1);
	say("a writer came and went: poll 0x%x\n", one.revents);
	close(one.fd);
	one.fd = open("fifo", O_RDWR | O_NONBLOCK);
	CHECK_ERRNO(read(one.fd, &byte, 1), EAGAIN);
	close(one.fd);
	say("what nobody read is gone when all have closed\n");
}

static void interrupted(void)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		open("fifo", O_WRONLY);
		_exit(0);
	}
	usleep(20000);
	kill(pid, SIGTERM);
	say("while it waits to open: %s\n", how_ended(wait_for(pid)));
	CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	CHECK_OK(unlink("fifo"));
}

static void sizes(void)
{
	static char bytes[65536];
	int data[2];

	CHECK_OK(pipe2(data, O_NONBLOCK));
	say("a pipe holds %d", fcntl(data[0], F_GETPIPE_SZ));
	CHECK_EQ(fcntl(data[1], F_SETPIPE_SZ, 5000), 8192);
	CHECK_EQ(write(data[1], bytes, sizeof(bytes)), 8192);
	say(", then %d", fcntl(data[0], F_GETPIPE_SZ));
	CHECK_ERRNO(fcntl(data[1], F_SETPIPE_SZ, 4096), EBUSY);
	CHECK_EQ(fcntl(data[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
	CHECK_EQ(write(data[1], bytes, sizeof(bytes)), sizeof(bytes));
	say(", then %d\n", fcntl(data[0], F_GETPIPE_SZ));
	CHECK_EQ(read(data[0], bytes, sizeof(bytes)), sizeof(bytes));
	CHECK_EQ(read(data[0], bytes, sizeof(bytes)), 8192);
	CHECK_ERRNO(fcntl(0, F_SETPIPE_SZ, -1), EBADF);
	close(data[0]);
	close(data[1]);
}

int main(void)
{
	int null = open("/dev/null", O_RDONLY);

	dup2(null, 0); /* the host's standard input may be a pipe */
	meeting();
	without_waiting();
	interrupted();
	sizes();
	run_check();
	return 0;
}
