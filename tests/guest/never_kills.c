/*
 * guest-test: linux=yes mem=128M timeout=240 append="check=0"
 *             host="no: changes the policy"
 */
/*
 * Who never promises too much need never take anything back: four families of
 * processes map, touch, change, fork, exec and exit at random, near the limit,
 * for 100,000 operations.  They see ENOMEM and nothing else, nobody is
 * killed, and at the end nothing is promised or used that was not before.
 * An argument is the seed.
 */
#include "guest.h"

enum {
	OPERATIONS = 100000,
	FAMILIES = 4,
	SLOTS = 12,
	PAGES_MAX = 1500,
	LIMIT_PAGES = 8000, /* over what is promised at the start */
};

#define VM "/proc/sys/vm/"

static struct shared {
	long operations, refused, forks, execs;
} * shared;

static unsigned long state;
static const char *self;

static unsigned long draw(unsigned long limit)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % limit;
}

static long committed(void)
{
	return file_value("/proc/meminfo", "Committed_AS") / 4;
}

static void set(const char *path, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	CHECK_OK(file_write(path, text));
}

/* Did it work?  ENOMEM is the only other answer. */
static bool worked(long result, const char *what)
{
	if (result != -1)
		return true;
	if (errno != ENOMEM)
		FAIL("%s: %s", what, errno_name(errno));
	__atomic_fetch_add(&shared->refused, 1, __ATOMIC_RELAXED);
	return false;
}

/* ---- One process --------------------------------------------------------- */

static struct slot {
	char *start;
	size_t pages;
	bool is_writable;
} slots[SLOTS];

static void do_map(struct slot *slot)
{
	size_t pages = 1 + draw(PAGES_MAX);
	bool is_writable = draw(4) != 0;
	int flags = draw(8) ? MAP_PRIVATE : MAP_SHARED;
	char *start;

	if (draw(8) == 0)
		flags |= MAP_NORESERVE;
	start = mmap(NULL, pages * PAGE_SIZE,
		     is_writable ? PROT_READ | PROT_WRITE : PROT_READ,
		     flags | MAP_ANONYMOUS, -1, 0);
	if (worked((long)start, "mmap"))
		*slot = (struct slot){ start, pages, is_writable };
}

static void do_touch(const struct slot *slot)
{
	size_t first = draw(slot->pages), count = draw(200);

	for (size_t i = first; i < slot->pages && i < first + count; i++) {
		volatile char *byte = slot->start + i * PAGE_SIZE;

		if (slot->is_writable)
			*byte += 1;
		else
			(void)*byte;
	}
}

static void do_unmap(struct slot *slot)
{
	size_t first = draw(slot->pages);

	/* A part at the end, or all of it. */
	if (draw(2))
		first = 0;
	CHECK_OK(munmap(slot->start + first * PAGE_SIZE,
			(slot->pages - first) * PAGE_SIZE));
	slot->pages = first;
}

static void do_protect(struct slot *slot)
{
	bool is_writable = draw(2);

	if (worked(mprotect(slot->start, slot->pages * PAGE_SIZE,
			    is_writable ? PROT_READ | PROT_WRITE : PROT_READ),
		   "mprotect"))
		slot->is_writable = is_writable;
}

static void do_remap(struct slot *slot)
{
	size_t pages = 1 + draw(PAGES_MAX);
	char *start;

	if (pages > slot->pages && draw(2))
		pages = 1 + draw(slot->pages);
	start = mremap(slot->start, slot->pages * PAGE_SIZE, pages * PAGE_SIZE,
		       MREMAP_MAYMOVE);
	if (!worked((long)start, "mremap"))
		return;
	slot->start = start;
	/* Beyond its object shared memory has no pages to touch. */
	if (pages < slot->pages)
		slot->pages = pages;
}

static void do_break(void)
{
	static long first;
	long now = syscall(SYS_brk, 0);
	long wanted;

	if (!first)
		first = now;
	wanted = first + (long)draw(PAGES_MAX) * PAGE_SIZE;
	if (syscall(SYS_brk, wanted) != wanted)
		__atomic_fetch_add(&shared->refused, 1, __ATOMIC_RELAXED);
}

