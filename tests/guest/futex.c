/* SPDX-License-Identifier: MIT */
/* guest-test: host=yes smp=2 */
/*
 * futex(2) between processes that share memory: who is woken, in which order,
 * by what; time-outs; signals; words that are not where they should be.
 */
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "guest.h"

/* The C library has no header for these. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_OP(op, operand, cmp, with)                                       \
	((uint32_t)(op) << 28 | (uint32_t)(cmp) << 24 |                        \
	 ((operand)&0xfffu) << 12 | ((with)&0xfffu))
enum { OP_SET, OP_ADD, OP_OR, OP_ANDN, OP_XOR, OP_SHIFT = 8 };
enum { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

#define WAITERS 8

struct shared {
	uint32_t word;
	uint32_t other;
	uint32_t turns;
	long result[WAITERS];
	uint32_t ready[WAITERS];
};

static struct shared *shared;
static pid_t child[WAITERS];

static long futex(uint32_t *word, int op, uint32_t value, const void *time,
		  uint32_t *second, uint32_t third)
{
	long result = syscall(SYS_futex, word, op, value, time, second, third);

	return result < 0 ? -errno : result;
}

static const char *answer(long result)
{
	return result < 0 ? errno_name((int)-result) : "0";
}

/* Until it sleeps in the kernel: /proc says so. */
static void await_sleep(pid_t pid)
{
	char path[32];
	char text[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (1) {
		int fd = open(path, O_RDONLY);
		long length = read(fd, text, sizeof(text) - 1);

		close(fd);
		CHECK(length > 0);
		text[length] = '\0';
		if (strrchr(text, ')')[2] == 'S')
			return;
		usleep(1000);
	}
}

/* Child @i waits; what the call returns goes to result[i]. */
static void start(int i, int op, uint32_t value, uint32_t bits)
{
	shared->result[i] = 99;
	shared->ready[i] = 0;
	child[i] = fork();
	CHECK(child[i] >= 0);
	if (child[i] == 0) {
		__atomic_store_n(&shared->ready[i], 1, __ATOMIC_SEQ_CST);
		shared->result[i] =
			futex(&shared->word, op, value, NULL, NULL, bits);
		_exit(0);
	}
	while (!__atomic_load_n(&shared->ready[i], __ATOMIC_SEQ_CST))
		usleep(1000);
	await_sleep(child[i]);
}

static void end(int i)
{
	CHECK_EQ(waitpid(child[i], NULL, 0), child[i]);
}

/* How many of @count children have ended; those still asleep keep it so. */
static int ended(int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += shared->result[i] == 0;
	return sum;
}

static void test_wake(void)
{
	const struct timespec second = { 1, 0 };
	shared->word = 5;
	/* A kernel that does not compare would sleep, but not for ever. */
	CHECK_EQ(futex(&shared->word, FUTEX_WAIT, 4, &second, NULL, 0),
		 -EAGAIN);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	for (int i = 0; i < 4; i++)
		start(i, FUTEX_WAIT, 5, 0);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0);
	/* First come, first served. */
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	end(0);
	CHECK_EQ(ended(4), 1);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
	end(1);
	end(2);
	CHECK_EQ(ended(4), 3);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE, 9, NULL, NULL, 0), 1);
	end(3);
	CHECK_EQ(ended(4), 4);
	say("wake: in order of arrival, as many as asked for\n");
}

static void test_bitset(void)
{
	for (int i = 0; i < 3; i++)
		start(i, FUTEX_WAIT_BITSET, 5, 1u << i);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 8), 0);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 4), 1);
	end(2);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 3), 2);
	end(0);
	end(1);
	CHECK_EQ(ended(3), 3);
	say("bitset 0: wait %s",
	    answer(futex(&shared->word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0)));
	say(", wake %s\n",
	    answer(futex(&shared->word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0)));
}

