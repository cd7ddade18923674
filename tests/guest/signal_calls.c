/* guest-test: host=yes */
/*
 * What a signal does to a call that sleeps: begun again, gone on with until
 * the same time, or EINTR; and to whom kill(2) sends.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "child.h"

static volatile int signals;

static void handler(int signo)
{
	(void)signo;
	signals++;
}

static void install(int signo, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_OK(sigaction(signo, &action, NULL));
	signals = 0;
}

static void sleep_ms(int ms)
{
	struct timespec nap = { 0, ms * 1000000L };

	while (nanosleep(&nap, &nap) != 0)
		;
}

static long now_ms(void)
{
	struct timespec now;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &now));
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Calls that sleep, in a child ----------------------------------- */

static void call_nanosleep(void)
{
	struct timespec time = { 0, 300000000 };

	CHECK_OK(nanosleep(&time, NULL));
}

static void call_clock_nanosleep(void)
{
	struct timespec time;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &time));
	time.tv_nsec += 300000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_nsec -= 1000000000;
		time.tv_sec++;
	}
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL),
		 0);
}

static void call_poll(void)
{
	CHECK_EQ(poll(NULL, 0, 300), 0);
}

static void call_select(void)
{
	struct timeval time = { 0, 300000 };

	CHECK_EQ(select(0, NULL, NULL, NULL, &time), 0);
}

static void call_ppoll(void)
{
	struct timespec time = { 0, 300000000 };
	sigset_t none;

	sigemptyset(&none);
	/* musl hands over a copy of the time: the rest begins anew. */
	CHECK_EQ(syscall(SYS_ppoll, NULL, 0, &time, &none, 8), 0);
}

static void call_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	CHECK_OK(fd);
	CHECK_ERRNO(epoll_wait(fd, &event, 1, 300), EINTR);
}

static const struct {
	const char *name;
	void (*call)(void);
	bool sleeps_on;
} calls[] = {
	{ "nanosleep", call_nanosleep, true },
	{ "clock_nanosleep, absolute", call_clock_nanosleep, true },
	{ "poll", call_poll, true },
	{ "select", call_select, true },
	{ "ppoll", call_ppoll, true },
	{ "epoll_wait", call_epoll, false },
};

/* Stopped and continued in the middle, a sleep still ends when it should. */
static void stopped_meanwhile(size_t i)
{
	pid_t pid = check_fork();
	int status;
	long start;

	if (pid == 0) {
		child_begin();
		start = now_ms();
		calls[i].call();
		CHECK(!calls[i].sleeps_on || now_ms() - start >= 299);
		_exit(0);
	}
	setpgid(pid, pid);
	sleep_ms(50);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	say("%s, stopped meanwhile: %s\n", calls[i].name, status_text(status));
}

/* Someone sends us @signo until gate is opened. */
static pid_t pester(int signo)
{
	pid_t parent = getpid(), pid = check_fork();

	if (pid == 0) {
		child_begin();
		for (;;) {
			sleep_ms(40);
			if (getppid() != parent)
				_exit(0);
			kill(parent, signo);
		}
	}
	return pid;
}

/* With a handler it is EINTR, SA_RESTART or not. */
static void handled_meanwhile(void)
{
	struct timespec time = { 100, 0 }, left = { 0, 0 };
	struct timeval value = { 100, 0 };
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	install(SIGUSR1, SA_RESTART);
	pid = pester(SIGUSR1);
	CHECK_ERRNO(nanosleep(&time, &left), EINTR);
	CHECK(left.tv_sec == 99 && left.tv_nsec > 0);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &left), EINTR);
	CHECK_ERRNO(poll(NULL, 0, 100000), EINTR);
	CHECK_ERRNO(select(0, NULL, NULL, NULL, &value), EINTR);
	CHECK_ERRNO(pause(), EINTR);
	CHECK_ERRNO(sigsuspend(&none), EINTR);
	CHECK(signals >= 6);
	end_child(pid);
	CHECK_ERRNO(syscall(SYS_restart_syscall), EINTR);
	say("with a handler: EINTR, though SA_RESTART\n");
}

/* ---- To whom --------------------------------------------------------- */

static void groups(void)
{
	pid_t first = start_holding(), third = start_holding();
	pid_t second = check_fork();

	if (second == 0) {
		child_begin();
		setpgid(0, first);
		hold();
	}
	CHECK_OK(setpgid(second, first));
	CHECK_OK(kill(-first, 0));
	CHECK_OK(kill(-first, SIGTERM));
	CHECK_EQ(wait_for(first), SIGTERM);
	CHECK_EQ(wait_for(second), SIGTERM);
	CHECK_EQ(waitpid(third, NULL, WNOHANG), 0);
	CHECK_ERRNO(kill(-first, 0), ESRCH);
	CHECK_ERRNO(kill(first, 0), ESRCH);
	end_child(third);
	say("a group: all its members, nobody else, then ESRCH\n");
}

static void own_group(void)
{
	pid_t leader = check_fork();

	if (leader == 0) {
		struct gate ready = gate_make();
		pid_t member;

		child_begin();
		CHECK_OK(setpgid(0, 0));
		install(SIGTERM, 0);
		member = check_fork();
		if (member == 0) {
			signal(SIGTERM, SIG_DFL);
			gate_open(&ready);
			hold();
		}
		gate_wait(&ready);
		CHECK_OK(kill(0, SIGTERM));
		CHECK_EQ(signals, 1);
		CHECK_EQ(wait_for(member), SIGTERM);
		_exit(0);
	}
	wait_well(leader);
	say("kill(0): the caller too\n");
}

static void zombie(void)
{
	pid_t pid = check_fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(wait_for(pid), 0);
	CHECK_ERRNO(kill(pid, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_tkill, -1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tgkill, 1, getpid(), 0), ESRCH);
	say("a zombie can be sent to, in vain\n");
}

/* Bits nobody knows are dropped, so that a program can ask what there is. */
static void unknown_flags(void)
{
	struct sigaction action = { .sa_handler = handler,
				    .sa_flags = SA_RESTART | 0x400 | 0x200 };
	struct sigaction got;

	CHECK_OK(sigaction(SIGUSR2, &action, NULL));
	CHECK_OK(sigaction(SIGUSR2, NULL, &got));
	say("sa_flags 0x%x read back: 0x%x\n", action.sa_flags,
	    (unsigned int)got.sa_flags & ~0x04000000u);
}

int main(void)
{
	children_init();
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		stopped_meanwhile(i);
	handled_meanwhile();
	groups();
	own_group();
	zombie();
	unknown_flags();
	run_check();
	return 0;
}
