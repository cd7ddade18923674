/* SPDX-License-Identifier: MIT */
/*
 * Processes with several threads each, who do everything to memory at once
 * that threads can do to each other: write, fork, unmap, protect, drop, wait
 * for each other, send signals, end, execute.
 *
 *	crowd SEED SECONDS [PROCESSES [THREADS]]
 *
 * Each thread has some pages to itself and knows what is in them.  A word of
 * such a page says whose it is and repeats its value, so that anyone, a forked
 * child too, can tell a word that was torn or is another's.  What all threads
 * count together, in private memory under a lock and in shared memory
 * atomically, must come out right in the end.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "../guest/guest.h"

enum { PAGES = 16, THREADS_MAX = 16, PROCESSES_MAX = 16 };

#define WORDS (PAGE_SIZE / sizeof(uint64_t))

/* All processes, MAP_SHARED. */
struct shared {
	long end_ns;
	uint64_t sum; /* atomic: of what all threads have added */
	uint64_t added[PROCESSES_MAX][THREADS_MAX];
	uint64_t steps, forks, execs, signals; /* atomic */
};

static struct shared *shared;
static char *self;
static int my_process, threads;

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* ---- One thread ----------------------------------------------------------- */

struct worker {
	pthread_t thread;
	int number;
	uint64_t seed;
	uint64_t *pages; /* PAGES of them */
	uint32_t value[PAGES]; /* in every written word of a page; 0: none */
	bool is_gone[PAGES]; /* just now: nobody may look */
};

static struct worker workers[THREADS_MAX];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counted, count_of[THREADS_MAX];

static unsigned int draw(struct worker *worker, unsigned int below)
{
	worker->seed = worker->seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned int)(worker->seed >> 33) % below;
}

static uint64_t *page_of(struct worker *worker, int page)
{
	return worker->pages + (size_t)page * WORDS;
}

/* Whose it is, and the value twice. */
static uint64_t word_of(int number, uint32_t value)
{
	uint64_t half = (uint64_t)(number + 1) << 24 | (value & 0xffffff);

	return half << 32 | half;
}

static void check_word(int number, uint64_t word)
{
	if (word && (word >> 32 != (uint32_t)word ||
		     (uint32_t)word >> 24 != (uint32_t)number + 1))
		FAIL("thread %d's page has the word 0x%lx", number,
		     (unsigned long)word);
}

static void check_page(struct worker *worker, int page)
{
	uint64_t word = page_of(worker, page)[draw(worker, WORDS)];

	if (!word)
		return;
	check_word(worker->number, word);
	if (word != word_of(worker->number, worker->value[page]))
		FAIL("thread %d: word 0x%lx, but the value is 0x%x",
		     worker->number, (unsigned long)word, worker->value[page]);
}

static void write_page(struct worker *worker, int page)
{
	uint32_t value = 1 + draw(worker, 0xfffffe);
	volatile uint64_t *words = page_of(worker, page);

	worker->value[page] = value;
	for (size_t i = 0; i < WORDS; i++)
		if (words[i] || i % 16 == 0)
			words[i] = word_of(worker->number, value);
	check_page(worker, page);
}

static void drop_page(struct worker *worker, int page)
{
	CHECK_OK(madvise(page_of(worker, page), PAGE_SIZE, MADV_DONTNEED));
	CHECK_EQ(page_of(worker, page)[0], 0);
	worker->value[page] = 0;
}

