/*
 * guest-test: release=yes linux=yes linux_mem=128M mem=32M timeout=240
 *             host="no: takes all memory"
 */
/*
 * Whatever a victim waits for, it dies at once: a fatal signal ends each kind
 * of sleep.  (A mutex does not know signals: see oom_mutex.c.)
 */
#include "oom.h"
#include "pty.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

static long frames; /* free ones, at the start */
static struct gate ready;
static int data[2]; /* a pipe that stays empty */
static int locked_fd; /* a file that the parent has locked, in both ways */

/* ---- Sleeps --------------------------------------------------------------- */

static void in_pause(void)
{
	pause();
}

static void in_nanosleep(void)
{
	sleep(1000);
}

static void in_pipe_read(void)
{
	char byte;

	read(data[0], &byte, 1);
}

static void in_pipe_write(void)
{
	static char bytes[17 * PAGE_SIZE];
	int full[2];

	CHECK_OK(pipe(full));
	write(full[1], bytes, sizeof(bytes));
}

static void in_wait(void)
{
	oom_adjust(NEVER); /* the child stays like that */
	if (check_fork() == 0)
		sleep(1000);
	oom_adjust("1000");
	wait(NULL);
}

static void in_vfork(void)
{
	if (vfork() == 0) {
		sleep(1000);
		_exit(0);
	}
}

static void in_poll(void)
{
	struct pollfd one = { .fd = data[0], .events = POLLIN };

	poll(&one, 1, -1);
}

static void in_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	CHECK_OK(epoll_ctl(fd, EPOLL_CTL_ADD, data[0], &event));
	epoll_wait(fd, &event, 1, -1);
}

static void in_eventfd(void)
{
	uint64_t value;

	read(eventfd(0, 0), &value, sizeof(value));
}

static void in_timerfd(void)
{
	uint64_t value;

	read(timerfd_create(CLOCK_MONOTONIC, 0), &value, sizeof(value));
}

static void in_flock(void)
{
	int fd = open("/tmp/locked", O_RDWR); /* a lock of its own */

	flock(fd, LOCK_EX);
}

static void in_sigsuspend(void)
{
	sigset_t all;

	sigfillset(&all);
	sigsuspend(&all);
}

static void in_record_lock(void)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	fcntl(open("/tmp/locked", O_RDWR), F_SETLKW, &all);
}

#define FUTEX_WAIT 0 /* musl has no <linux/futex.h> */

static void in_futex(void)
{
	static int word;

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void in_fifo_open(void)
{
	open("/tmp/fifo", O_RDONLY);
}

static void in_sigwait(void)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigwaitinfo(&one, NULL);
}

static void in_signalfd(void)
{
	struct signalfd_siginfo info;
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	read(signalfd(-1, &one, 0), &info, sizeof(info));
}

static void in_terminal(void)
{
	char byte;

	read(slave, &byte, 1); /* nobody types */
}

static void in_stop(void)
{
	raise(SIGSTOP);
}

static const struct {
	const char *name;
	void (*sleep)(void);
} sleeps[] = {
	{ "pause", in_pause },
	{ "nanosleep", in_nanosleep },
	{ "read of a pipe", in_pipe_read },
	{ "write to a full pipe", in_pipe_write },
	{ "wait", in_wait },
	{ "vfork", in_vfork },
	{ "poll", in_poll },
	{ "epoll_wait", in_epoll },
	{ "read of an eventfd", in_eventfd },
	{ "read of a timerfd", in_timerfd },
	{ "flock", in_flock },
	{ "sigsuspend, all blocked", in_sigsuspend },
	{ "fcntl(F_SETLKW)", in_record_lock },
	{ "futex", in_futex },
	{ "open of a FIFO", in_fifo_open },
	{ "sigwaitinfo", in_sigwait },
	{ "read of a signalfd", in_signalfd },
	{ "read of a terminal", in_terminal },
	{ "a stop", in_stop },
};

static int current; /* index into sleeps */

static void hold_and_sleep(void)
{
	int pages = (int)(frames / 2);
	volatile char *area = map_pages((size_t)pages, MAP_PRIVATE);

	write_pages(area, 0, pages, 'h');
	/* What it shared with a child, its death would not give back. */
	CHECK_OK(madvise((void *)area, (size_t)pages * PAGE_SIZE,
			 MADV_DONTFORK));
	gate_open(&ready);
	sleeps[current].sleep();
	say("%s ended\n", sleeps[current].name);
}

/* Take memory until one process was killed. */
static void make_oom(void)
{
	long kills = oom_kills();
	volatile char *area = map_pages((size_t)frames, MAP_PRIVATE);
	int taken = (int)frames * 2 / 5; /* of the half that is left */

	write_pages(area, 0, taken, 'm');
	while (oom_kills() == kills)
		area[(size_t)taken++ * PAGE_SIZE] = 'm';
}

static void each_sleep(void)
{
	for (current = 0; current < (int)COUNT_OF(sleeps); current++) {
		long before = oom_free();
		long kills = oom_kills();
		pid_t pid = check_fork();
		int status;

		if (pid == 0) {
			setpgid(0, 0);
			oom_adjust("1000");
			hold_and_sleep();
			_exit(0);
		}
		gate_wait(&ready);
		usleep(1000); /* now it sleeps */
		status = wait_for(oom_child("0", make_oom));
		/* Linux may kill twice: it reports the end a bit early. */
		if (on_calf()) {
			CHECK_EQ(status, 0);
			CHECK_EQ(oom_kills() - kills, 1);
		}
		say("a victim in %s: %s\n", sleeps[current].name,
		    how_ended(wait_for(pid)));
		kill(-pid, SIGKILL); /* what it forked */
		oom_is_quiet(before);
	}
}

int main(void)
{
	oom_adjust(NEVER);
	ready = gate_make();
	CHECK_OK(pipe(data));
	locked_fd = open("/tmp/locked", O_CREAT | O_RDWR, 0600);
	CHECK_OK(flock(locked_fd, LOCK_EX));
	CHECK_OK(fcntl(locked_fd, F_SETLKW,
		       &(struct flock){ .l_type = F_WRLCK }));
	CHECK_OK(mkfifo("/tmp/fifo", 0600));
	pty_open();
	settle();
	(void)oom_kills();
	frames = oom_free();
	each_sleep();
	return 0;
}
