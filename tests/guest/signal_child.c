/* guest-test: host=yes */
/* SIGCHLD: a parent that wants to hear of it learns who ended, and how. */
#include "guest.h"

static volatile int signals;
static volatile siginfo_t info;

static void handler(int signo, siginfo_t *given, void *context)
{
	(void)signo;
	(void)context;
	memcpy((void *)&info, given, sizeof(info));
	signals++;
}

static void exit_3(void)
{
	_exit(3);
}

static void kill_self(void)
{
	raise(SIGKILL);
}

static void try_child(const char *what, void (*body)(void))
{
	int status;

	signals = 0;
	status = in_child(body);
	CHECK_EQ(signals, 1);
	CHECK_EQ(info.si_signo, SIGCHLD);
	say("%s: %s", what, code_name(SIGCHLD, info.si_code));
	CHECK_EQ(info.si_status,
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	say(", status %d\n", info.si_status);
}

int main(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = handler;
	CHECK_OK(sigaction(SIGCHLD, &action, NULL));
	try_child("exit", exit_3);
	try_child("kill", kill_self);
	run_check();
	return 0;
}
