/*
 * guest-test: release=yes host="no: takes all memory" mem=32M timeout=240
 * append="sysctl.vm.overcommit_memory=1"
 * log="oom_reaper: reaped process"
 */
/*
 * Whatever a victim waits for, it dies at once: a fatal signal ends each kind
 * of sleep.  Only a mutex does not know signals; when the one who holds it waits
 * for memory itself, the victim's memory is taken before its end.
 */
#include "oom.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/timerfd.h>

static long frames; /* free ones, at the start */
static struct gate ready;
static int data[2]; /* a pipe that stays empty */
static int locked_fd; /* a file that the parent has locked */

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
	oom_adjust("0");
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
};

static int current; /* index into sleeps */

static void hold_and_sleep(void)
{
	int pages = (int)(frames / 2);

	write_pages(map_pages((size_t)pages, MAP_PRIVATE), 0, pages, 'h');
	gate_open(&ready);
	sleeps[current].sleep();
	say("%s ended\n", sleeps[current].name);
}

/* Take memory until one process was killed, and give it back. */
static void make_oom(void)
{
	long kills = oom_kills();
	size_t bytes = (size_t)frames * PAGE_SIZE;
	volatile char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(area != MAP_FAILED);
	for (int i = 0; oom_kills() == kills; i++)
		area[(size_t)i * PAGE_SIZE] = 'm';
	CHECK_EQ(oom_kills() - kills, 1);
	CHECK_OK(munmap((void *)area, bytes));
}

static void each_sleep(void)
{
	for (current = 0; current < (int)COUNT_OF(sleeps); current++) {
		long before = oom_free();
		pid_t pid = check_fork();

		if (pid == 0) {
			setpgid(0, 0);
			oom_adjust("0");
			hold_and_sleep();
			_exit(0);
		}
		gate_wait(&ready);
		usleep(1000); /* now it sleeps */
		make_oom();
		say("a victim in %s: %s\n", sleeps[current].name,
		    how_ended(wait_for(pid)));
		kill(-pid, SIGKILL); /* what it forked */
		oom_is_quiet(before);
	}
}

/* ---- A mutex -------------------------------------------------------------- */

/*
 * We write a file when memory is nearly all taken, and hold its lock while we
 * wait for frames.  First dies a small process.  While we wait for that, the
 * big one tries to write the same file, and waits for the lock.  Then that
 * one is chosen.
 */
static void big_writer(void)
{
	int pages = (int)(frames / 3);
	int fd = open("/tmp/file", O_RDWR);
	volatile char *area = map_pages((size_t)pages, MAP_PRIVATE);

	write_pages(area, 0, pages, 'v');
	gate_open(&ready);
	for (;;) /* never asleep: it is the next to run */
		pwrite(fd, "v", 1, 0);
}

static void small_sleeper(void)
{
	gate_open(&ready);
	pause();
}

static void leave_free(long wanted)
{
	volatile char *ballast = map_pages((size_t)frames, MAP_PRIVATE);

	for (int i = 0; free_frames() > wanted; i++)
		ballast[(size_t)i * PAGE_SIZE] = 'l';
}

static void write_file(void)
{
	static char bytes[600 * PAGE_SIZE];
	int fd = open("/tmp/file", O_RDWR);
	long kills = oom_kills();
	pid_t big, small;

	memset(bytes, 'w', sizeof(bytes));
	big = oom_child("0", big_writer);
	gate_wait(&ready);
	small = oom_child("1000", small_sleeper);
	gate_wait(&ready);
	leave_free(400);
	CHECK_EQ(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	CHECK_EQ(oom_kills() - kills, 2);
	CHECK_EQ(wait_for(small), SIGKILL);
	CHECK_EQ(wait_for(big), SIGKILL);
	_exit(0);
}

static void behind_a_mutex(void)
{
	long before = oom_free();

	close(open("/tmp/file", O_CREAT | O_RDWR, 0600));
	CHECK_EQ(in_child(write_file), 0);
	CHECK_OK(unlink("/tmp/file"));
	say("a victim behind the lock that its killer holds: killed\n");
	oom_is_quiet(before);
}

int main(void)
{
	oom_adjust(NEVER);
	ready = gate_make();
	CHECK_OK(pipe(data));
	locked_fd = open("/tmp/locked", O_CREAT | O_RDWR, 0600);
	CHECK_OK(flock(locked_fd, LOCK_EX));
	settle();
	(void)oom_kills();
	frames = oom_free();
	behind_a_mutex();
	each_sleep();
	return 0;
}
