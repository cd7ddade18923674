/*
 * guest-test: release=yes linux=yes linux_mem=128M mem=32M timeout=240
 *             host="no: takes all memory"
 */
/*
 * Memory runs out in every way it can: while the hog writes, in system calls
 * that write for it, that make page tables, processes, pipes.  Each time the
 * hog is what is killed, and afterwards the machine is as it was.
 */
#include "oom.h"

#include <fcntl.h>
#include <sys/vfs.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static volatile char *area; /* the parent's, shared by copy-on-write */
static int pages;

/* All the memory there is and more, untouched. */
static char *promise(void)
{
	char *start = mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(start != MAP_FAILED);
	return start;
}

static void hog_in_read(void)
{
	int fd = open("/dev/zero", O_RDONLY);

	CHECK_OK(fd);
	read(fd, promise(), 1UL << 30);
}

static void hog_in_pipe_read(void)
{
	static char bytes[16 * PAGE_SIZE];
	char *to = promise();
	int data[2];

	CHECK_OK(pipe(data));
	for (;;) {
		CHECK_EQ(write(data[1], bytes, sizeof(bytes)), sizeof(bytes));
		if (read(data[0], to, sizeof(bytes)) != sizeof(bytes))
			pause();
		to += sizeof(bytes);
	}
}

/* Only page tables: one page of zeros each 2 MiB, which is no frame. */
static void hog_of_tables(void)
{
	for (unsigned long at = 1UL << 40;; at += 1UL << 30) {
		volatile char *start =
			mmap((void *)at, 1UL << 30, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				     MAP_FIXED_NOREPLACE,
			     -1, 0);

		if (start == MAP_FAILED)
			_exit(3);
		for (unsigned long i = 0; i < 1UL << 30; i += 2UL << 20)
			(void)start[i];
	}
}

static void hog_populates(void)
{
	mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
}

static void hog_locks(void)
{
	mlock(promise(), 1UL << 30);
}

static void hog_advises(void)
{
	madvise(promise(), 1UL << 30, MADV_POPULATE_WRITE);
}

/* 4 MiB of stack, and then a child that does the same; all die of it. */
static void __attribute__((noinline)) use_stack(int depth)
{
	volatile char frame[8 * PAGE_SIZE];

	write_pages(frame, 0, 8, 's');
	if (depth > 0)
		use_stack(depth - 1);
	else if (fork() != 0 && wait(NULL) > 0)
		raise(SIGKILL);
	frame[0] = 't';
}

static void hog_of_stacks(void)
{
	for (;;)
		use_stack(128);
}

/* Each pipe holds 16 pages; 200 of them are more than there is. */
static void hog_of_pipes(void)
{
	static char bytes[16 * PAGE_SIZE];

	for (;;) {
		int data[2];

		CHECK_OK(pipe(data));
		CHECK_EQ(write(data[1], bytes, sizeof(bytes)), sizeof(bytes));
		if (data[0] < 900)
			continue;
		oom_hog();
	}
}

static void hog_in_fork(void)
{
	volatile char *own = promise();

	/* Tables are copied, and each child writes what it has. */
	for (int i = 0;; i++) {
		write_pages(own, i * 128, (i + 1) * 128, 'f');
		if (fork() == 0)
			pause();
	}
}

static void hog_of_shared_memory(void)
{
	for (;;) {
		volatile char *shared = mmap(NULL, 64 * PAGE_SIZE,
					     PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		CHECK(shared != MAP_FAILED);
		write_pages(shared, 0, 64, 's');
	}
}

static void hog_of_heap(void)
{
	for (;;) {
		volatile char *end = (char *)syscall(SYS_brk, 0);

		CHECK_EQ(syscall(SYS_brk, end + 64 * PAGE_SIZE),
			 (long)end + 64 * PAGE_SIZE);
		write_pages(end, 0, 64, 'b');
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} hogs[] = {
	{ "writes", oom_hog },
	{ "on the heap", hog_of_heap },
	{ "in read(2) of /dev/zero", hog_in_read },
	{ "in read(2) of a pipe", hog_in_pipe_read },
	{ "of page tables", hog_of_tables },
	{ "MAP_POPULATE", hog_populates },
	{ "MADV_POPULATE_WRITE", hog_advises },
	{ "mlock", hog_locks },
	{ "of stacks", hog_of_stacks },
	{ "fills pipes", hog_of_pipes },
	{ "in fork", hog_in_fork },
	{ "of shared memory", hog_of_shared_memory },
};

/* The hog, with all its children, in a process group of its own. */
static void one_hog(int number)
{
	long before = oom_free();
	long kills = oom_kills();
	pid_t pid = check_fork();
	int status;

	if (pid == 0) {
		setpgid(0, 0);
		oom_adjust("0");
		hogs[number].run();
		pause();
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	kill(-pid, SIGKILL);
	say("a hog %s: %s\n", hogs[number].name, how_ended(status));
	CHECK(oom_kills() > kills);
	CHECK(pages_hold(area, 0, pages, 'p'));
	write_pages(area, 0, pages, 'p');
	oom_is_quiet(before);
}

/* ---- All at once --------------------------------------------------------- */

/* Some at the same time; each must go, one after the other. */
static void hogs_at_once(void)
{
	long before = oom_free();
	long kills = oom_kills();
	pid_t pid[5];

	for (int i = 0; i < 5; i++)
		pid[i] = oom_child("0", oom_hog);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(wait_for(pid[i]), SIGKILL);
	CHECK_EQ(oom_kills() - kills, 5);
	say("five hogs at once: five kills\n");
	oom_is_quiet(before);
}

/* What is promised beforehand changes nothing about the end. */
static void hogs_in_mode(const char *mode)
{
	CHECK_OK(file_write("/proc/sys/vm/overcommit_memory", mode));
	say("mode %s\n", mode);
	for (int i = 0; i < (int)COUNT_OF(hogs); i++)
		one_hog(i);
	hogs_at_once();
}

/*
 * Files stay when their writer dies, so they may have half of memory and not
 * more: that is ENOSPC, and nobody is killed.
 */
static void files_are_limited(void)
{
	static char bytes[16 * PAGE_SIZE];
	long before = oom_free();
	long kills = oom_kills();
	long room, written = 0, got;
	struct statfs disk;
	int fd = open("/tmp/full", O_CREAT | O_RDWR, 0600);

	CHECK_OK(statfs("/tmp", &disk));
	if (on_calf()) /* Linux decides at a moment when less is free */
		CHECK_EQ(disk.f_blocks,
			 file_value("/proc/meminfo", "MemTotal") / 8);
	room = (long)disk.f_bfree * PAGE_SIZE;
	while ((got = write(fd, bytes, sizeof(bytes))) > 0)
		written += got;
	say("a full file system: %s\n", errno_name(errno));
	CHECK_EQ(written, room);
	CHECK_OK(statfs("/tmp", &disk));
	CHECK_EQ(disk.f_bfree, 0);
	CHECK_OK(close(fd));
	CHECK_OK(unlink("/tmp/full"));
	CHECK_EQ(oom_kills(), kills);
	oom_is_quiet(before);
}

int main(void)
{
	oom_adjust(NEVER);
	pages = (int)(free_frames() / 10);
	area = map_pages((size_t)pages, MAP_PRIVATE);
	write_pages(area, 0, pages, 'p');
	settle();
	(void)oom_kills();
	(void)oom_free();
	hogs_in_mode("0");
	hogs_in_mode("1");
	files_are_limited();
	return 0;
}
