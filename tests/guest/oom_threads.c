/* SPDX-License-Identifier: MIT */
/*
 * guest-test: release=yes smp=4 linux=yes linux_mem=128M mem=32M timeout=120
 *             host="no: takes all memory"
 */
/*
 * The victim is a process: all its threads die, whatever each of them does,
 * and its memory counts once.
 */
#include <pthread.h>

#include "oom.h"

enum { THREADS = 5 };

static long frames; /* free ones, at the start */
static int ends[2]; /* a pipe that stays empty */
static struct gate ready;

static void start(void *(*run)(void *))
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, run, NULL), 0);
}

static void *hog(void *unused)
{
	(void)unused;
	oom_hog();
	return NULL;
}

static void *sleep_in_read(void *unused)
{
	char byte;

	(void)unused;
	read(ends[0], &byte, 1);
	return NULL;
}

static void *sleep_in_futex(void *unused)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	(void)unused;
	pthread_mutex_lock(&mutex); /* the second one waits */
	pause();
	return NULL;
}

static void *spin(void *unused)
{
	static volatile long turns;

	(void)unused;
	for (;;)
		turns++;
	return NULL;
}

static void *sleep_in_vfork(void *unused)
{
	(void)unused;
	if (vfork() == 0) {
		sleep(1000);
		_exit(0);
	}
	return NULL;
}

static void one_hog_many_others(void)
{
	start(sleep_in_read);
	start(sleep_in_futex);
	start(sleep_in_futex);
	start(spin);
	start(sleep_in_vfork);
	start(hog);
	pause();
}

static void hogs(void)
{
	for (int i = 0; i < THREADS; i++)
		start(hog);
	hog(NULL);
}

/* The number of the process stays, with a leader that has no memory. */
static void without_leader(void)
{
	start(hog);
	pthread_exit(NULL);
}

static void hog_that_forks(void)
{
	start(hog);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void *execute(void *unused)
{
	char *arguments[] = { "oom_threads", "again", NULL };

	(void)unused;
	usleep(1000);
	execv("/proc/self/exe", arguments);
	return NULL;
}

/* Another thread makes it another program; which goes on as the hog. */
static void hog_that_executes(void)
{
	start(execute);
	start(hog);
	pause();
}

/* An idle thread that only waits, in a process with a third of memory. */
static void *hold(void *unused)
{
	int pages = (int)(frames / 3);

	(void)unused;
	write_pages(map_pages((size_t)pages, MAP_PRIVATE), 0, pages, 'h');
	gate_open(&ready);
	pause();
	return NULL;
}

static void many_threads_little_memory(void)
{
	for (int i = 0; i < 3 * THREADS; i++)
		start(sleep_in_read);
	hold(NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "one hog, the others wait or run", one_hog_many_others },
	{ "all are hogs", hogs },
	{ "the leader has ended", without_leader },
	{ "one forks meanwhile", hog_that_forks },
	{ "one executes meanwhile", hog_that_executes },
};

static void one_case(int number)
{
	long before = oom_free();
	long kills = oom_kills();
	int status = wait_for(oom_child("0", cases[number].run));

	say("%s: %s\n", cases[number].name, how_ended(status));
	/* A fork's child may be chosen before, as the younger of two. */
	CHECK(oom_kills() > kills);
	if (on_calf() && cases[number].run != hog_that_forks)
		CHECK_EQ(oom_kills() - kills, 1);
	oom_is_quiet(before);
}

/* Sixteen threads with a third of memory are no match for one with two. */
static void memory_counts_once(void)
{
	long before = oom_free();
	pid_t many = oom_child("0", many_threads_little_memory);

	gate_wait(&ready);
	CHECK_EQ(wait_for(oom_child("0", oom_hog)), SIGKILL);
	CHECK_OK(kill(many, SIGTERM));
	say("16 threads with a third of memory: %s\n",
	    how_ended(wait_for(many)));
	oom_is_quiet(before);
}

/* Runs and has memory until somebody else was killed. */
static void live_on(void)
{
	long kills = oom_kills();
	volatile char *area = map_pages(64, MAP_PRIVATE);

	start(spin);
	write_pages(area, 0, 64, 'b');
	gate_open(&ready);
	while (oom_kills() == kills)
		usleep(1000);
	CHECK(pages_hold(area, 0, 64, 'b'));
}

static void bystander(void)
{
	long before = oom_free();
	pid_t pid = oom_child("-500", live_on);

	gate_wait(&ready);
	CHECK_EQ(wait_for(oom_child("0", hogs)), SIGKILL);
	say("another process with threads: %s\n", how_ended(wait_for(pid)));
	oom_is_quiet(before);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		oom_hog();
	oom_adjust(NEVER);
	CHECK_OK(pipe(ends));
	ready = gate_make();
	settle();
	(void)oom_kills();
	frames = oom_free();
	for (int i = 0; i < (int)COUNT_OF(cases); i++)
		one_case(i);
	memory_counts_once();
	bystander();
	return 0;
}
