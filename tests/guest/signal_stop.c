/* guest-test: host=yes release=yes */
/* Stop and go on: who is told, what cancels what, and when nothing stops. */
#include "child.h"

static volatile int children, continued;
static volatile siginfo_t child_info[8];

static void on_child(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	if (children < (int)COUNT_OF(child_info))
		memcpy((void *)&child_info[children], info, sizeof(*info));
	children++;
}

static void on_continue(int signo)
{
	(void)signo;
	continued++;
}

static int wait_news(pid_t pid, int options)
{
	int status = -1;
	pid_t got;

	while ((got = waitpid(pid, &status, options)) < 0 && errno == EINTR)
		;
	CHECK_EQ(got, pid);
	return status;
}

static void no_news(pid_t pid)
{
	CHECK_EQ(waitpid(pid, NULL, WNOHANG | WUNTRACED | WCONTINUED), 0);
}

static void each_signal(void)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	pid_t pid = start_holding();
	siginfo_t info;

	for (size_t i = 0; i < COUNT_OF(stops); i++) {
		CHECK_OK(kill(pid, stops[i]));
		CHECK_EQ(wait_news(pid, WUNTRACED) >> 8, stops[i]);
		CHECK_EQ(state_of(pid), 'T');
		no_news(pid);
		CHECK_OK(kill(pid, SIGCONT));
		CHECK_EQ(wait_news(pid, WCONTINUED), 0xffff);
		CHECK(state_of(pid) != 'T');
		no_news(pid);
	}
	say("each of the four stops, SIGCONT continues, both are told once\n");

	CHECK_OK(kill(pid, SIGCONT));
	no_news(pid);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(wait_news(pid, WUNTRACED) >> 8, SIGSTOP);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT));
	CHECK_EQ(wait_news(pid, WUNTRACED | WCONTINUED) >> 8, SIGSTOP);
	no_news(pid);
	say("a stop makes older news of going on void\n");

	CHECK_OK(kill(pid, SIGTERM));
	no_news(pid);
	CHECK_EQ(state_of(pid), 'T');
	CHECK_OK(kill(pid, SIGCONT));
	say("stopped, then SIGTERM, then SIGCONT: %s\n",
	    status_text(wait_news(pid, 0)));
	pid = start_holding();
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(wait_news(pid, WUNTRACED) >> 8, SIGSTOP);
	CHECK_OK(kill(pid, SIGKILL));
	say("stopped, then SIGKILL: %s\n", status_text(wait_news(pid, 0)));
}

static bool is_pending(int signo)
{
	sigset_t set;

	CHECK_OK(sigpending(&set));
	return sigismember(&set, signo);
}

static void cancelled(void)
{
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, &before));
	raise(SIGTSTP);
	CHECK(is_pending(SIGTSTP));
	raise(SIGCONT);
	CHECK(!is_pending(SIGTSTP) && is_pending(SIGCONT));
	raise(SIGTSTP);
	CHECK(is_pending(SIGTSTP) && !is_pending(SIGCONT));
	raise(SIGCONT);
	CHECK_OK(sigprocmask(SIG_SETMASK, &before, NULL));
	say("stop signals and SIGCONT cancel each other\n");
}

/* Blocked or handled, SIGCONT continues; what it does besides comes later. */
static void continue_anyhow(void)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		sigset_t set;

		child_begin();
		signal(SIGCONT, on_continue);
		sigemptyset(&set);
		sigaddset(&set, SIGCONT);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGSTOP);
		CHECK_EQ(continued, 0);
		CHECK(is_pending(SIGCONT));
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		CHECK_EQ(continued, 1);
		raise(SIGSTOP);
		CHECK_EQ(continued, 2);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(wait_news(pid, WUNTRACED) >> 8, SIGSTOP);
		CHECK_OK(kill(pid, SIGCONT));
	}
	wait_well(pid);
	say("SIGCONT continues though blocked, and its handler runs\n");
}

static void handled_stop(void)
{
	signal(SIGTSTP, on_continue);
	continued = 0;
	raise(SIGTSTP);
	CHECK_EQ(continued, 1);
	signal(SIGTSTP, SIG_IGN);
	raise(SIGTSTP);
	CHECK_EQ(continued, 1);
	signal(SIGTSTP, SIG_DFL);
	say("SIGTSTP with a handler, or ignored, does not stop\n");
}

static void say_child(int i, pid_t pid)
{
	CHECK_EQ(child_info[i].si_signo, SIGCHLD);
	CHECK_EQ(child_info[i].si_pid, pid);
	CHECK_EQ(child_info[i].si_uid, getuid());
	say("  code %d, status %d\n", child_info[i].si_code,
	    child_info[i].si_status);
}

static void stop_and_go(int flags)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | flags };
	pid_t pid = start_holding();

	action.sa_sigaction = on_child;
	CHECK_OK(sigaction(SIGCHLD, &action, NULL));
	children = 0;
	CHECK_OK(kill(pid, SIGSTOP));
	wait_news(pid, WUNTRACED);
	CHECK_OK(kill(pid, SIGCONT));
	wait_news(pid, WCONTINUED);
	/* On Linux the child tells of going on itself, a little later. */
	while (children < (flags & SA_NOCLDSTOP ? 0 : 2))
		CHECK_OK(kill(getpid(), 0));
	end_child(pid);
	signal(SIGCHLD, SIG_DFL);
	say("SIGCHLD, sa_flags 0x%x: %d\n", flags, children);
	for (int i = 0; i < children; i++)
		say_child(i, pid);
}

static void on_hangup(int signo)
{
	static const char letter = 'H';

	(void)signo;
	CHECK_EQ(write(parent_gate.fd[1], &letter, 1), 1);
}

/*
 * A session: its leader ends and leaves a stopped member behind.  That gets
 * SIGHUP and SIGCONT; and later nobody could continue it, so it does not stop.
 */
static void orphaned(void)
{
	struct gate done = gate_make();
	pid_t leader = check_fork();
	char letter;

	if (leader == 0) {
		pid_t member;

		CHECK_OK(setsid());
		member = check_fork();
		if (member == 0) {
			parent_gate = done;
			signal(SIGHUP, on_hangup);
			setpgid(0, 0);
			raise(SIGSTOP);
			raise(SIGTSTP); /* does nothing any more */
			gate_open(&done);
			_exit(0);
		}
		CHECK_EQ(wait_news(member, WUNTRACED) >> 8, SIGSTOP);
		_exit(0);
	}
	wait_well(leader);
	CHECK_EQ(read(done.fd[0], &letter, 1), 1);
	CHECK_EQ(letter, 'H');
	gate_wait(&done);
	say("orphaned while stopped: SIGHUP and SIGCONT; then never again\n");
}

int main(void)
{
	children_init();
	each_signal();
	cancelled();
	continue_anyhow();
	handled_stop();
	stop_and_go(0);
	stop_and_go(SA_NOCLDSTOP);
	orphaned();
	run_check();
	return 0;
}