static void remap_page(struct worker *worker, int page)
{
	void *place = page_of(worker, page);

	__atomic_store_n(&worker->is_gone[page], true, __ATOMIC_SEQ_CST);
	/* Not munmap(2): another thread's stack might take the place. */
	CHECK_OK(mprotect(place, PAGE_SIZE, PROT_NONE));
	CHECK(mmap(place, PAGE_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == place);
	__atomic_store_n(&worker->is_gone[page], false, __ATOMIC_SEQ_CST);
	CHECK_EQ(page_of(worker, page)[WORDS - 1], 0);
	worker->value[page] = 0;
}

static void protect_page(struct worker *worker, int page)
{
	CHECK_OK(mprotect(page_of(worker, page), PAGE_SIZE, PROT_READ));
	check_page(worker, page);
	CHECK_OK(mprotect(page_of(worker, page), PAGE_SIZE,
			  PROT_READ | PROT_WRITE));
}

/* Everybody's pages as they were at one moment, word for word. */
static void check_all(void)
{
	for (int i = 0; i < threads; i++)
		for (int page = 0; page < PAGES; page++)
			for (size_t at = 0; at < WORDS; at += 16)
				if (!workers[i].is_gone[page])
					check_word(i, page_of(&workers[i],
							      page)[at]);
}

static void fork_and_check(struct worker *worker)
{
	pid_t pid = fork();

	if (pid < 0) {
		CHECK(errno == ENOMEM || errno == EAGAIN);
		return;
	}
	if (pid == 0) {
		check_all();
		for (int page = 0; page < PAGES; page++)
			write_page(worker, page);
		_exit(0);
	}
	for (int page = 0; page < PAGES; page += 3)
		write_page(worker, page);
	wait_well(pid);
	for (int page = 0; page < PAGES; page++)
		check_page(worker, page);
	count(&shared->forks);
}

static void count_together(struct worker *worker)
{
	uint64_t amount = 1 + draw(worker, 100);

	pthread_mutex_lock(&mutex);
	counted += amount;
	count_of[worker->number] += amount;
	pthread_mutex_unlock(&mutex);
	shared->added[my_process][worker->number] += amount;
	__atomic_fetch_add(&shared->sum, amount, __ATOMIC_SEQ_CST);
}

static void on_signal(int signo)
{
	(void)signo;
	count(&shared->signals);
}

static void send_signal(struct worker *worker)
{
	struct worker *other = &workers[draw(worker, (unsigned int)threads)];

	/* One that is being joined may be gone; the lock keeps the others. */
	pthread_mutex_lock(&mutex);
	if (other->thread)
		pthread_kill(other->thread, SIGUSR1);
	pthread_mutex_unlock(&mutex);
}

static void step(struct worker *worker)
{
	int page = (int)draw(worker, PAGES);

	switch (draw(worker, 24)) {
	case 0:
		return drop_page(worker, page);
	case 1:
		return remap_page(worker, page);
	case 2:
		return protect_page(worker, page);
	case 3:
		if (draw(worker, 4) == 0)
			fork_and_check(worker);
		return;
	case 4:
		return send_signal(worker);
	case 5:
		sched_yield();
		return;
	case 6:
	case 7:
		return count_together(worker);
	case 8:
	case 9:
	case 10:
		return check_page(worker, page);
	}
	write_page(worker, page);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	int left = 40 + (int)draw(worker, 80);

	for (; left && now_ns() < shared->end_ns; left--) {
		step(worker);
		count(&shared->steps);
	}
	return NULL;
}

/* ---- One process ------------------------------------------------------------ */

static void begin(struct worker *worker)
{
	pthread_mutex_lock(&mutex);
	CHECK_EQ(pthread_create(&worker->thread, NULL, work, worker), 0);
	pthread_mutex_unlock(&mutex);
}

static void end(struct worker *worker)
{
	pthread_t thread = worker->thread;

	pthread_mutex_lock(&mutex);
	worker->thread = 0; /* from here on nobody sends it a signal */
	pthread_mutex_unlock(&mutex);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void check_counts(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < threads; i++)
		sum += count_of[i];
	CHECK_EQ(counted, sum);
}

/* Its threads end and begin again, until it executes itself or ends. */
static void live(uint64_t seed)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };

	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	for (int i = 0; i < threads; i++) {
		workers[i].number = i;
		workers[i].seed = seed + (uint64_t)i * 7919;
		workers[i].pages = mmap(NULL, PAGES * PAGE_SIZE,
					PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(workers[i].pages != MAP_FAILED);
	}
	for (int i = 0; i < threads; i++)
		begin(&workers[i]);
	for (int turn = 0; now_ns() < shared->end_ns; turn++) {
		struct worker *worker = &workers[turn % threads];

		end(worker);
		if (turn % 20 == 19 && now_ns() < shared->end_ns) {
			char text[3][24];

			/* The others are in the middle of something. */
			count(&shared->execs);
			snprintf(text[0], 24, "%lu", (unsigned long)seed + 1);
			snprintf(text[1], 24, "%d", my_process);
			snprintf(text[2], 24, "%d", threads);
			execl(self, self, "again", text[0], text[1], text[2],
			      (char *)NULL);
			FAIL("execl: %s", errno_name(errno));
		}
		begin(worker);
	}
	for (int i = 0; i < threads; i++)
		end(&workers[i]);
	check_counts();
}

/* The shared memory is descriptor 9, before and after execve. */
#define SHARED_FD 9

static void map_shared(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      SHARED_FD, 0);
	CHECK(shared != MAP_FAILED);
}

static int again(char **argv)
{
	map_shared();
	my_process = atoi(argv[3]);
	threads = atoi(argv[4]);
	live(strtoul(argv[2], NULL, 10));
	return 0;
}

/* ---- All of them ------------------------------------------------------------- */

static void make_shared(unsigned int seconds)
{
	int fd = (int)syscall(SYS_memfd_create, "crowd", 0);

	CHECK_OK(fd);
	CHECK_OK(ftruncate(fd, sizeof(*shared)));
	CHECK_OK(dup2(fd, SHARED_FD));
	close(fd);
	map_shared();
	shared->end_ns = now_ns() + seconds * 1000000000L;
}

static void check_sum(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < PROCESSES_MAX; i++)
		for (int j = 0; j < THREADS_MAX; j++)
			sum += shared->added[i][j];
	CHECK_EQ(shared->sum, sum);
	CHECK(shared->steps > 0);
}

int main(int argc, char **argv)
{
	unsigned long seed;
	pid_t pid[PROCESSES_MAX];
	int processes;

	self = argv[0];
	if (argc == 5 && !strcmp(argv[1], "again"))
		return again(argv);
	if (argc < 3) {
		say("usage: crowd SEED SECONDS [PROCESSES [THREADS]]\n");
		return 2;
	}
	seed = strtoul(argv[1], NULL, 10);
	processes = argc > 3 ? atoi(argv[3]) : 4;
	threads = argc > 4 ? atoi(argv[4]) : 4;
	CHECK(processes > 0 && processes <= PROCESSES_MAX);
	CHECK(threads > 0 && threads <= THREADS_MAX);
	make_shared((unsigned int)atoi(argv[2]));
	for (int i = 0; i < processes; i++) {
		pid[i] = check_fork();
		if (pid[i] == 0) {
			my_process = i;
			live(seed * 1000 + (unsigned long)i * 131);
			_exit(0);
		}
	}
	for (int i = 0; i < processes; i++)
		wait_well(pid[i]);
	check_sum();
	run_check();
	say("seed %lu: %lu steps, %lu forks, %lu execs, %lu signals\n", seed,
	    (unsigned long)shared->steps, (unsigned long)shared->forks,
	    (unsigned long)shared->execs, (unsigned long)shared->signals);
	return 0;
}
