/* guest-test: host=yes */
/* Pipes: order, end of file, blocking, full, broken, and much data. */
#include "guest.h"

enum { BIG = 1 << 20 };

static char bytes[65536 + 4096];
static int data[2];

static void fill(char *buffer, size_t size, size_t offset)
{
	for (size_t i = 0; i < size; i++)
		buffer[i] = (char)((offset + i) * 31 % 251);
}

static void simple(void)
{
	char got[16] = "";

	CHECK_OK(pipe(data));
	CHECK_EQ(write(data[1], "hello", 5), 5);
	CHECK_EQ(write(data[1], "world", 5), 5);
	CHECK_EQ(read(data[0], got, 3), 3);
	CHECK_EQ(read(data[0], got + 3, 13), 7);
	CHECK(!memcmp(got, "helloworld", 10));
	CHECK_EQ(write(data[1], "", 0), 0);
	CHECK_EQ(read(data[0], got, 0), 0);
	CHECK_ERRNO(read(data[1], got, 1), EBADF);
	CHECK_ERRNO(write(data[0], got, 1), EBADF);
	CHECK_ERRNO(lseek(data[0], 0, SEEK_SET), ESPIPE);
	CHECK_OK(close(data[1]));
	CHECK_EQ(read(data[0], got, 1), 0);
	CHECK_EQ(read(data[0], got, 1), 0);
	CHECK_OK(close(data[0]));
	CHECK_ERRNO(read(data[0], got, 1), EBADF);
	say("in order; end of file when the last writer has closed\n");
}

static void write_broken(void)
{
	CHECK_OK(pipe(data));
	close(data[0]);
	write(data[1], "x", 1);
}

static void broken(void)
{
	say("no reader: %s\n", how_ended(in_child(write_broken)));
	signal(SIGPIPE, SIG_IGN);
	CHECK_OK(pipe(data));
	close(data[0]);
	CHECK_ERRNO(write(data[1], "x", 1), EPIPE);
	close(data[1]);
	signal(SIGPIPE, SIG_DFL);
	say("SIGPIPE ignored: EPIPE\n");
}

static void full(void)
{
	struct timespec nap = { 0, 50000000 };
	size_t taken = 0;
	pid_t pid;
	long got;

	CHECK_OK(pipe(data));
	pid = check_fork();
	if (pid == 0) { /* more than a pipe holds: blocks, then goes on */
		close(data[0]);
		fill(bytes, sizeof(bytes), 0);
		CHECK_EQ(write(data[1], bytes, sizeof(bytes)), sizeof(bytes));
		_exit(0);
	}
	close(data[1]);
	nanosleep(&nap, NULL);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	memset(bytes, 0, sizeof(bytes));
	while ((got = read(data[0], bytes + taken, 1000)) > 0)
		taken += (size_t)got;
	CHECK_EQ(taken, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		CHECK_EQ(bytes[i], (char)(i * 31 % 251));
	wait_well(pid);
	close(data[0]);
	say("full: the writer waits\n");
}

static void much(void)
{
	size_t total = 0;
	pid_t pid;
	long got;

	CHECK_OK(pipe(data));
	pid = check_fork();
	if (pid == 0) {
		close(data[0]);
		for (size_t at = 0; at < BIG; at += 4099) {
			size_t size = BIG - at < 4099 ? BIG - at : 4099;

			fill(bytes, size, at);
			CHECK_EQ(write(data[1], bytes, size), size);
		}
		_exit(0);
	}
	close(data[1]);
	while ((got = read(data[0], bytes, 5003)) > 0) {
		for (long i = 0; i < got; i++)
			CHECK_EQ(bytes[i],
				 (char)((total + (size_t)i) * 31 % 251));
		total += (size_t)got;
	}
	CHECK_EQ(total, BIG);
	wait_well(pid);
	close(data[0]);
	say("1 MiB through it: all there, in order\n");
}

/* Writes of up to PIPE_BUF bytes are not torn apart. */
static void many_writers(void)
{
	enum { WRITERS = 5, RECORDS = 50, RECORD = 512 };
	static char record[RECORD];
	int count[WRITERS] = { 0 };

	CHECK_OK(pipe(data));
	for (int w = 0; w < WRITERS; w++) {
		if (check_fork() != 0)
			continue;
		memset(record, 'A' + w, RECORD);
		for (int i = 0; i < RECORDS; i++)
			CHECK_EQ(write(data[1], record, RECORD), RECORD);
		_exit(0);
	}
	close(data[1]);
	while (read(data[0], record, RECORD) == RECORD) {
		for (int i = 1; i < RECORD; i++)
			CHECK_EQ(record[i], record[0]);
		count[record[0] - 'A']++;
	}
	for (int w = 0; w < WRITERS; w++) {
		CHECK_EQ(count[w], RECORDS);
		CHECK(wait(NULL) > 0);
	}
	close(data[0]);
	say("5 writers: no record is torn\n");
}

int main(void)
{
	simple();
	broken();
	full();
	much();
	many_writers();
	run_check();
	return 0;
}
