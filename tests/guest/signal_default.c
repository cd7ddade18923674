/* guest-test: host=yes */
/*
 * What signals do to a process that has no handler, and what fork, exec-less
 * children and wait see of it.
 */
#include "guest.h"

static int signo;

static void hit_self(void)
{
	raise(signo);
}

static void sleep_long(void)
{
	struct timespec nap = { 100, 0 };

	nanosleep(&nap, NULL);
}

static void spin(void)
{
	for (;;)
		;
}

static void read_nothing(void)
{
	struct gate gate = gate_make();

	gate_wait(&gate);
}

static void do_abort(void)
{
	abort();
}

static void ignore_all(void)
{
	static const int signals[] = { SIGHUP,	SIGINT,	 SIGQUIT, SIGPIPE,
				       SIGTERM, SIGUSR1, SIGUSR2, SIGALRM };

	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		signal(signals[i], SIG_IGN);
		raise(signals[i]);
	}
}

/* Kill a process that is busy with @body. */
static void kill_in(const char *what, void (*body)(void), int with)
{
	struct timespec nap = { 0, 50000000 };
	pid_t pid = check_fork();

	if (pid == 0) {
		body();
		_exit(0);
	}
	nanosleep(&nap, NULL);
	CHECK_OK(kill(pid, with));
	say("%s: %s\n", what, how_ended(wait_for(pid)));
	CHECK_ERRNO(kill(pid, 0), ESRCH);
}

int main(void)
{
	static const int signals[] = {
		SIGHUP,	 SIGINT,  SIGQUIT, SIGILL,   SIGTRAP, SIGABRT, SIGBUS,
		SIGFPE,	 SIGKILL, SIGUSR1, SIGSEGV,  SIGUSR2, SIGPIPE, SIGALRM,
		SIGTERM, SIGCHLD, SIGURG,  SIGWINCH, SIGCONT,
	};

	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		signo = signals[i];
		say("signal %d: %s\n", signo, how_ended(in_child(hit_self)));
	}
	say("abort: %s\n", how_ended(in_child(do_abort)));
	say("ignored: %s\n", how_ended(in_child(ignore_all)));
	kill_in("asleep", sleep_long, SIGTERM);
	kill_in("spinning", spin, SIGKILL);
	kill_in("reading a pipe", read_nothing, SIGINT);
	run_check();
	return 0;
}
