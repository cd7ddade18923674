/* guest-test: host=yes release=yes */
/*
 * Sessions: controlling terminal, foreground and background, hang-up.  The
 * leader is a child with a pseudo-terminal; the test types at the master.
 */
#include "pty.h"

static volatile int got;
static volatile pid_t sender;

static void note(int signo)
{
	got |= 1 << signo;
}

static void install(int signo)
{
	struct sigaction action = { .sa_handler = note };

	CHECK_OK(sigaction(signo, &action, NULL));
}

/* Sleep until the signal has come; it is blocked otherwise. */
static void wait_signal(int signo)
{
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, signo);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, &before));
	sigdelset(&before, signo);
	while (!(got & 1 << signo))
		sigsuspend(&before);
	got &= ~(1 << signo);
}

/* The fields of /proc/self/stat behind the state: ppid, pgrp, … */
static void read_stat(long *fields)
{
	static char text[512];
	char *end;

	if (file_read("/proc/self/stat", text, sizeof(text)) < 0)
		FAIL("/proc/self/stat: %s", errno_name(errno));
	end = strrchr(text, ')');
	sscanf(end + 3, "%ld %ld %ld %ld %ld", &fields[0], &fields[1],
	       &fields[2], &fields[3], &fields[4]);
}

/* Become a leader with the slave as its terminal. */
static void lead(void)
{
	CHECK_OK(setsid());
	CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
	CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
	alarm(20); /* nobody waits for ever for a leader gone wrong */
}

static void in_session(const char *what, void (*body)(void))
{
	pid_t pid;
	int status;

	pty_open();
	pid = check_fork();
	if (pid == 0) {
		lead();
		body();
		_exit(0);
	}
	status = wait_for(pid);
	pty_close();
	say("%s: %s\n", what, how_ended(status));
}

static void ids(void)
{
	long fields[5];
	pid_t pid = getpid(), group;
	int fd = open("/dev/tty", O_RDWR);
	struct stat stat;

	CHECK_OK(fd);
	CHECK_EQ(tcgetpgrp(fd), pid);
	CHECK_EQ(tcgetsid(slave), pid);
	CHECK_OK(ioctl(master, TIOCGPGRP, &group));
	CHECK_EQ(group, pid);
	CHECK_OK(ioctl(master, TIOCGSID, &group));
	CHECK_EQ(group, pid);
	CHECK_EQ(getsid(0), pid);
	CHECK_EQ(getpgrp(), pid);
	read_stat(fields);
	CHECK_OK(fstat(slave, &stat));
	CHECK_EQ(fields[1], pid); /* pgrp */
	CHECK_EQ(fields[2], pid); /* session */
	CHECK_EQ(fields[3], stat.st_rdev); /* tty_nr */
	CHECK_EQ(fields[4], pid); /* tpgid */
	CHECK_ERRNO(setsid(), EPERM);
	CHECK_ERRNO(setpgid(0, 0), EPERM);
	CHECK_ERRNO(setpgid(0, -1), EINVAL);
	CHECK_ERRNO(setpgid(getppid(), 0), ESRCH);
	CHECK_ERRNO(tcsetpgrp(fd, getpgid(getppid())), EPERM);
	CHECK_ERRNO(tcsetpgrp(fd, 0x3fffffff), ESRCH);
	CHECK_ERRNO(tcsetpgrp(fd, -1), EINVAL);
	close(fd);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCONT, SIG_IGN);
	CHECK_OK(ioctl(slave, TIOCNOTTY));
	CHECK_ERRNO(ioctl(slave, TIOCNOTTY), ENOTTY);
	CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
	CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
	read_stat(fields);
	CHECK_EQ(fields[3], 0);
	CHECK_EQ(fields[4], -1);
	/* Opened without O_NOCTTY, a free terminal becomes the leader's. */
	fd = open(slave_path(), O_RDWR);
	CHECK_OK(fd);
	CHECK_EQ(tcgetsid(fd), pid);
	close(fd);
}

/* A child that executes cannot be moved any more. */
static void moving(void)
{
	pid_t pid = check_fork(), other = pid ? check_fork() : 0;

	if (pid == 0 || other == 0)
		for (;;)
			pause();
	CHECK_OK(setpgid(pid, 0));
	CHECK_OK(setpgid(other, pid));
	CHECK_EQ(getpgid(other), pid);
	CHECK_EQ(getsid(other), getpid());
	CHECK_OK(tcsetpgrp(slave, pid));
	CHECK_EQ(tcgetpgrp(slave), pid);
	CHECK_OK(kill(-pid, SIGKILL));
	CHECK_EQ(wait_for(pid), SIGKILL);
	CHECK_EQ(wait_for(other), SIGKILL);
	CHECK_ERRNO(setpgid(pid, 0), ESRCH);
}

