/* SPDX-License-Identifier: MIT */
/* guest-test: host=yes smp=2 */
/*
 * A process with several threads as seen from outside: signals to it and to
 * one thread, stops, ends, fork, execve, locks whose owner has died.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <time.h>

#include "child.h"

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	CHECK_EQ(pthread_create(thread, NULL, run, argument), 0);
}

static int tid_of_self(void)
{
	return (int)syscall(SYS_gettid);
}

static int kill_thread(pid_t pid, int tid, int signo)
{
	return (int)syscall(SYS_tgkill, pid, tid, signo);
}

static void block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
}

static void say_end(const char *what, void (*run)(void))
{
	say("%s: %s\n", what, how_ended(in_child(run)));
}

static void *sleep_for_ever(void *argument)
{
	if (argument)
		gate_open(argument);
	while (1)
		pause();
	return NULL;
}

static void *run_for_ever(void *argument)
{
	gate_open(argument);
	while (1)
		;
	return NULL;
}

/* One thread that sleeps and one that runs. */
static void start_two(void)
{
	struct gate gate = gate_make();
	pthread_t thread;

	start(&thread, sleep_for_ever, &gate);
	gate_wait(&gate);
	start(&thread, run_for_ever, &gate);
	gate_wait(&gate);
}

/* ---- Who gets a signal ---------------------------------------------------- */

static volatile int taken_by;

static void note(int signo)
{
	(void)signo;
	taken_by = tid_of_self();
}

static struct gate go_on;
static int other_tid;

static void *take_signals(void *argument)
{
	other_tid = tid_of_self();
	gate_open(argument);
	gate_wait(&go_on);
	return NULL;
}

static void signals(void)
{
	struct gate ready = gate_make();
	struct sigaction action = { .sa_handler = note,
				    .sa_flags = SA_RESTART };
	pthread_t thread;
	sigset_t pending;

	go_on = gate_make();
	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	CHECK_OK(sigaction(SIGUSR2, &action, NULL));
	start(&thread, take_signals, &ready);
	gate_wait(&ready);

	block(SIGUSR1);
	CHECK_OK(kill(getpid(), SIGUSR1));
	while (!taken_by)
		sched_yield();
	CHECK_EQ(taken_by, other_tid);
	CHECK_OK(sigpending(&pending));
	CHECK_EQ(sigismember(&pending, SIGUSR1), 0);
	say("to the process: the thread that lets it in takes it\n");

	taken_by = 0;
	CHECK_OK(kill_thread(getpid(), tid_of_self(), SIGUSR2));
	CHECK_EQ(taken_by, tid_of_self());
	taken_by = 0;
	CHECK_OK(kill_thread(getpid(), other_tid, SIGUSR2));
	while (!taken_by)
		sched_yield();
	CHECK_EQ(taken_by, other_tid);
	CHECK_OK(kill_thread(getpid(), tid_of_self(), SIGUSR1));
	CHECK_OK(sigpending(&pending));
	CHECK_EQ(sigismember(&pending, SIGUSR1), 1);
	say("to one thread: that one, and nobody else while it blocks it\n");

	CHECK_ERRNO(kill_thread(getppid(), tid_of_self(), 0), ESRCH);
	CHECK_ERRNO(kill_thread(getpid(), getppid(), 0), ESRCH);
	CHECK_ERRNO(kill_thread(-1, tid_of_self(), 0), EINVAL);
	CHECK_OK(kill(other_tid, 0));
	gate_open(&go_on);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	/* The kernel wakes who joins before the thread's number is free. */
	while (!kill_thread(getpid(), other_tid, 0))
		sched_yield();
	CHECK_ERRNO(kill_thread(getpid(), other_tid, 0), ESRCH);
	say("a thread of another process, or none: ESRCH\n");
}

/* Blocked by all but one that will block it too: nobody forgets it. */
static void *wait_for_it(void *argument)
{
	sigset_t set;
	int signo;

	(void)argument;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	CHECK_EQ(sigwait(&set, &signo), 0);
	return (void *)(long)signo;
}

