/* SPDX-License-Identifier: MIT */
/* guest-test: host=yes smp=4 timeout=90 */
/*
 * Faults of several threads, and of several processes, at the same moment.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "guest.h"

enum { THREADS = 4, PAGES = 100, ROUNDS = 10, SPINS = 2000 };

/* All arrive, then all go on: as close together as they get. */
struct barrier {
	atomic_int arrived;
	int size;
};

static void arrive(struct barrier *barrier)
{
	int ticket = barrier->arrived++;
	int end = ticket - ticket % barrier->size + barrier->size;

	for (int i = 0; barrier->arrived < end; i++)
		if (i % SPINS == SPINS - 1)
			sched_yield();
}

static void start(pthread_t *thread, void *(*run)(void *), long argument)
{
	CHECK_EQ(pthread_create(thread, NULL, run, (void *)argument), 0);
}

static void join(pthread_t thread)
{
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* ---- One page, several threads ------------------------------------------ */

static struct barrier all = { .size = THREADS + 1 };
static volatile long *area; /* PAGES and one more to get used to it */
static long before; /* what all words say */

/* Each thread has a word of its own in each page. */
static volatile long *word_of(int number, long thread)
{
	return area + (size_t)number * (PAGE_SIZE / sizeof(long)) + thread;
}

static void *write_all(void *argument)
{
	long me = (long)argument;

	arrive(&all); /* its stack is written, and its own, before we count */
	*word_of(PAGES, me) = 1;
	arrive(&all);
	arrive(&all);
	for (int i = 0; i < PAGES; i++)
		*word_of(i, me) = before + me + 1;
	arrive(&all);
	return NULL;
}

/* A page that was copied twice would have lost somebody's word. */
static void check_words(void)
{
	for (int i = 0; i < PAGES; i++)
		for (long thread = 0; thread < THREADS; thread++)
			CHECK_EQ(*word_of(i, thread), before + thread + 1);
}

static void write_together(enum fault_kind kind, const char *what)
{
	static struct faults first, last;
	pthread_t thread[THREADS];
	struct gate gate = gate_make();
	pid_t pid = 0;

	for (long i = 0; i < THREADS; i++)
		start(&thread[i], write_all, i);
	if (kind == COW_COPY) {
		pid = check_fork(); /* has the originals until it ends */
		if (pid == 0) {
			gate_wait(&gate);
			for (int i = 0; i < PAGES; i++)
				CHECK_EQ(*word_of(i, 0), before);
			_exit(0);
		}
		settle();
	}
	arrive(&all);
	faults_now(&first);
	arrive(&all);
	faults_now(&first);
	arrive(&all);
	arrive(&all);
	faults_now(&last);
	for (int i = 0; i < THREADS; i++)
		join(thread[i]);
	if (on_calf())
		CHECK_EQ(last.kind[kind] - first.kind[kind], PAGES);
	check_words();
	if (pid) {
		gate_open(&gate);
		wait_well(pid);
	}
	say("%d threads write %d pages: each is %s once\n", THREADS, PAGES,
	    what);
}

static void several_threads(void)
{
	area = map_pages(PAGES + 1, MAP_PRIVATE);
	write_together(ZERO_FILL, "filled");
	before = 10;
	for (int i = 0; i < PAGES; i++)
		for (long thread = 0; thread < THREADS; thread++)
			*word_of(i, thread) = before;
	write_together(COW_COPY, "copied");
}

/* ---- The last two references ------------------------------------------- */

static struct barrier *both; /* in shared memory */

static void write_mine(volatile char *pages, char mine, char was)
{
	arrive(both);
	for (int i = 0; i < PAGES; i++) {
		volatile char *at = pages + (size_t)i * PAGE_SIZE;

		CHECK_EQ(at[1], was);
		at[0] = mine;
	}
	CHECK(pages_hold(pages, 0, PAGES, mine));
	CHECK(pages_hold(pages + 1, 0, PAGES, was));
}

static void last_two(void)
{
	volatile char *pages = map_pages(PAGES, MAP_PRIVATE);
	long free = 0;

	both = map_pages(1, MAP_SHARED);
	both->size = 2;
	for (int round = 0; round < ROUNDS; round++) {
		char was = (char)('a' + round);
		pid_t pid;

		write_pages(pages, 0, PAGES, was);
		write_pages(pages + 1, 0, PAGES, was);
		if (round == 1) /* the first has touched all there is */
			free = free_frames();
		pid = check_fork();
		if (pid == 0) {
			write_mine(pages, 'C', was);
			_exit(0);
		}
		write_mine(pages, 'P', was);
		wait_well(pid);
		CHECK(pages_hold(pages, 0, PAGES, 'P'));
	}
	write_pages(pages, 0, PAGES, 'x');
	if (on_calf())
		CHECK_EQ(free_frames(), free);
	say("two processes copy the last two references: both keep theirs\n");
}

/* ---- fork while others write ----------------------------------------------- */

static volatile long *early; /* written first by its thread, ... */
static volatile long *late; /* ... and then this one, on another page */
static atomic_int stop;

static void *count_on(void *argument)
{
	long me = (long)argument * 8; /* words that are not neighbours */

	while (!stop) {
		early[me]++;
		late[me]++;
	}
	return NULL;
}

/* In the child nobody counts any more; it sees one moment of each thread. */
static void check_cut(void)
{
	for (long me = 0; me < THREADS - 1; me++) {
		long ahead = early[me * 8] - late[me * 8];
		long now = early[me * 8];

		CHECK(ahead == 0 || ahead == 1);
		for (int i = 0; i < 2000; i++)
			CHECK_EQ(early[me * 8], now);
	}
}

static void fork_under_writers(void)
{
	pthread_t thread[THREADS - 1];

	/* The lower page is protected first, whichever it is: both ways. */
	early = map_pages(1, MAP_PRIVATE);
	late = map_pages(1, MAP_PRIVATE);
	for (long i = 0; i < THREADS - 1; i++)
		start(&thread[i], count_on, i);
	for (int round = 0; round < 2 * ROUNDS; round++) {
		long seen = early[0];

		while (early[0] < seen + 100)
			sched_yield();
		in_child_well(check_cut);
	}
	stop = 1;
	for (int i = 0; i < THREADS - 1; i++)
		join(thread[i]);
	say("fork while %d threads write: one moment of each\n", THREADS - 1);
}

/* ---- fork while another takes over what is its own again ------------------ */

enum { MANY = 400 }; /* the fork shall come before all are written */

static struct barrier pair = { .size = 2 };
static volatile char *many;
static char written; /* what the writer writes in this round */

static void *write_in_rounds(void *unused)
{
	(void)unused;
	for (int round = 0; round < ROUNDS; round++) {
		arrive(&pair);
		for (int i = 0; i < MANY; i++) {
			many[(size_t)i * PAGE_SIZE] = written;
			for (volatile int spin = 0; spin < 300; spin++)
				;
		}
		arrive(&pair);
	}
	return NULL;
}

/* Written up to one page, not yet from there on: and so it stays. */
static void check_half(void)
{
	int half = 0;

	while (half < MANY && many[(size_t)half * PAGE_SIZE] == written)
		half++;
	for (int turn = 0; turn < 5; turn++) {
		CHECK(pages_hold(many, 0, half, written));
		CHECK(pages_hold(many, half, MANY, (char)(written - 1)));
	}
}

static void do_nothing(void)
{
}

static void fork_under_reuse(void)
{
	pthread_t writer;

	many = map_pages(MANY, MAP_PRIVATE);
	write_pages(many, 0, MANY, 'a' - 1);
	start(&writer, write_in_rounds, 0);
	for (written = 'a'; written < 'a' + ROUNDS; written++) {
		in_child_well(do_nothing); /* shared, and left alone again */
		arrive(&pair);
		in_child_well(check_half);
		arrive(&pair);
	}
	join(writer);
	say("fork while a thread reuses pages: one moment of it\n");
}

/* ---- One ends while another faults ------------------------------------------ */

static void *map_and_write(void *argument)
{
	volatile char *own = map_pages(8, MAP_PRIVATE);

	write_pages(own, 0, 8, (char)(long)argument);
	CHECK(pages_hold(own, 0, 8, (char)(long)argument));
	return (void *)own; /* the next of us writes it again */
}

static void ends_and_faults(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t thread[THREADS];
		void *pages[THREADS];

		for (long i = 0; i < THREADS; i++)
			start(&thread[i], map_and_write, 'a' + i);
		for (int i = 0; i < THREADS; i++) {
			CHECK_EQ(pthread_join(thread[i], &pages[i]), 0);
			CHECK(pages_hold(pages[i], 0, 8, (char)('a' + i)));
			CHECK_OK(munmap((char *)pages[i] - PAGE_SIZE,
					10 * PAGE_SIZE));
		}
	}
	say("threads end while others fault\n");
}

int main(void)
{
	settle();
	several_threads();
	last_two();
	fork_under_writers();
	fork_under_reuse();
	ends_and_faults();
	run_check();
	return 0;
}