/* ^C, ^\, ^Z and a new size go to the foreground group only. */
static void keys(void)
{
	struct winsize size = { .ws_row = 50, .ws_col = 132 }, now;
	pid_t pid;

	install(SIGINT);
	install(SIGQUIT);
	install(SIGWINCH);
	pid = check_fork();
	if (pid == 0) {
		CHECK_OK(setpgid(0, 0));
		wait_signal(SIGUSR1);
	}
	setpgid(pid, pid);
	type("lost");
	expect(master, "lost");
	type("\x03");
	wait_signal(SIGINT);
	expect(master, "^C");
	type("\x1c");
	wait_signal(SIGQUIT);
	expect(master, "^\\");
	CHECK_OK(ioctl(master, TIOCSWINSZ, &size));
	wait_signal(SIGWINCH);
	CHECK_OK(ioctl(slave, TIOCGWINSZ, &now));
	CHECK_EQ(now.ws_row, 50);
	CHECK_EQ(now.ws_col, 132);
	CHECK_OK(ioctl(slave, TIOCSWINSZ, &size)); /* the same: no signal */
	CHECK_EQ(got, 0);
	/* The line that ^C threw away is not read. */
	type("kept\n");
	expect_read("kept\n");
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(wait_for(pid), SIGKILL);
	change(NOFLSH, 0, 0, 0);
	type("ab\x03");
	wait_signal(SIGINT);
	type("c\n");
	expect_read("abc\n");
}

static int news(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	return status;
}

/* In the background: reading stops, and with TOSTOP writing too. */
static void background(void)
{
	pid_t pid = check_fork();
	char line[16];

	if (pid == 0) {
		CHECK_OK(setpgid(0, 0));
		while (tcgetpgrp(slave) == getpid())
			;
		CHECK_EQ(write(slave, "bg", 2), 2);
		CHECK_EQ(read(slave, line, sizeof(line)), 4);
		while (tcgetpgrp(slave) == getpid())
			;
		CHECK_EQ(write(slave, "bg", 2), 2); /* stops: TOSTOP */
		signal(SIGTTOU, SIG_IGN);
		while (tcgetpgrp(slave) == getpid())
			;
		CHECK_EQ(write(slave, "!", 1), 1);
		signal(SIGTTIN, SIG_IGN);
		CHECK_ERRNO(read(slave, line, sizeof(line)), EIO);
		_exit(0);
	}
	setpgid(pid, pid);
	CHECK_EQ(news(pid) >> 8, SIGTTIN);
	expect(master, "bg");
	CHECK_OK(tcsetpgrp(slave, pid));
	CHECK_OK(kill(pid, SIGCONT));
	type("fg!\n");
	expect(master, "fg!\r\n");
	/* Back: we are in the background now, and must not stop ourselves. */
	signal(SIGTTOU, SIG_IGN);
	while (has_input(slave, 0))
		;
	change(TOSTOP, 0, 0, 0);
	CHECK_OK(tcsetpgrp(slave, getpid()));
	CHECK_EQ(news(pid) >> 8, SIGTTOU);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(news(pid) >> 8, SIGTTOU);
	CHECK_OK(tcsetpgrp(slave, pid));
	CHECK_OK(kill(pid, SIGCONT));
	expect(master, "bg");
	CHECK_OK(tcsetpgrp(slave, getpid()));
	CHECK_EQ(wait_for(pid), 0);
}

/* ^Z stops, and what the leader does then is what fg does. */
static void suspend(void)
{
	pid_t pid = check_fork();
	char line[16];

	if (pid == 0) {
		CHECK_OK(setpgid(0, 0));
		CHECK_EQ(read(slave, line, sizeof(line)), 5);
		_exit(line[0]);
	}
	setpgid(pid, pid);
	CHECK_OK(tcsetpgrp(slave, pid));
	type("\x1a");
	CHECK_EQ(news(pid) >> 8, SIGTSTP);
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcsetpgrp(slave, getpid()));
	CHECK_OK(tcsetpgrp(slave, pid));
	CHECK_OK(kill(-pid, SIGCONT));
	type("line\n");
	CHECK_EQ(wait_for(pid) >> 8, 'l');
}

/* The leader ends: the foreground group gets SIGHUP. */
static void leader_ends(void)
{
	struct gate ready = gate_make(), done = gate_make();
	pid_t leader;
	char letter;

	pty_open();
	leader = check_fork();
	if (leader == 0) {
		pid_t pid;

		lead();
		pid = check_fork();
		if (pid == 0) {
			install(SIGHUP);
			gate_open(&ready);
			wait_signal(SIGHUP);
			CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
			letter = 'H';
			CHECK_EQ(write(done.fd[1], &letter, 1), 1);
			_exit(0);
		}
		gate_wait(&ready);
		_exit(0);
	}
	wait_well(leader);
	CHECK_EQ(read(done.fd[0], &letter, 1), 1);
	CHECK_EQ(letter, 'H');
	pty_close();
	say("the leader's end: SIGHUP, and no terminal any more\n");
}

/* The other side is closed: SIGHUP for the leader. */
static void hang_up(void)
{
	struct gate ready = gate_make();
	pid_t leader;
	char byte;

	pty_open();
	leader = check_fork();
	if (leader == 0) {
		close(master);
		install(SIGHUP);
		lead();
		gate_open(&ready);
		wait_signal(SIGHUP);
		while (read(slave, &byte, 1) > 0)
			;
		CHECK_ERRNO(write(slave, "x", 1), EIO);
		CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	gate_wait(&ready);
	close(slave);
	close(master);
	wait_well(leader);
	say("hung up: SIGHUP, end of file, EIO\n");
}

int main(void)
{
	in_session("ids", ids);
	in_session("moving", moving);
	in_session("keys", keys);
	in_session("background", background);
	in_session("suspend", suspend);
	leader_ends();
	hang_up();
	run_check();
	return 0;
}
