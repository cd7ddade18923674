/* guest-test: host=yes */
/* waitid: whom to wait for, what for, and what it says; SIGCHLD ignored. */
#include "child.h"

static pid_t start(int status)
{
	pid_t pid = check_fork();

	if (pid == 0)
		_exit(status);
	return pid;
}

static void say_info(const char *what, pid_t pid, const siginfo_t *info)
{
	CHECK_EQ(info->si_signo, SIGCHLD);
	CHECK_EQ(info->si_errno, 0);
	CHECK_EQ(info->si_pid, pid);
	CHECK_EQ(info->si_uid, getuid());
	say("%s: code %d, status %d\n", what, info->si_code, info->si_status);
}

static void empty(const siginfo_t *info)
{
	CHECK_EQ(info->si_signo, 0);
	CHECK_EQ(info->si_pid, 0);
	CHECK_EQ(info->si_status, 0);
}

static void ends(void)
{
	siginfo_t info;
	pid_t pid = start(0x1234);

	memset(&info, 0xaa, sizeof(info));
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	say_info("WNOWAIT", pid, &info);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED));
	say_info("exit(0x1234)", pid, &info);
	CHECK_ERRNO(waitid(P_PID, (id_t)pid, &info, WEXITED), ECHILD);
	pid = start_holding();
	memset(&info, 0xaa, sizeof(info));
	CHECK_OK(waitid(P_ALL, 0, &info, WEXITED | WNOHANG));
	empty(&info);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_OK(waitid(P_ALL, 0, &info, WEXITED));
	say_info("SIGKILL", pid, &info);
}

static void stops(void)
{
	siginfo_t info;
	pid_t pid = start_holding();

	CHECK_OK(kill(pid, SIGTSTP));
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT));
	say_info("WNOWAIT", pid, &info);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED));
	say_info("SIGTSTP", pid, &info);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG));
	empty(&info);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WCONTINUED | WNOWAIT));
	say_info("WNOWAIT", pid, &info);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
	say_info("SIGCONT", pid, &info);
	/* Only those who ask for ends see one. */
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	CHECK_ERRNO(waitid(P_PID, (id_t)pid, &info, WSTOPPED), ECHILD);
	end_child(pid);
}

static void groups(void)
{
	siginfo_t info;
	pid_t mine = start(5), other = start_holding();

	CHECK_OK(waitid(P_PGID, 0, &info, WEXITED));
	say_info("own group", mine, &info);
	CHECK_ERRNO(waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED), ECHILD);
	CHECK_OK(kill(-other, SIGKILL));
	CHECK_OK(waitid(P_PGID, (id_t)other, &info, WEXITED));
	say_info("another", other, &info);
	mine = start(6);
	CHECK_EQ(waitpid(0, NULL, 0), mine);
	mine = start(7);
	CHECK_EQ(waitpid(-getpgrp(), NULL, 0), mine);
}

static void refused(void)
{
	siginfo_t info;

	CHECK_ERRNO(waitid(P_ALL, 0, &info, 0), EINVAL);
	CHECK_ERRNO(waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
	CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
	CHECK_ERRNO(waitid(P_PID, 0, &info, WEXITED), EINVAL);
	CHECK_ERRNO(waitid((idtype_t)17, 1, &info, WEXITED), EINVAL);
	memset(&info, 0xaa, sizeof(info));
	CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	empty(&info);
	CHECK_ERRNO(waitpid(-1, NULL, WEXITED), EINVAL);
	CHECK_ERRNO(waitpid(-1, NULL, WNOWAIT), EINVAL);
	CHECK_ERRNO(syscall(SYS_wait4, INT32_MIN, NULL, 0, NULL), ESRCH);
	say("refused: EINVAL, ECHILD, ESRCH\n");
}

/* In order of birth, whatever the order of their ends. */
static void order(void)
{
	pid_t first = start_holding(), second = start(2), got;
	siginfo_t info;

	CHECK_OK(waitid(P_PID, (id_t)second, &info, WEXITED | WNOWAIT));
	CHECK_OK(kill(first, SIGKILL));
	CHECK_OK(waitid(P_PID, (id_t)first, &info, WEXITED | WNOWAIT));
	got = wait(NULL);
	CHECK_EQ(got, first);
	CHECK_EQ(wait(NULL), second);
	say("the older child first\n");
}

static volatile int signals;

static void count(int signo)
{
	(void)signo;
	signals++;
}

/* Children nobody wants vanish; wait returns when the last one has. */
static void unwanted(void)
{
	struct sigaction action = { .sa_handler = count,
				    .sa_flags = SA_NOCLDWAIT };
	sigset_t set;

	signal(SIGCHLD, SIG_IGN);
	start(1);
	start(2);
	CHECK_ERRNO(wait(NULL), ECHILD);
	CHECK_OK(sigaction(SIGCHLD, &action, NULL));
	start(3);
	while (wait(NULL) < 0 && errno == EINTR)
		;
	CHECK_EQ(errno, ECHILD);
	CHECK_EQ(signals, 1);
	/* Ignored, it is not even kept while it is blocked. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGCHLD, SIG_IGN);
	start(4);
	CHECK_ERRNO(wait(NULL), ECHILD);
	CHECK_OK(sigpending(&set));
	CHECK(!sigismember(&set, SIGCHLD));
	say("SIG_IGN and SA_NOCLDWAIT: no zombies, ECHILD at the end\n");
}

int main(void)
{
	children_init();
	refused();
	ends();
	stops();
	groups();
	order();
	unwanted();
	run_check();
	return 0;
}