static void work(int depth);

/* The child does as its parent does, sometimes as a new program. */
static void do_fork(int depth)
{
	unsigned long seed = draw(1UL << 30);
	bool will_exec = draw(3) == 0;
	char text[2][24];
	char *again[] = { (char *)self, text[0], text[1], NULL };
	pid_t pid = fork();

	if (!worked(pid, "fork"))
		return;
	if (pid == 0) {
		snprintf(text[0], sizeof(text[0]), "%lu", seed);
		snprintf(text[1], sizeof(text[1]), "%d", depth + 1);
		if (will_exec && !worked(execv(self, again), "execve"))
			_exit(0);
		state = seed;
		work(depth + 1);
		_exit(0);
	}
	__atomic_fetch_add(&shared->forks, 1, __ATOMIC_RELAXED);
	if (will_exec)
		__atomic_fetch_add(&shared->execs, 1, __ATOMIC_RELAXED);
	wait_well(pid);
}

static void one(int depth)
{
	struct slot *slot = &slots[draw(SLOTS)];
	unsigned long kind = draw(16);

	if (kind == 0 && depth < 3) {
		do_fork(depth);
	} else if (kind == 1) {
		do_break();
	} else if (!slot->pages) {
		do_map(slot);
	} else if (kind < 8) {
		do_touch(slot);
	} else if (kind < 11) {
		do_unmap(slot);
	} else if (kind < 13) {
		do_protect(slot);
	} else {
		do_remap(slot);
	}
}

static void work(int depth)
{
	for (unsigned long left = 50 + draw(300); left; left--) {
		if (__atomic_add_fetch(&shared->operations, 1,
				       __ATOMIC_RELAXED) > OPERATIONS)
			return;
		one(depth);
	}
}

/* ---- All of them --------------------------------------------------------- */

static void map_shared(void)
{
	int fd = open("/tmp/never_kills", O_RDWR | O_CREAT, 0600);

	CHECK_OK(fd);
	CHECK_OK(ftruncate(fd, sizeof(*shared)));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	CHECK(shared != MAP_FAILED);
	close(fd);
}

static void start_family(void)
{
	unsigned long seed = draw(1UL << 30);
	pid_t pid = fork();

	if (pid == 0) {
		state = seed;
		work(0);
		_exit(0);
	}
	worked(pid, "fork");
}

static void run_families(void)
{
	int alive = 0;

	while (shared->operations < OPERATIONS || alive) {
		int status;
		pid_t pid;

		for (; alive < FAMILIES && shared->operations < OPERATIONS;
		     alive++)
			start_family();
		pid = wait(&status);
		if (pid < 0) { /* not one could be started */
			alive = 0;
			continue;
		}
		if (status != 0)
			FAIL("a process: %s", how_ended(status));
		alive--;
	}
}

int main(int argc, char **argv)
{
	unsigned long seed = 1;
	long promised, frames;

	self = argv[0];
	map_shared();
	if (argc > 1)
		seed = strtoul(argv[1], NULL, 10);
	state = seed;
	if (argc > 2) { /* execve: a member of a family */
		work(atoi(argv[2]));
		return 0;
	}
	memset(shared, 0, sizeof(*shared));
	settle();
	promised = committed();
	set(VM "overcommit_kbytes", (promised + LIMIT_PAGES) * 4);
	set(VM "overcommit_memory", 2);
	settle();
	frames = free_frames();
	say("seed %lu\n", seed);
	run_families();
	CHECK(shared->operations >= OPERATIONS);
	CHECK(shared->refused > OPERATIONS / 100);
	CHECK(shared->forks > 100 && shared->execs > 10);
	CHECK_EQ(committed(), promised);
	if (on_calf()) {
		for (int i = 0; i < 1000 && free_frames() != frames; i++)
			usleep(1000);
		CHECK_EQ(free_frames(), frames);
		CHECK_OK(file_write("/proc/sys/vm/check", "1"));
	}
	set(VM "overcommit_memory", 0);
	set(VM "overcommit_ratio", 50);
	say("100000 operations: ENOMEM at times, nobody killed, nothing left\n");
	return 0;
}