static void test_requeue(void)
{
	const void *three = (void *)3L;

	for (int i = 0; i < 5; i++)
		start(i, FUTEX_WAIT, 5, 0);
	CHECK_EQ(futex(&shared->word, FUTEX_CMP_REQUEUE, 1, three,
		       &shared->other, 4),
		 -EAGAIN);
	/* One wakes, three move, one stays. */
	CHECK_EQ(futex(&shared->word, FUTEX_CMP_REQUEUE, 1, three,
		       &shared->other, 5),
		 4);
	end(0);
	CHECK_EQ(futex(&shared->other, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	end(1);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE, 9, NULL, NULL, 0), 1);
	end(4);
	/* And back again. */
	CHECK_EQ(futex(&shared->other, FUTEX_REQUEUE, 0, three, &shared->word,
		       0),
		 2);
	CHECK_EQ(futex(&shared->other, FUTEX_WAKE, 9, NULL, NULL, 0), 0);
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE, 9, NULL, NULL, 0), 2);
	end(2);
	end(3);
	CHECK_EQ(ended(5), 5);
	say("requeue: some wake, some move, some stay\n");
}

static void test_wake_op(void)
{
	start(0, FUTEX_WAIT, 5, 0);
	shared->other = 7;
	/* other += 3; it was 7, and 7 > 6: wake there too. */
	CHECK_EQ(futex(&shared->word, FUTEX_WAKE_OP, 1, (void *)1L,
		       &shared->other, FUTEX_OP(OP_ADD, 3, CMP_GT, 6)),
		 1);
	end(0);
	CHECK_EQ(shared->other, 10);
	futex(&shared->word, FUTEX_WAKE_OP, 1, NULL, &shared->other,
	      FUTEX_OP(OP_OR | OP_SHIFT, 2, CMP_EQ, 0));
	CHECK_EQ(shared->other, 14);
	futex(&shared->word, FUTEX_WAKE_OP, 1, NULL, &shared->other,
	      FUTEX_OP(OP_ANDN, 8, CMP_EQ, 0));
	CHECK_EQ(shared->other, 6);
	futex(&shared->word, FUTEX_WAKE_OP, 1, NULL, &shared->other,
	      FUTEX_OP(OP_XOR, 3, CMP_EQ, 0));
	CHECK_EQ(shared->other, 5);
	futex(&shared->word, FUTEX_WAKE_OP, 1, NULL, &shared->other,
	      FUTEX_OP(OP_SET, 0xfff, CMP_EQ, 0));
	CHECK_EQ(shared->other, 0xffffffff);
	/* Both words: -1 is less than 0. */
	start(0, FUTEX_WAIT, 5, 0);
	CHECK_EQ(futex(&shared->turns, FUTEX_WAKE_OP, 1, (void *)9L,
		       &shared->word, FUTEX_OP(OP_SET, 0, CMP_LT, 0)),
		 0);
	CHECK_EQ(shared->word, 0);
	CHECK_EQ(futex(&shared->turns, FUTEX_WAKE_OP, 1, (void *)9L,
		       &shared->word, FUTEX_OP(OP_SET, 5, CMP_GE, 0)),
		 1);
	end(0);
	say("wake_op: set, add, or, andn, xor\n");
}

static void test_times(void)
{
	const struct timespec soon = { 0, 20000000 };
	const struct timespec bad = { 0, 1000000000 };
	const struct timespec past = { 1, 0 };
	struct timespec at;
	struct timespec now;

	say("relative: %s\n",
	    answer(futex(&shared->word, FUTEX_WAIT, 5, &soon, NULL, 0)));
	for (int clock = 0; clock < 2; clock++) {
		int op = FUTEX_WAIT_BITSET |
			 (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);

		clock_gettime(clock, &at);
		at.tv_sec += at.tv_nsec / 900000000;
		at.tv_nsec = (at.tv_nsec + 20000000) % 1000000000;
		say("absolute: %s",
		    answer(futex(&shared->word, op, 5, &at, NULL, ~0u)));
		clock_gettime(clock, &now);
		CHECK(now.tv_sec > at.tv_sec ||
		      (now.tv_sec == at.tv_sec && now.tv_nsec >= at.tv_nsec));
		say(", past: %s\n",
		    answer(futex(&shared->word, op, 5, &past, NULL, ~0u)));
	}
	say("bad: %s, ",
	    answer(futex(&shared->word, FUTEX_WAIT, 5, &bad, NULL, 0)));
	say("nowhere: %s, ",
	    answer(futex(&shared->word, FUTEX_WAIT, 5, (void *)8L, NULL, 0)));
	say("by the wrong clock: %s\n",
	    answer(futex(&shared->word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5,
			 &soon, NULL, 0)));
}

