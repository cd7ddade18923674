/* SPDX-License-Identifier: MIT */
/* guest-test: host=yes smp=4 timeout=90 */
/*
 * What one thread's page tables no longer say, no other thread's CPU may
 * believe: after a copy, after munmap(2), after mprotect(2).  Each time one
 * thread uses a page without pause, so that its CPU keeps the translation,
 * and another one changes it.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "guest.h"

enum { ROUNDS = 25, LAST_WORD = PAGE_SIZE / sizeof(long) - 1 };

static volatile long *page;
static atomic_long uses; /* of the page, by the other thread */
static atomic_int stop;

/* Until the other thread has used the page @count times from now on. */
static void let_it_use(long count)
{
	long until = uses + count;

	while (uses < until)
		sched_yield();
}

/* ---- A copy ---------------------------------------------------------- */

static atomic_long published; /* the page says at least this */
static atomic_long stale; /* times that it did not */

/* The writer stores to the first word, then the last, and then publishes. */
static void *read_on(void *unused)
{
	(void)unused;
	while (!stop) {
		long wanted = published;
		long last = page[LAST_WORD];
		long first = page[0];

		if (last < wanted || first < last)
			stale++;
		uses++;
	}
	return NULL;
}

static void copy_under_a_reader(void)
{
	struct gate gate = gate_make();
	pthread_t reader;

	CHECK_EQ(pthread_create(&reader, NULL, read_on, NULL), 0);
	for (long n = 1; n <= ROUNDS; n++) {
		pid_t pid;

		let_it_use(10);
		pid = check_fork();
		if (pid == 0) {
			gate_wait(&gate);
			CHECK_EQ(page[0], n - 1);
			CHECK_EQ(page[LAST_WORD], n - 1);
			_exit(0);
		}
		page[0] = n; /* the copy: the child has the original */
		page[LAST_WORD] = n;
		published = n;
		let_it_use(1000);
		gate_open(&gate);
		wait_well(pid);
	}
	stop = 1;
	CHECK_EQ(pthread_join(reader, NULL), 0);
	say("copy: %ld stale reads\n", stale);
}

/* ---- munmap and mprotect --------------------------------------------- */

static __thread sigjmp_buf out;

static void jump_out(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	siglongjmp(out, info->si_code);
}

static atomic_int round_begun; /* by the changer */
static atomic_int round_ended; /* by the user of the page */
static atomic_int changed; /* the call has returned */
static atomic_int survived; /* uses that began after that, and worked */
static atomic_int code; /* si_code of the signal */

static void use_until_signal(void (*use)(void))
{
	code = sigsetjmp(out, 1);
	if (code)
		return;
	while (1) {
		bool too_late = changed;

		use();
		uses++;
		if (too_late) {
			survived++;
			return;
		}
	}
}

static void *use_in_rounds(void *use)
{
	for (int n = 1; n <= ROUNDS; n++) {
		while (round_begun < n)
			sched_yield();
		use_until_signal((void (*)(void))use);
		round_ended = n;
	}
	return NULL;
}

static void read_page(void)
{
	(void)page[0];
}

static void write_page(void)
{
	page[0]++;
}

static void begin_round(int n)
{
	changed = 0;
	round_begun = n;
	let_it_use(100);
}

static void end_round(int n)
{
	changed = 1;
	while (round_ended < n)
		sched_yield();
	CHECK_EQ(survived, 0);
}

static pthread_t start_user(void (*use)(void))
{
	pthread_t user;

	round_begun = round_ended = 0;
	CHECK_EQ(pthread_create(&user, NULL, use_in_rounds, (void *)use), 0);
	return user;
}

static void unmap_under_a_reader(void)
{
	void *place = (void *)page;
	pthread_t reader = start_user(read_page);

	for (int n = 1; n <= ROUNDS; n++) {
		begin_round(n);
		CHECK_OK(munmap(place, PAGE_SIZE));
		end_round(n);
		CHECK_EQ(code, SEGV_MAPERR);
		CHECK(mmap(place, PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			   0) == place);
		page[0] = n;
	}
	CHECK_EQ(pthread_join(reader, NULL), 0);
	say("munmap: no read succeeds after it\n");
}

static void protect_under_a_writer(void)
{
	void *place = (void *)page;
	pthread_t writer = start_user(write_page);

	for (int n = 1; n <= ROUNDS; n++) {
		long value;

		begin_round(n);
		CHECK_OK(mprotect(place, PAGE_SIZE, PROT_READ));
		value = page[0];
		for (int i = 0; i < 20000; i++)
			CHECK_EQ(page[0], value);
		end_round(n);
		CHECK_EQ(code, SEGV_ACCERR);
		CHECK_OK(mprotect(place, PAGE_SIZE, PROT_READ | PROT_WRITE));
	}
	CHECK_EQ(pthread_join(writer, NULL), 0);
	say("mprotect: no write after it\n");
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = jump_out,
				    .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGSEGV, &action, NULL));
	page = map_pages(1, MAP_PRIVATE);
	copy_under_a_reader();
	unmap_under_a_reader();
	protect_under_a_writer();
	run_check();
	return 0;
}