static void waits(void)
{
	pthread_t thread;
	void *result;

	block(SIGTERM);
	CHECK_OK(kill(getpid(), SIGTERM));
	start(&thread, wait_for_it, NULL);
	CHECK_EQ(pthread_join(thread, &result), 0);
	CHECK_EQ((long)result, SIGTERM);
	start(&thread, wait_for_it, NULL);
	CHECK_OK(kill(getpid(), SIGTERM));
	CHECK_EQ(pthread_join(thread, &result), 0);
	CHECK_EQ((long)result, SIGTERM);
	say("sigwait: sent before it, and while it waits\n");
}

/* ---- Stopping --------------------------------------------------------------- */

static void be_stopped(void)
{
	child_begin();
	start_two();
	CHECK_OK(kill(getpid(), SIGSTOP));
	_exit(7);
}

/* The states of all threads, as a set of letters in order of numbers. */
static void thread_states(pid_t pid, char *states)
{
	char path[64], text[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	CHECK(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stat", pid,
			 entry->d_name);
		CHECK(file_read(path, text, sizeof(text)) > 0);
		*states++ = strrchr(text, ')')[2];
	}
	*states = '\0';
	closedir(dir);
}

static void stops(void)
{
	pid_t pid = check_fork();
	char states[8];
	int status;

	if (pid == 0)
		be_stopped();
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	thread_states(pid, states);
	say("stopped by %s: threads %s\n", signal_name(WSTOPSIG(status)),
	    states);
	CHECK_OK(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	say("continued: %s\n", how_ended(status));
}

/* ---- Ends ------------------------------------------------------------------- */

static void main_exits(void)
{
	start_two();
	exit(3);
}

static void *exit_all(void *argument)
{
	(void)argument;
	_exit(4);
}

static void thread_exits_all(void)
{
	pthread_t thread;

	start_two();
	start(&thread, exit_all, NULL);
	sleep_for_ever(NULL);
}

static void killed(void)
{
	start_two();
	CHECK_OK(kill(getpid(), SIGKILL));
	sleep_for_ever(NULL);
}

static void *write_to_nowhere(void *argument)
{
	*(volatile int *)argument = 1;
	return NULL;
}

static void thread_faults(void)
{
	pthread_t thread;

	start_two();
	start(&thread, write_to_nowhere, (void *)64);
	sleep_for_ever(NULL);
}

static void *end_later(void *argument)
{
	pid_t pid = getpid();
	char path[32];
	char text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		CHECK(file_read(path, text, sizeof(text)) > 0);
	} while (strrchr(text, ')')[2] != 'Z');
	CHECK_EQ(getpid(), pid);
	CHECK(tid_of_self() != pid);
	CHECK_OK(kill(pid, 0));
	(void)argument;
	return NULL;
}

static void leader_first(void)
{
	pthread_t thread;

	start(&thread, end_later, NULL);
	syscall(SYS_exit, 5);
}

