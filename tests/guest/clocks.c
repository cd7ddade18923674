/* guest-test: host=yes */
/* Time goes forward, sleeps are not too short, and nonsense is refused. */
#include "guest.h"

static long sleep_and_measure(long ns)
{
	struct timespec nap = { ns / 1000000000, ns % 1000000000 };
	long before = now_ns();

	CHECK_OK(nanosleep(&nap, NULL));
	return now_ns() - before;
}

static void nothing(int signo)
{
	(void)signo;
}

static void interrupted(void)
{
	struct timespec nap = { 5, 0 }, rest = { 0, 0 };
	long before = now_ns();
	pid_t pid;

	signal(SIGUSR1, nothing);
	pid = check_fork();
	if (pid == 0) {
		sleep_and_measure(100000000);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	CHECK_ERRNO(nanosleep(&nap, &rest), EINTR);
	CHECK(now_ns() - before < 4000000000);
	CHECK(rest.tv_sec >= 1 && rest.tv_sec < 5);
	wait_well(pid);
	say("a signal ends a sleep: EINTR, and the rest of the time\n");
}

int main(void)
{
	static const long naps[] = { 0, 1, 1000, 1000000, 50000000 };
	struct timespec bad = { 0, 1000000000 }, now;
	long last = now_ns();

	for (int i = 0; i < 10000; i++) {
		long next = now_ns();

		CHECK(next >= last);
		last = next;
	}
	say("10,000 looks at the clock: never backwards\n");
	for (size_t i = 0; i < COUNT_OF(naps); i++) {
		long took = sleep_and_measure(naps[i]);

		CHECK(took >= naps[i]);
		CHECK(took < naps[i] + 2000000000);
	}
	say("no sleep was too short\n");
	interrupted();
	CHECK_ERRNO(nanosleep(&bad, NULL), EINVAL);
	bad.tv_nsec = -1;
	CHECK_ERRNO(nanosleep(&bad, NULL), EINVAL);
	bad.tv_nsec = 0;
	bad.tv_sec = -1;
	CHECK_ERRNO(nanosleep(&bad, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_gettime, 9999, &now), EINVAL);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
	CHECK(now.tv_sec > 0);
	say("nonsense: EINVAL\n");
	run_check();
	return 0;
}
