/* SPDX-License-Identifier: MIT */
/* guest-test: host=yes smp=4 mem=128M timeout=90 release=yes */
/*
 * What a C library makes of clone(2) and futex(2): mutexes, condition
 * variables, barriers, thread-local storage, cancellation, detached threads,
 * and a thousand threads at once.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "guest.h"

#define THREADS 8
#define TURNS 2000

#define CHECK_ZERO(call) CHECK_EQ(call, 0)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int counter;
static __thread int own;

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	CHECK_ZERO(pthread_create(thread, NULL, run, argument));
}

static void *join(pthread_t thread)
{
	void *result;

	CHECK_ZERO(pthread_join(thread, &result));
	return result;
}

/* ---- Mutexes and thread-local storage --------------------------------- */

static void *count_up(void *argument)
{
	own = (int)(long)argument;
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		own++;
	}
	return (void *)(long)own;
}

static void mutexes(void)
{
	pthread_t thread[THREADS];

	own = -1;
	for (long i = 0; i < THREADS; i++)
		start(&thread[i], count_up, (void *)i);
	for (long i = 0; i < THREADS; i++)
		CHECK_EQ((long)join(thread[i]), i + TURNS);
	CHECK_EQ(own, -1);
	say("%d threads counted to %d, each its own %d\n", THREADS, counter,
	    TURNS);
}

/* ---- Condition variables ----------------------------------------------- */

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;

/* Threads in turn: each must be woken by the one before. */
static void *take_turns(void *argument)
{
	int me = (int)(long)argument;

	for (int round = 0; round < 100; round++) {
		pthread_mutex_lock(&mutex);
		while (turn % THREADS != me)
			pthread_cond_wait(&changed, &mutex);
		turn++;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void conditions(void)
{
	struct timespec past = { 1, 0 };
	pthread_t thread[THREADS];

	for (long i = 0; i < THREADS; i++)
		start(&thread[i], take_turns, (void *)i);
	for (int i = 0; i < THREADS; i++)
		join(thread[i]);
	say("%d turns, one after the other\n", turn);
	pthread_mutex_lock(&mutex);
	CHECK_EQ(pthread_cond_timedwait(&changed, &mutex, &past), ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	say("a wait with a time in the past: ETIMEDOUT\n");
}

/* ---- Barriers, semaphores, reader-writer locks, once ------------------- */

static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t semaphore;
static int onces, serials, phases[THREADS], shared_value;

static void count_once(void)
{
	onces++;
}

static void *meet(void *argument)
{
	int me = (int)(long)argument;

	pthread_once(&once, count_once);
	for (int phase = 0; phase < 50; phase++) {
		phases[me] = phase;
		if (pthread_barrier_wait(&barrier) ==
		    PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_fetch_add(&serials, 1, __ATOMIC_SEQ_CST);
		for (int i = 0; i < THREADS; i++)
			CHECK_EQ(phases[i], phase);
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < 200; i++) {
		int value;

		pthread_rwlock_rdlock(&rwlock);
		value = shared_value;
		CHECK_EQ(shared_value, value);
		pthread_rwlock_unlock(&rwlock);
		pthread_rwlock_wrlock(&rwlock);
		shared_value++;
		pthread_rwlock_unlock(&rwlock);
	}
	CHECK_ZERO(sem_post(&semaphore));
	return NULL;
}

static void meetings(void)
{
	pthread_t thread[THREADS];

	CHECK_ZERO(pthread_barrier_init(&barrier, NULL, THREADS));
	CHECK_ZERO(sem_init(&semaphore, 0, 0));
	for (long i = 0; i < THREADS; i++)
		start(&thread[i], meet, (void *)i);
	for (int i = 0; i < THREADS; i++)
		CHECK_ZERO(sem_wait(&semaphore));
	for (int i = 0; i < THREADS; i++)
		join(thread[i]);
	CHECK_ERRNO(sem_trywait(&semaphore), EAGAIN);
	say("50 barriers, %d serial threads; once: %d; written %d times\n",
	    serials, onces, shared_value);
}

/* ---- Cancellation -------------------------------------------------------- */

static int cleaned;

static void clean_up(void *argument)
{
	cleaned += (int)(long)argument;
}

static void *wait_for_ever(void *argument)
{
	(void)argument;
	pthread_cleanup_push(clean_up, (void *)1);
	pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static void *spin_for_ever(void *argument)
{
	CHECK_ZERO(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	__atomic_store_n((int *)argument, 1, __ATOMIC_SEQ_CST);
	while (1)
		;
	return NULL;
}

static void cancellation(void)
{
	pthread_t thread;
	int spins = 0;

	start(&thread, wait_for_ever, NULL);
	CHECK_ZERO(pthread_cancel(thread));
	CHECK(join(thread) == PTHREAD_CANCELED);
	CHECK_EQ(cleaned, 1);
	start(&thread, spin_for_ever, &spins);
	while (!__atomic_load_n(&spins, __ATOMIC_SEQ_CST))
		sched_yield();
	CHECK_ZERO(pthread_cancel(thread));
	CHECK(join(thread) == PTHREAD_CANCELED);
	say("cancelled: one that sleeps, and one that runs\n");
}

/* ---- Many ----------------------------------------------------------------- */

#define MANY 1000

static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;

static void *arrive(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	if (++counter == MANY)
		pthread_cond_signal(&all_here);
	while (!turn)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* As many directories as threads. */
static int count_in_proc(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	CHECK(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void many(void)
{
	static pthread_t thread[MANY];
	pthread_attr_t small;

	CHECK_ZERO(pthread_attr_init(&small));
	CHECK_ZERO(pthread_attr_setstacksize(&small, 16384));
	counter = 0;
	turn = 0;
	for (int i = 0; i < MANY; i++)
		CHECK_ZERO(pthread_create(&thread[i], &small, arrive, NULL));
	pthread_mutex_lock(&mutex);
	while (counter < MANY)
		pthread_cond_wait(&all_here, &mutex);
	pthread_mutex_unlock(&mutex);
	CHECK_EQ(count_in_proc(), MANY + 1);
	say("%d threads at once, in /proc too\n", MANY);
	pthread_mutex_lock(&mutex);
	turn = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < MANY; i++)
		join(thread[i]);
	say("and all have ended\n");
}

static void *post_and_end(void *argument)
{
	CHECK_ZERO(pthread_detach(pthread_self()));
	CHECK_ZERO(sem_post(argument));
	return NULL;
}

static void detached(void)
{
	pthread_t thread;

	for (int i = 0; i < 100; i++) {
		start(&thread, post_and_end, &semaphore);
		CHECK_ZERO(sem_wait(&semaphore));
	}
	/* They are on their way out; nobody can wait for them but so. */
	while (count_in_proc() > 1)
		sched_yield();
	say("100 detached threads came and went\n");
}

int main(void)
{
	mutexes();
	conditions();
	meetings();
	cancellation();
	many();
	detached();
	run_check();
	return 0;
}
