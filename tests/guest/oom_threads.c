/* SPDX-License-Identifier: MIT */
/*
 * guest-test: host="no: takes all memory" mem=32M smp=4 timeout=120
 *             log="is gone"
 */
/*
 * Threads of one process take all memory at once, while others of it sleep,
 * wait for a lock or run in circles.  The whole process goes, once; another
 * process and its threads do not notice.
 */
#include <pthread.h>
#include <stdbool.h>

#include "oom.h"

static void *hog(void *argument)
{
	(void)argument;
	oom_hog();
	return NULL;
}

static void *sleep_for_ever(void *argument)
{
	(void)argument;
	while (1)
		pause();
	return NULL;
}

static void *run_for_ever(void *argument)
{
	(void)argument;
	while (1)
		;
	return NULL;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_ever(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	return NULL;
}

static void start(void *(*run)(void *))
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, run, NULL), 0);
}

static void hogs(void)
{
	pthread_mutex_lock(&mutex);
	start(sleep_for_ever);
	start(run_for_ever);
	start(wait_for_ever);
	for (int i = 0; i < 4; i++)
		start(hog);
	sleep_for_ever(NULL);
}

/* The first thread has ended: the others are the process. */
static void hogs_without_leader(void)
{
	start(sleep_for_ever);
	start(hog);
	start(hog);
	syscall(SYS_exit, 0);
}

static void bystander(void)
{
	volatile char *area = map_pages(64, MAP_PRIVATE);

	start(run_for_ever);
	write_pages(area, 0, 64, 'b');
	while (oom_kills() < 2)
		usleep(1000);
	CHECK(pages_hold(area, 0, 64, 'b'));
}

int main(void)
{
	long before, kills = oom_kills();
	pid_t pid;

	oom_adjust(NEVER);
	settle();
	before = oom_free();
	pid = oom_child("-500", bystander);
	say("four hogs among eight threads: %s\n",
	    how_ended(wait_for(oom_child("0", hogs))));
	CHECK_EQ(oom_kills(), kills + 1);
	say("two, and the first thread has ended: %s\n",
	    how_ended(wait_for(oom_child("0", hogs_without_leader))));
	CHECK_EQ(oom_kills(), kills + 2);
	say("another process: %s\n", how_ended(wait_for(pid)));
	oom_is_quiet(before);
	return 0;
}
