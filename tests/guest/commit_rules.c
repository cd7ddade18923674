/*
 * guest-test: release=yes linux=yes mem=128M
 *             host="no: others promise memory there too"
 */
/*
 * What is promised, in pages: the change of Committed_AS after each call.
 */
#include "elf_file.h"

enum { N = 1024, ANON = MAP_PRIVATE | MAP_ANONYMOUS };
enum { RW = PROT_READ | PROT_WRITE };
enum { BYTES = N * PAGE_SIZE };

static char *area;
static struct gate ready, done;

static long committed(void)
{
	long kib = file_value("/proc/meminfo", "Committed_AS");

	CHECK(kib > 0);
	return kib / 4;
}

#define SAY(what, action)                                                      \
	do {                                                                   \
		long before_ = committed();                                    \
		action;                                                        \
		say("%-52s %+6ld\n", what, committed() - before_);             \
		run_check();                                                   \
	} while (0)

/* mprotect gives promises back; Linux does so since 6.6. */
static void check_given_back(long before, long pages)
{
	long now = committed();

	CHECK(now == before - pages || (!on_calf() && now == before));
}

/* A place that no neighbour merges with. */
static char *map_apart(size_t bytes, int prot, int flags, int fd)
{
	char *fence = mmap(NULL, bytes + 2 * BYTES, PROT_NONE,
			   ANON | MAP_NORESERVE, -1, 0);

	CHECK(fence != MAP_FAILED);
	CHECK(mmap(fence + BYTES, bytes, prot, flags | MAP_FIXED, fd, 0) ==
	      fence + BYTES);
	return fence + BYTES;
}

static void anonymous(void)
{
	SAY("map private rw", area = map_apart(BYTES, RW, ANON, -1));
	SAY("unmap a half of it", CHECK_OK(munmap(area, BYTES / 2)));
	SAY("unmap all of it", CHECK_OK(munmap(area, BYTES)));
	SAY("map private r", area = map_apart(BYTES, PROT_READ, ANON, -1));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
	SAY("map private none", area = map_apart(BYTES, PROT_NONE, ANON, -1));
	SAY("  part of it rw", CHECK_OK(mprotect(area + 8192, 40960, RW)));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
	SAY("map private rw, no reserve",
	    area = map_apart(BYTES, RW, ANON | MAP_NORESERVE, -1));
	SAY("  r", CHECK_OK(mprotect(area, BYTES, PROT_READ)));
	SAY("  rw", CHECK_OK(mprotect(area, BYTES, RW)));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
}

static void protect(void)
{
	long before;

	area = map_apart(BYTES, PROT_READ, ANON, -1);
	SAY("r to rw", CHECK_OK(mprotect(area, BYTES, RW)));
	before = committed();
	CHECK_OK(mprotect(area, BYTES, PROT_READ)); /* nothing was written */
	check_given_back(before, N);
	CHECK_OK(mprotect(area, BYTES, RW));
	CHECK_EQ(committed(), before);
	write_pages(area, 0, 1, 'x');
	SAY("rw to r, one page is written",
	    CHECK_OK(mprotect(area, BYTES, PROT_READ)));
	SAY("r to rw again", CHECK_OK(mprotect(area, BYTES, RW)));
	SAY("rw to none", CHECK_OK(mprotect(area, BYTES, PROT_NONE)));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
}

static void shared(void)
{
	enum { SHARED = MAP_SHARED | MAP_ANONYMOUS };

	SAY("map shared rw", area = map_apart(BYTES, RW, SHARED, -1));
	SAY("  write to it", write_pages(area, 0, N, 's'));
	SAY("unmap a half of it", CHECK_OK(munmap(area, BYTES / 2)));
	SAY("unmap the rest", CHECK_OK(munmap(area, BYTES)));
	SAY("map shared r", area = map_apart(BYTES, PROT_READ, SHARED, -1));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
	SAY("map shared rw, no reserve",
	    area = map_apart(BYTES, RW, SHARED | MAP_NORESERVE, -1));
	SAY("  write to 10 pages", write_pages(area, 3, 13, 's'));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
}

static void files(void)
{
	int fd = memfd_create("file", 0);

	CHECK_OK(fd);
	SAY("make a file that long", CHECK_OK(ftruncate(fd, BYTES)));
	SAY("  write 10 pages of it",
	    for (int i = 0; i < 10; i++)
		    CHECK_EQ(pwrite(fd, "x", 1, i * 3 * PAGE_SIZE), 1));
	SAY("map it shared rw", area = map_apart(BYTES, RW, MAP_SHARED, fd));
	SAY("  write 20 pages, 7 of them anew", write_pages(area, 0, 20, 'f'));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
	SAY("map it private r",
	    area = map_apart(BYTES, PROT_READ, MAP_PRIVATE, fd));
	SAY("  rw", CHECK_OK(mprotect(area, BYTES, RW)));
	SAY("  r", CHECK_OK(mprotect(area, BYTES, PROT_READ)));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
	SAY("map it private rw", area = map_apart(BYTES, RW, MAP_PRIVATE, fd));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
	SAY("cut it to 9 pages", CHECK_OK(ftruncate(fd, 9 * PAGE_SIZE)));
	SAY("close it", CHECK_OK(close(fd)));
}

