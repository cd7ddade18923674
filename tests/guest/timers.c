/* guest-test: host=yes */
/* alarm, setitimer, timer_create: what expires sends a signal. */
#include "guest.h"

#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t seen[65]; /* by signal number */
static siginfo_t last;

static void on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	seen[signo]++;
	last = *info;
}

static void handle(int signo)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO };

	seen[signo] = 0;
	CHECK_OK(sigaction(signo, &action, NULL));
}

static void burn_until(int signo, int count)
{
	while (seen[signo] < count)
		;
}

static void alarms(void)
{
	struct itimerval off = { { 0, 0 }, { 0, 0 } }, old;

	handle(SIGALRM);
	CHECK_EQ(alarm(100), 0);
	CHECK_EQ(alarm(1), 100);
	while (!seen[SIGALRM])
		usleep(1000);
	CHECK_EQ(seen[SIGALRM], 1);
	say("alarm: after a second, %s\n", code_name(SIGALRM, last.si_code));
	CHECK_EQ(alarm(50), 0);
	CHECK_OK(setitimer(ITIMER_REAL, &off, &old));
	CHECK(old.it_value.tv_sec == 49 || old.it_value.tv_sec == 50);
	CHECK_EQ(alarm(0), 0);
	say("alarm and ITIMER_REAL are one timer\n");
}

static void interval_real(void)
{
	struct itimerval setting = { { 0, 20000 }, { 0, 20000 } }, now;

	handle(SIGALRM);
	CHECK_OK(setitimer(ITIMER_REAL, &setting, NULL));
	for (int i = 0; i < 3; i++)
		pause();
	CHECK_OK(getitimer(ITIMER_REAL, &now));
	CHECK_EQ(now.it_interval.tv_usec, 20000);
	CHECK(now.it_value.tv_usec > 0 && now.it_value.tv_usec <= 20000);
	memset(&setting, 0, sizeof(setting));
	CHECK_OK(setitimer(ITIMER_REAL, &setting, NULL));
	CHECK(seen[SIGALRM] >= 3);
	CHECK_OK(getitimer(ITIMER_REAL, &now));
	CHECK_EQ(now.it_value.tv_usec + now.it_interval.tv_usec, 0);
	say("ITIMER_REAL: again and again, until it is set to 0\n");
}

static void interval_cpu(void)
{
	struct itimerval setting = { { 0, 0 }, { 0, 30000 } };

	handle(SIGVTALRM);
	handle(SIGPROF);
	CHECK_OK(setitimer(ITIMER_VIRTUAL, &setting, NULL));
	setting.it_interval.tv_usec = 30000;
	CHECK_OK(setitimer(ITIMER_PROF, &setting, NULL));
	usleep(100000); /* does not count */
	CHECK_EQ(seen[SIGVTALRM] + seen[SIGPROF], 0);
	burn_until(SIGVTALRM, 1);
	burn_until(SIGPROF, 3);
	memset(&setting, 0, sizeof(setting));
	CHECK_OK(setitimer(ITIMER_PROF, &setting, NULL));
	CHECK_EQ(seen[SIGVTALRM], 1);
	say("ITIMER_VIRTUAL, ITIMER_PROF: time that is worked, not slept\n");
}

static void child_has_none(void)
{
	struct itimerval now;

	CHECK_OK(getitimer(ITIMER_REAL, &now));
	CHECK_EQ(now.it_value.tv_sec, 0);
}

static void refused(void)
{
	struct itimerval setting = { { 0, 0 }, { 0, 1000000 } };

	CHECK_ERRNO(setitimer(ITIMER_REAL, &setting, NULL), EINVAL);
	setting.it_value.tv_usec = -1;
	CHECK_ERRNO(setitimer(ITIMER_REAL, &setting, NULL), EINVAL);
	setting.it_value.tv_usec = 0;
	CHECK_ERRNO(setitimer(3, &setting, NULL), EINVAL);
	CHECK_ERRNO(setitimer(-1, &setting, NULL), EINVAL);
	CHECK_ERRNO(getitimer(3, &setting), EINVAL);
	CHECK_ERRNO(syscall(SYS_getitimer, 0, 1L), EFAULT);
	CHECK_ERRNO(syscall(SYS_setitimer, 3, 1L, 0L), EFAULT);
	say("nonsense: EINVAL, EFAULT\n");
	alarm(100);
	in_child_well(child_has_none);
	say("a child has no timers\n");
	CHECK_EQ(alarm(0), 100);
}

/* ---- timer_create --------------------------------------------------------- */

static int create(int clock, int signo, int notify)
{
	struct {
		long value;
		int signo, notify, tid;
		char rest[44];
	} event = { .value = 0x1234567890, .signo = signo, .notify = notify };
	int id = -1;

	event.tid = getpid();
	if (syscall(SYS_timer_create, clock, &event, &id) != 0)
		return -1;
	return id;
}

static int set(int id, int flags, long value_ns, long interval_ns)
{
	struct itimerspec setting = {
		{ interval_ns / 1000000000, interval_ns % 1000000000 },
		{ value_ns / 1000000000, value_ns % 1000000000 },
	};

	return (int)syscall(SYS_timer_settime, id, flags, &setting, NULL);
}

static struct itimerspec get(int id)
{
	struct itimerspec setting;

	CHECK_OK(syscall(SYS_timer_gettime, id, &setting));
	return setting;
}