static void test_errors(void)
{
	uint32_t *gone = map_pages(1, MAP_PRIVATE);
	uint32_t *odd = (uint32_t *)((char *)&shared->word + 2);

	CHECK_OK(munmap(gone, 4096));
	say("odd: %s %s\n", answer(futex(odd, FUTEX_WAIT, 5, NULL, NULL, 0)),
	    answer(futex(odd, FUTEX_WAKE, 5, NULL, NULL, 0)));
	say("not mapped: %s",
	    answer(futex(gone, FUTEX_WAIT, 5, NULL, NULL, 0)));
	say(" %s", answer(futex(gone, FUTEX_WAKE, 5, NULL, NULL, 0)));
	say(" %s", answer(futex(gone, FUTEX_WAIT_PRIVATE, 5, NULL, NULL, 0)));
	say(" %s\n", answer(futex(gone, FUTEX_WAKE_PRIVATE, 5, NULL, NULL, 0)));
	say("kernel's: %s\n",
	    answer(futex((uint32_t *)-4096L, FUTEX_WAKE_PRIVATE, 5, NULL, NULL,
			 0)));
	say("no such command: %s\n",
	    answer(futex(&shared->word, 77, 5, NULL, NULL, 0)));
	say("negative counts: %s\n",
	    answer(futex(&shared->word, FUTEX_REQUEUE, -1u, NULL,
			 &shared->other, 0)));
	say("no such change: %s\n",
	    answer(futex(&shared->word, FUTEX_WAKE_OP, 1, NULL, &shared->other,
			 FUTEX_OP(5, 0, 0, 0))));
	say("private memory: %s\n",
	    answer(futex(&(uint32_t){ 1 }, FUTEX_WAKE, 5, NULL, NULL, 0)));
}

static volatile int handled;

static void handler(int signal)
{
	(void)signal;
	handled++;
}

static void set_handler(int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
}

static void test_signals(void)
{
	const struct timespec later = { 100, 0 };

	set_handler(0);
	start(0, FUTEX_WAIT, 5, 0);
	CHECK_OK(kill(child[0], SIGUSR1));
	end(0);
	say("signal: %s\n", answer(shared->result[0]));
	/* Begun again: a stop, and a handler that allows it. */
	set_handler(SA_RESTART);
	start(0, FUTEX_WAIT, 5, 0);
	CHECK_OK(kill(child[0], SIGSTOP));
	CHECK_EQ(waitpid(child[0], NULL, WUNTRACED), child[0]);
	CHECK_OK(kill(child[0], SIGCONT));
	await_sleep(child[0]);
	CHECK_OK(kill(child[0], SIGUSR1));
	await_sleep(child[0]);
	while (futex(&shared->word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
		usleep(1000);
	end(0);
	say("begun again: %s\n", answer(shared->result[0]));
	/* With a time-out a handler always ends it. */
	child[0] = fork();
	if (child[0] == 0) {
		shared->result[0] =
			futex(&shared->word, FUTEX_WAIT, 5, &later, NULL, 0);
		_exit(0);
	}
	await_sleep(child[0]);
	CHECK_OK(kill(child[0], SIGUSR1));
	end(0);
	say("with a time-out: %s\n", answer(shared->result[0]));
}

/* A sleeping lock of three states, as C libraries have it. */
static void lock(uint32_t *word)
{
	uint32_t free = 0;

	if (__atomic_compare_exchange_n(word, &free, 1, 0, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return;
	while (__atomic_exchange_n(word, 2, __ATOMIC_SEQ_CST))
		futex(word, FUTEX_WAIT, 2, NULL, NULL, 0);
}

static void unlock(uint32_t *word)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST) == 2)
		futex(word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void test_lock(void)
{
	shared->word = 0;
	shared->turns = 0;
	for (int i = 0; i < 4; i++) {
		child[i] = fork();
		for (int n = 0; child[i] == 0 && n < 500; n++) {
			uint32_t turns;

			lock(&shared->word);
			turns = shared->turns;
			if (n % 16 == 0)
				sched_yield();
			shared->turns = turns + 1;
			unlock(&shared->word);
		}
		if (child[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < 4; i++)
		end(i);
	say("lock: %u turns\n", shared->turns);
}

int main(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	test_wake();
	test_bitset();
	test_requeue();
	test_wake_op();
	test_times();
	test_errors();
	test_signals();
	test_lock();
	return 0;
}