/* One thread ends all while the others are being stopped: none stays behind. */
static void ends_while_stopped(void)
{
	start_two();
	if (check_fork() == 0) {
		for (int i = 0; i < 200; i++)
			kill(getppid(), SIGSTOP);
		for (int i = 0; i < 200; i++) {
			kill(getppid(), SIGCONT);
			kill(getppid(), SIGSTOP);
		}
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	usleep(1000);
	_exit(8);
}

/* ---- fork, execve ------------------------------------------------------------ */

static int count_threads(void)
{
	char states[64];

	thread_states(getpid(), states);
	return (int)strlen(states);
}

static void forks(void)
{
	pid_t pid;

	start_two();
	CHECK_EQ(count_threads(), 3);
	pid = check_fork();
	if (pid == 0) {
		CHECK_EQ(count_threads(), 1);
		CHECK_EQ(tid_of_self(), getpid());
		_exit(0);
	}
	CHECK_EQ(wait_for(pid), 0);
	_exit(0);
}

static char *self;

static void *execute(void *argument)
{
	char pid[16];

	(void)argument;
	snprintf(pid, sizeof(pid), "%d", getpid());
	execl(self, self, "again", pid, (char *)NULL);
	return NULL;
}

static void thread_executes(void)
{
	pthread_t thread;

	start_two();
	start(&thread, execute, NULL);
	sleep_for_ever(NULL);
}

static void two_execute(void)
{
	pthread_t thread;

	start_two();
	start(&thread, execute, NULL);
	start(&thread, execute, NULL);
	execute(NULL);
}

static int again(const char *pid)
{
	CHECK_EQ(getpid(), atoi(pid));
	CHECK_EQ(tid_of_self(), getpid());
	CHECK_EQ(count_threads(), 1);
	return 6;
}

/* ---- Locks whose owner has died ---------------------------------------------- */

/* As set_robust_list(2) wants it. */
struct entry {
	struct entry *next;
	uint32_t word;
};

static struct {
	struct entry *next;
	long lock_offset;
	struct entry *pending;
} head;
static struct entry entries[4];

#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u

static void *die_with_them(void *argument)
{
	uint32_t tid = (uint32_t)tid_of_self();

	/* Mine; mine, and somebody waits; somebody else's; being taken. */
	entries[0].word = tid;
	entries[1].word = tid | FUTEX_WAITERS;
	entries[2].word = tid + 1;
	entries[3].word = tid;
	entries[0].next = &entries[1];
	entries[1].next = &entries[2];
	entries[2].next = (struct entry *)&head;
	head.next = &entries[0];
	head.lock_offset = offsetof(struct entry, word);
	head.pending = &entries[3];
	CHECK_ERRNO(syscall(SYS_set_robust_list, &head, 23), EINVAL);
	CHECK_OK(syscall(SYS_set_robust_list, &head, sizeof(head)));
	gate_open(argument);
	gate_wait(&go_on);
	return NULL;
}

static void robust_locks(void)
{
	struct gate ready = gate_make();
	pthread_t thread;
	uint32_t tid;

	start(&thread, die_with_them, &ready);
	gate_wait(&ready);
	tid = entries[0].word;
	gate_open(&go_on);
	/* FUTEX_WAIT: until the kernel says that the owner has died. */
	while (entries[1].word == (tid | FUTEX_WAITERS))
		syscall(SYS_futex, &entries[1].word, 0, tid | FUTEX_WAITERS,
			NULL, NULL, 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(entries[0].word, FUTEX_OWNER_DIED);
	CHECK_EQ(entries[1].word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	CHECK_EQ(entries[2].word, tid + 1);
	CHECK_EQ(entries[3].word, FUTEX_OWNER_DIED);
	say("the locks of a thread that has died are marked, no others\n");
}

/* ---- Clocks -------------------------------------------------------------------- */

static void *burn(void *argument)
{
	struct timespec now;

	do {
		CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now));
	} while (now.tv_nsec < 50000000 && now.tv_sec == 0);
	*(struct timespec *)argument = now;
	return NULL;
}

static long to_ms(const struct timespec *time)
{
	return time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

static void clocks(void)
{
	struct timespec burnt[3], mine, all;
	pthread_t thread[3];

	for (int i = 0; i < 3; i++)
		start(&thread[i], burn, &burnt[i]);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
	CHECK_OK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mine));
	CHECK_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &all));
	CHECK(to_ms(&all) >= 150);
	CHECK(to_ms(&mine) <= to_ms(&all) - 150);
	say("the process has used what its three threads have, and more\n");
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return again(argv[2]);
	children_init();
	self = argv[0][0] == '/' ? argv[0] : "/proc/self/exe";
	signals();
	say_end("sigwait", waits);
	stops();
	say_end("the first thread returns", main_exits);
	say_end("another calls _exit", thread_exits_all);
	say_end("SIGKILL", killed);
	say_end("a thread faults", thread_faults);
	say_end("the first thread ends first", leader_first);
	say_end("_exit while it is stopped and continued", ends_while_stopped);
	say_end("fork", forks);
	say_end("execve from a thread", thread_executes);
	say_end("execve from all threads", two_execute);
	robust_locks();
	clocks();
	run_check();
	return 0;
}