static void once(int clock, const char *name)
{
	int id = create(clock, SIGUSR1, SIGEV_SIGNAL);

	CHECK_OK(id);
	handle(SIGUSR1);
	CHECK_OK(set(id, 0, 20000000, 0));
	while (!seen[SIGUSR1])
		if (clock != CLOCK_PROCESS_CPUTIME_ID)
			usleep(1000);
	CHECK_EQ(last.si_code, SI_TIMER);
	CHECK_EQ(last.si_timerid, id);
	CHECK_EQ(last.si_value.sival_ptr, 0x1234567890);
	CHECK_EQ(get(id).it_value.tv_nsec, 0);
	CHECK_OK(syscall(SYS_timer_delete, id));
	CHECK_ERRNO(syscall(SYS_timer_delete, id), EINVAL);
	say("%s: SI_TIMER with its number and value\n", name);
}

static void overruns(void)
{
	int id = create(CLOCK_MONOTONIC, SIGUSR1, SIGEV_THREAD_ID);
	sigset_t set_of_one;
	int overrun;

	CHECK_OK(id);
	handle(SIGUSR1);
	sigemptyset(&set_of_one);
	sigaddset(&set_of_one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set_of_one, NULL);
	CHECK_OK(set(id, 0, 10000000, 10000000));
	usleep(105000);
	CHECK_EQ(seen[SIGUSR1], 0);
	sigprocmask(SIG_UNBLOCK, &set_of_one, NULL);
	CHECK(seen[SIGUSR1] >= 1);
	overrun = (int)syscall(SYS_timer_getoverrun, id);
	if (seen[SIGUSR1] == 1) /* else the number is the second's already */
		CHECK_EQ(last.si_overrun, overrun);
	CHECK(seen[SIGUSR1] > 1 || overrun >= 8);
	CHECK_EQ(get(id).it_interval.tv_nsec, 10000000);
	CHECK_OK(set(id, 0, 0, 0));
	CHECK_EQ(get(id).it_interval.tv_nsec, 0);
	CHECK_OK(syscall(SYS_timer_delete, id));
	say("blocked: one signal, and the rest are counted as overruns\n");
}

static void absolute(void)
{
	int id = create(CLOCK_REALTIME, SIGUSR1, SIGEV_SIGNAL);
	struct timespec now;

	CHECK_OK(id);
	handle(SIGUSR1);
	CHECK_OK(set(id, TIMER_ABSTIME, 1000000000, 0)); /* in 1970 */
	while (!seen[SIGUSR1])
		;
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK_OK(set(id, TIMER_ABSTIME, (now.tv_sec + 100) * 1000000000L, 0));
	CHECK(get(id).it_value.tv_sec >= 98 && get(id).it_value.tv_sec < 100);
	CHECK_EQ(seen[SIGUSR1], 1);
	CHECK_OK(syscall(SYS_timer_delete, id));
	say("absolute: the past expires at once\n");
}

static void silent(void)
{
	int id = create(CLOCK_BOOTTIME, 0, SIGEV_NONE);
	int fresh = -1;

	CHECK_OK(id);
	CHECK_OK(set(id, 0, 1000000, 0));
	usleep(30000);
	CHECK_EQ(get(id).it_value.tv_nsec, 0);
	CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &fresh));
	CHECK(fresh != id);
	handle(SIGALRM);
	CHECK_OK(set(fresh, 0, 1, 0));
	while (!seen[SIGALRM])
		;
	CHECK_EQ(last.si_value.sival_int, fresh);
	say("SIGEV_NONE: to be asked only; no sigevent: SIGALRM\n");
}

static void refused_posix(void)
{
	int id = create(CLOCK_MONOTONIC, SIGUSR1, SIGEV_SIGNAL);

	CHECK_ERRNO(create(9999, SIGUSR1, SIGEV_SIGNAL), EINVAL);
	CHECK_ERRNO(create(CLOCK_MONOTONIC_RAW, SIGUSR1, SIGEV_SIGNAL),
		    EOPNOTSUPP);
	CHECK_ERRNO(create(CLOCK_MONOTONIC, 65, SIGEV_SIGNAL), EINVAL);
	CHECK_ERRNO(create(CLOCK_MONOTONIC, 0, SIGEV_SIGNAL), EINVAL);
	CHECK_ERRNO(create(CLOCK_MONOTONIC, SIGUSR1, 77), EINVAL);
	CHECK_ERRNO(syscall(SYS_timer_create, 1, 1L, &id), EFAULT);
	CHECK_ERRNO(set(id, 0, 0, -1), EINVAL);
	CHECK_ERRNO(set(12345, 0, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_timer_settime, id, 0, 1L, NULL), EFAULT);
	CHECK_ERRNO(syscall(SYS_timer_getoverrun, 12345), EINVAL);
	CHECK_OK(set(id, 0, 1000000000, 0)); /* ends with the process */
	say("nonsense: EINVAL, EOPNOTSUPP, EFAULT\n");
}

int main(void)
{
	alarms();
	interval_real();
	interval_cpu();
	refused();
	once(CLOCK_REALTIME, "CLOCK_REALTIME");
	once(CLOCK_MONOTONIC, "CLOCK_MONOTONIC");
	once(CLOCK_BOOTTIME, "CLOCK_BOOTTIME");
	once(CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID");
	overruns();
	absolute();
	silent();
	refused_posix();
	run_check();
	return 0;
}