static void fixed(void)
{
	area = map_apart(BYTES, RW, ANON, -1);
	SAY("map rw over rw",
	    CHECK(mmap(area, BYTES / 2, RW, ANON | MAP_FIXED, -1, 0) == area));
	SAY("map none over rw", CHECK(mmap(area, BYTES / 2, PROT_NONE,
					   ANON | MAP_FIXED, -1, 0) == area));
	SAY("map rw over half none, half rw",
	    CHECK(mmap(area, BYTES, RW, ANON | MAP_FIXED, -1, 0) == area));
	SAY("unmap it", CHECK_OK(munmap(area, BYTES)));
}

static void set_break(long address)
{
	CHECK_EQ(syscall(SYS_brk, address), address);
}

static void heap(void)
{
	long start = syscall(SYS_brk, 0);

	SAY("break up by 1024 pages", set_break(start + BYTES));
	SAY("break up by one byte", set_break(start + BYTES + 1));
	SAY("break down by 1000 pages", set_break(start + 24 * PAGE_SIZE + 1));
	SAY("break back", set_break(start));
}

static void remap(void)
{
	char *other = map_apart(BYTES, PROT_NONE, ANON, -1);
	long before;

	area = map_apart(BYTES / 2, RW, ANON, -1);
	CHECK_OK(munmap(area + BYTES / 2, BYTES / 2)); /* room to grow */
	SAY("grow it in its place",
	    CHECK(mremap(area, BYTES / 2, BYTES, 0) == area));
	SAY("shrink it", CHECK(mremap(area, BYTES, BYTES / 4, 0) == area));
	SAY("move it, three times as large",
	    CHECK(mremap(area, BYTES / 4, BYTES / 4 * 3,
			 MREMAP_MAYMOVE | MREMAP_FIXED, other) == other));
	SAY("move it, a third as large",
	    CHECK(mremap(other, BYTES / 4 * 3, BYTES / 4,
			 MREMAP_MAYMOVE | MREMAP_FIXED, area) == area));
	write_pages(area, 0, 1, 'x');
	SAY("move its pages, and leave the area",
	    CHECK(mremap(area, BYTES / 4, BYTES / 4,
			 MREMAP_MAYMOVE | MREMAP_FIXED | 4, other) == other));
	before = committed(); /* nothing was written to what is left */
	CHECK_OK(mprotect(area, BYTES / 4, PROT_READ));
	check_given_back(before, N / 4);
	CHECK_OK(mprotect(area, BYTES / 4, RW));
	SAY("what has moved: r",
	    CHECK_OK(mprotect(other, BYTES / 4, PROT_READ)));
	SAY("unmap one", CHECK_OK(munmap(area, BYTES / 4)));
	SAY("unmap the other", CHECK_OK(munmap(other, BYTES / 4)));
}

static void stack(void)
{
	enum { DOWN = ANON | MAP_GROWSDOWN };

	area = map_apart(PAGE_SIZE, RW, DOWN, -1);
	CHECK_OK(munmap(area - BYTES, BYTES));
	SAY("a stack grows by 100 pages", area[-100 * PAGE_SIZE] = 's');
	SAY("  and by 10 more", area[-110 * PAGE_SIZE] = 's');
	SAY("unmap it", CHECK_OK(munmap(area - BYTES, BYTES + PAGE_SIZE)));
}

/* What smaps calls accountable ("ac"), in pages. */
static long accountable(void)
{
	static char text[65536];
	long sum = 0, size = 0;

	CHECK(file_read("/proc/self/smaps", text, sizeof(text)) > 0);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "Size:", 5))
			size = atol(line + 5) / 4;
		if (!strncmp(line, "VmFlags:", 8) && strstr(line, " ac"))
			sum += size;
	}
	return sum;
}

/* A child waits in the middle of its life. */
static void child(void)
{
	gate_open(&ready);
	gate_wait(&done);
	_exit(0);
}

/* Fork promises the child all that its parent was promised. */
static void forks(void)
{
	long own = accountable(), before = committed();
	pid_t pid = check_fork();

	if (pid == 0)
		child();
	gate_wait(&ready);
	CHECK_EQ(committed() - before, own);
	say("fork: as much as all areas with \"ac\" have\n");
	gate_open(&done);
	wait_well(pid);
	CHECK_EQ(committed(), before);

	area = map_apart(BYTES, RW, ANON, -1);
	CHECK_EQ(accountable(), own + N);
	before = committed();
	pid = check_fork();
	if (pid == 0)
		child();
	gate_wait(&ready);
	CHECK_EQ(committed() - before, own + N);
	gate_open(&done);
	wait_well(pid);
	CHECK_EQ(committed(), before);
	CHECK_OK(munmap(area, BYTES));
	say("exit: all of it comes back\n");
}

static void wiped_child(void)
{
	long before = committed();

	CHECK_OK(mprotect(area, BYTES, PROT_READ));
	check_given_back(before, N); /* the parent wrote, and not here */
	CHECK_OK(mprotect(area, BYTES, RW));
	CHECK_EQ(committed(), before);
	write_pages(area, 0, 1, 'w');
	CHECK_OK(mprotect(area, BYTES, PROT_READ));
	CHECK_EQ(committed(), before);
	child();
}

