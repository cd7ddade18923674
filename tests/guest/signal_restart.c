/* guest-test: host=yes */
/*
 * A signal in the middle of a call that waits: with SA_RESTART the call goes
 * on waiting, without it the answer is EINTR.
 */
#include "guest.h"

static volatile int signals;
static int data[2];

static void handler(int signo)
{
	(void)signo;
	signals++;
}

static void sleep_ms(int ms)
{
	struct timespec nap = { 0, ms * 1000000L };

	nanosleep(&nap, NULL);
}

static void install(int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	signals = 0;
}

/* A child that first sends a signal, and then what we wait for. */
static pid_t disturb(void)
{
	pid_t parent = getpid(), pid = check_fork();

	if (pid == 0) {
		sleep_ms(60);
		kill(parent, SIGUSR1);
		sleep_ms(60);
		CHECK_EQ(write(data[1], "x", 1), 1);
		_exit(0);
	}
	return pid;
}

int main(void)
{
	char byte;
	pid_t pid;
	int status;

	CHECK_OK(pipe(data));
	install(0);
	pid = disturb();
	CHECK_ERRNO(read(data[0], &byte, 1), EINTR);
	CHECK_EQ(signals, 1);
	CHECK_EQ(read(data[0], &byte, 1), 1);
	wait_well(pid);
	say("read: EINTR\n");

	install(SA_RESTART);
	pid = disturb();
	CHECK_EQ(read(data[0], &byte, 1), 1);
	CHECK_EQ(signals, 1);
	wait_well(pid);
	say("read, SA_RESTART: goes on\n");

	install(0);
	pid = disturb();
	CHECK_ERRNO(waitpid(pid, &status, 0), EINTR);
	wait_well(pid);
	install(SA_RESTART);
	pid = disturb();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(signals, 1);
	say("waitpid: the same\n");
	run_check();
	return 0;
}
