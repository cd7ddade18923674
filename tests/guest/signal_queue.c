/* guest-test: host=yes */
/* Real-time signals queue; signals that are waited for, or read from a file. */
#include <poll.h>
#include <sys/signalfd.h>

#include "guest.h"

static sigset_t set_of(int first, int second)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, first);
	if (second)
		sigaddset(&set, second);
	return set;
}

static volatile int order[32], count;

static void note(int signo, siginfo_t *info, void *context)
{
	(void)context;
	CHECK_EQ(info->si_signo, signo);
	CHECK_EQ(info->si_pid, getpid());
	order[count++] = (signo << 8) + info->si_value.sival_int;
}

static void queue(int signo, int value)
{
	CHECK_OK(sigqueue(getpid(), signo, (union sigval){ value }));
}

static void queued(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	sigset_t set = set_of(SIGRTMIN, SIGRTMIN + 1);

	action.sa_sigaction = note;
	sigaddset(&set, SIGUSR1);
	sigfillset(&action.sa_mask); /* one handler after the other */
	CHECK_OK(sigaction(SIGRTMIN, &action, NULL));
	CHECK_OK(sigaction(SIGRTMIN + 1, &action, NULL));
	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 1; i <= 3; i++) {
		queue(SIGRTMIN + 1, i);
		queue(SIGRTMIN, i);
		queue(SIGUSR1, i);
	}
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	for (int i = 0; i < count; i++)
		say("%s%d: value %d\n",
		    order[i] >> 8 >= SIGRTMIN ? "RTMIN+" : "signal ",
		    (order[i] >> 8) -
			    (order[i] >> 8 >= SIGRTMIN ? SIGRTMIN : 0),
		    order[i] & 0xff);
}

static void refused(void)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_USER };
	pid_t other = check_fork();

	if (other == 0)
		for (;;)
			pause();
	CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, other, SIGUSR1, &info), EPERM);
	info.si_code = SI_TKILL;
	CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, other, SIGUSR1, &info), EPERM);
	info.si_code = SI_QUEUE;
	CHECK_OK(syscall(SYS_rt_sigqueueinfo, other, 0, &info));
	CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, other, 65, &info), EINVAL);
	CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, other, getpid(), SIGUSR1,
			    &info),
		    ESRCH);
	CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, 0, other, SIGUSR1, &info),
		    EINVAL);
	CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, other, other, SIGKILL, &info));
	CHECK_EQ(wait_for(other), SIGKILL);
	CHECK_ERRNO(sigqueue(other, SIGUSR1, (union sigval){ 1 }), ESRCH);
	say("refused: EPERM, EINVAL, ESRCH\n");
}

static void waited_for(void)
{
	sigset_t set = set_of(SIGRTMIN + 2, SIGUSR2), old;
	struct timespec none = { 0, 0 }, soon = { 0, 20000000 },
			wrong = { 0, 1000000000 };
	siginfo_t info;
	pid_t pid, parent = getpid();

	CHECK_OK(sigprocmask(SIG_BLOCK, &set, &old));
	CHECK_ERRNO(sigtimedwait(&set, &info, &none), EAGAIN);
	CHECK_ERRNO(sigtimedwait(&set, &info, &soon), EAGAIN);
	CHECK_ERRNO(sigtimedwait(&set, &info, &wrong), EINVAL);
	queue(SIGRTMIN + 2, 7);
	queue(SIGRTMIN + 2, 8);
	CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 2);
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_int, 7);
	CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 2);
	CHECK_EQ(info.si_value.sival_int, 8);
	CHECK_EQ(info.si_pid, parent);
	pid = check_fork();
	if (pid == 0) {
		struct timespec nap = { 0, 30000000 };

		nanosleep(&nap, NULL);
		kill(parent, SIGUSR2);
		_exit(0);
	}
	CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR2);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, pid);
	wait_well(pid);

	/* SIGCHLD is ignored by default, and yet it can be waited for. */
	set = set_of(SIGCHLD, 0);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	pid = check_fork();
	if (pid == 0)
		_exit(9);
	CHECK_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	CHECK_EQ(info.si_status, 9);
	CHECK_EQ(wait_for(pid) >> 8, 9);
	CHECK_OK(sigprocmask(SIG_SETMASK, &old, NULL));
	say("sigwaitinfo: in order, with values; sigtimedwait: EAGAIN\n");
}

static long read_one(int fd, struct signalfd_siginfo *info)
{
	memset(info, 0xaa, sizeof(*info));
	return read(fd, info, sizeof(*info));
}

static void read_from_file(void)
{
	sigset_t set = set_of(SIGRTMIN + 3, SIGCHLD), old;
	struct signalfd_siginfo info[4];
	struct pollfd poll_fd = { .events = POLLIN };
	pid_t pid;
	int fd;

	CHECK_ERRNO(signalfd(0, &set, 0), EINVAL);
	CHECK_ERRNO(signalfd(99, &set, 0), EBADF);
	CHECK_ERRNO(signalfd(-1, &set, 1), EINVAL);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, &old));
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	CHECK_OK(fd);
	poll_fd.fd = fd;
	CHECK_EQ(poll(&poll_fd, 1, 0), 0);
	CHECK_ERRNO(read_one(fd, info), EAGAIN);
	CHECK_ERRNO(read(fd, info, sizeof(info[0]) - 1), EINVAL);
	queue(SIGRTMIN + 3, 11);
	queue(SIGRTMIN + 3, 12);
	CHECK_EQ(poll(&poll_fd, 1, -1), 1);
	CHECK_EQ(read(fd, info, sizeof(info)), 2 * sizeof(info[0]));
	CHECK_EQ(info[0].ssi_signo, SIGRTMIN + 3);
	CHECK_EQ(info[0].ssi_int, 11);
	CHECK_EQ(info[1].ssi_int, 12);
	CHECK_EQ(info[1].ssi_pid, getpid());
	pid = check_fork();
	if (pid == 0)
		_exit(4);
	CHECK_EQ(poll(&poll_fd, 1, -1), 1);
	CHECK_EQ(read_one(fd, info), sizeof(info[0]));
	CHECK_EQ(info[0].ssi_signo, SIGCHLD);
	CHECK_EQ(info[0].ssi_pid, pid);
	CHECK_EQ(info[0].ssi_status, 4);
	CHECK_EQ(info[0].ssi_code, CLD_EXITED);
	CHECK_EQ(wait_for(pid) >> 8, 4);
	set = set_of(SIGUSR1, 0);
	CHECK_EQ(signalfd(fd, &set, 0), fd);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(read_one(fd, info), sizeof(info[0]));
	CHECK_EQ(info[0].ssi_signo, SIGUSR1);
	CHECK_EQ(info[0].ssi_code, SI_USER);
	CHECK_OK(sigprocmask(SIG_SETMASK, &old, NULL));
	close(fd);
	say("signalfd: reads them, polls for them, one set for another\n");
}

int main(void)
{
	queued();
	refused();
	waited_for();
	read_from_file();
	run_check();
	return 0;
}