/* What the parent said with madvise about its areas and fork. */
static void forks_with_advice(void)
{
	long own = accountable(), before;
	pid_t pid;

	area = map_apart(BYTES, RW, ANON, -1);
	write_pages(area, 0, N, 'x');
	CHECK_OK(madvise(area, BYTES / 4, MADV_DONTFORK));
	before = committed();
	pid = check_fork();
	if (pid == 0)
		child();
	gate_wait(&ready);
	say("%-52s %+6ld\n", "fork: a quarter of the area does not go with it",
	    committed() - before - own);
	gate_open(&done);
	wait_well(pid);

	CHECK_OK(madvise(area, BYTES / 4, MADV_DOFORK));
	CHECK_OK(madvise(area, BYTES, MADV_WIPEONFORK));
	pid = check_fork();
	if (pid == 0)
		wiped_child();
	gate_wait(&ready);
	say("%-52s %+6ld\n", "fork: all of it goes empty",
	    committed() - before - own);
	gate_open(&done);
	wait_well(pid);
	CHECK_EQ(committed(), before);
	CHECK_OK(munmap(area, BYTES));
}

/* An image of its own: the old promises go, the new ones are its areas. */
static void execs(char **argv)
{
	char text[32];
	char *again[] = { argv[0], text, NULL };
	char *none[] = { "/no/such/file", NULL };
	long before;
	pid_t pid;

	SAY("an execve that fails", CHECK_ERRNO(execv(none[0], none), ENOENT));
	before = committed();
	area = map_apart(BYTES, RW, ANON, -1);
	snprintf(text, sizeof(text), "%ld", before);
	pid = vfork();
	if (pid == 0) {
		execv(again[0], again);
		_exit(1);
	}
	CHECK(pid > 0);
	wait_well(pid);
	CHECK_OK(munmap(area, BYTES));
	CHECK_EQ(committed(), before);
}

static int again(long before)
{
	CHECK_EQ(committed(), before + N + accountable());
	say("execve: as much as all areas with \"ac\" have\n");
	return 0;
}

/*
 * It has a second data segment where its stack is to be.  Linux lets it
 * overwrite the stack, which it does not need: then it is a good one.
 */
static void exec_in_vain(void)
{
	struct elf_file elf = elf_good();

	elf.header.e_phnum = 3;
	elf.segment[1] = elf.segment[0];
	elf.segment[1].p_flags = PF_R | PF_W;
	elf.segment[1].p_vaddr = ELF_BASE + BYTES;
	elf.segment[1].p_memsz = BYTES;
	elf.segment[2] = elf.segment[1];
	elf.segment[2].p_vaddr = 0x7fffffffe000;
	elf.segment[2].p_memsz = ELF_SIZE;
	SAY("an execve that fails half-way",
	    CHECK_EQ(elf_run(&elf, sizeof(elf)),
		     on_calf() ? 1 << 16 | ENOEXEC : 42 << 8));
}

/* ---- The stack of a new program ------------------------------------------ */

static int new_stack(void)
{
	struct area stack;

	CHECK(maps_find(&stack, &stack));
	say("%+6ld\n", (long)(stack.end - stack.start) / PAGE_SIZE);
	return 0;
}

static void exec_stack(const char *what, size_t argument_bytes, rlim_t limit)
{
	static char argument[128 * 1024];
	char *argv[] = { "commit_rules", "stack", argument, NULL };
	char *environment[] = { NULL };
	struct rlimit old, new;
	pid_t pid;

	memset(argument, 'a', argument_bytes);
	argument[argument_bytes] = '\0';
	say("%-52s ", what);
	CHECK_OK(getrlimit(RLIMIT_STACK, &old));
	new = old;
	if (limit)
		new.rlim_cur = limit;
	pid = vfork();
	if (pid == 0) {
		setrlimit(RLIMIT_STACK, &new);
		execve("/proc/self/exe", argv, environment);
		_exit(1);
	}
	setrlimit(RLIMIT_STACK, &old);
	wait_well(pid);
}

int main(int argc, char **argv)
{
	long before;

	settle();
	if (argc > 2)
		return new_stack();
	if (argc > 1)
		return again(atol(argv[1]));
	ready = gate_make();
	done = gate_make();
	before = committed();
	anonymous();
	protect();
	shared();
	files();
	fixed();
	heap();
	remap();
	stack();
	CHECK_EQ(committed(), before);
	forks();
	forks_with_advice();
	execs(argv);
	exec_in_vain();
	exec_stack("a new stack", 10, 0);
	exec_stack("  with an argument of 4000 bytes", 4000, 0);
	exec_stack("  with 100,000 bytes", 100000, 0);
	exec_stack("  and not more than 160 KiB", 100000, 160 * 1024);
	exec_stack("  not more than 80 KiB", 10, 80 * 1024);
	CHECK_EQ(committed(), before);
	say("nothing is left\n");
	return 0;
}
