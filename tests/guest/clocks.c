/* guest-test: host=yes */
/* Time goes forward, sleeps are not too short, and nonsense is refused. */
#include "guest.h"

#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>

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

/* A time in the future and one in the past; what is left of neither. */
static void absolute(int clock, const char *name)
{
	struct timespec until, left = { 7, 7 };

	CHECK_OK(clock_gettime(clock, &until));
	CHECK_EQ(clock_nanosleep(clock, TIMER_ABSTIME, &until, &left), 0);
	until.tv_nsec += 30000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	CHECK_EQ(clock_nanosleep(clock, TIMER_ABSTIME, &until, &left), 0);
	CHECK_EQ(left.tv_sec, 7);
	CHECK_OK(clock_gettime(clock, &left));
	CHECK(left.tv_sec > until.tv_sec ||
	      (left.tv_sec == until.tv_sec && left.tv_nsec >= until.tv_nsec));
	say("%s: sleep until\n", name);
}

static long cpu_ns(int clock)
{
	struct timespec time;

	CHECK_OK(clock_gettime(clock, &time));
	return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void cpu_time(void)
{
	long before = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), user;
	struct rusage usage, children;
	struct tms tms;
	clockid_t mine;

	sleep_and_measure(60000000);
	CHECK(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - before < 50000000);
	while (cpu_ns(CLOCK_THREAD_CPUTIME_ID) < before + 100000000)
		;
	CHECK_OK(getrusage(RUSAGE_SELF, &usage));
	CHECK_OK(getrusage(RUSAGE_CHILDREN, &children));
	CHECK(times(&tms) > 0);
	user = usage.ru_utime.tv_sec * 100 + usage.ru_utime.tv_usec / 10000;
	CHECK(tms.tms_utime >= user && tms.tms_utime <= user + 20);
	CHECK(tms.tms_utime + tms.tms_stime > 5);
	CHECK(children.ru_utime.tv_sec * 100 +
		      children.ru_utime.tv_usec / 10000 <=
	      tms.tms_cutime);
	CHECK_EQ(clock_getcpuclockid(0, &mine), 0);
	CHECK(cpu_ns(mine) >= before + 100000000);
	CHECK_ERRNO(syscall(SYS_times, 1L), EFAULT);
	say("CPU time: what is worked; times and getrusage agree\n");
}

static void setting(void)
{
	struct timespec bad = { 0, 1000000000 };
	struct timeval bad_time = { 0, 1000000 };
	struct timex timex = { .modes = 0 };

	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &bad), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, 1L), EFAULT);
	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, &bad), EINVAL);
	CHECK_ERRNO(settimeofday(&bad_time, NULL), EINVAL);
	CHECK(syscall(SYS_adjtimex, &timex) >= 0);
	CHECK(timex.tick > 9000 && timex.tick < 11000);
	say("setting a clock wrongly: EINVAL, EFAULT\n");
}

/* The day can be changed where nobody else lives. */
static void set_the_day(void)
{
	struct timespec now, then = { 1000000000, 0 };
	struct itimerspec in_a_day = { { 0, 0 }, { 1000086400, 0 } };
	int fd = timerfd_create(CLOCK_REALTIME, 0);
	uint64_t count = 0;

	if (on_calf()) {
		CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
		CHECK_OK(clock_settime(CLOCK_REALTIME, &then));
		CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &in_a_day,
					 NULL));
		CHECK(time(NULL) - then.tv_sec < 100);
		then.tv_sec += 86400;
		CHECK_OK(clock_settime(CLOCK_REALTIME, &then));
		CHECK_EQ(read(fd, &count, 8), 8);
		CHECK_EQ(count, 1);
		CHECK_OK(clock_settime(CLOCK_REALTIME, &now));
	}
	close(fd);
	say("a timer of the day expires when the clock is set past it\n");
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
	absolute(CLOCK_REALTIME, "CLOCK_REALTIME");
	absolute(CLOCK_MONOTONIC, "CLOCK_MONOTONIC");
	absolute(CLOCK_BOOTTIME, "CLOCK_BOOTTIME");
	CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &now, NULL),
		 EINVAL);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &now, NULL),
		 EOPNOTSUPP);
	cpu_time();
	setting();
	set_the_day();
	run_check();
	return 0;
}
