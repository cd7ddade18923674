/* guest-test: host=yes */
/*
 * A program that runs cannot be written to, and a file that is open for
 * writing cannot be run: ETXTBSY.  Without that rule one careless "cp" over
 * a running program would change its text under it.
 */
#include "guest.h"

#include <sys/stat.h>

static char self[64];
static char copy[64];
static char *const no_words[] = { NULL };

static void copy_self(void)
{
	static char bytes[PAGE_SIZE];
	int from = open("/proc/self/exe", O_RDONLY);
	int to = open(copy, O_WRONLY | O_CREAT | O_EXCL, 0700);
	ssize_t got;

	CHECK_OK(from);
	CHECK_OK(to);
	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		CHECK_EQ(write(to, bytes, (size_t)got), got);
	CHECK_EQ(got, 0);
	CHECK_OK(close(from));
	CHECK_OK(close(to));
}

/* Every way to write to a file by its name, on one that runs. */
static void check_running(const char *path)
{
	struct stat before, after;
	int fd;

	CHECK_OK(stat(path, &before));
	CHECK_ERRNO(open(path, O_WRONLY), ETXTBSY);
	CHECK_ERRNO(open(path, O_RDWR), ETXTBSY);
	CHECK_ERRNO(open(path, O_WRONLY | O_TRUNC), ETXTBSY);
	CHECK_ERRNO(open(path, O_RDONLY | O_TRUNC), ETXTBSY);
	CHECK_ERRNO(open(path, O_RDWR | O_CREAT, 0700), ETXTBSY);
	CHECK_ERRNO(truncate(path, 0), ETXTBSY);
	CHECK_OK(stat(path, &after));
	CHECK_EQ(after.st_size, before.st_size);
	/* Reading it, and a place in the tree, are nobody's loss. */
	fd = open(path, O_RDONLY);
	CHECK_OK(fd);
	CHECK_OK(close(fd));
	fd = open(path, O_PATH);
	CHECK_OK(fd);
	CHECK_OK(close(fd));
}

/* Start the copy, which waits until its standard input ends. */
static pid_t start_copy(struct gate *end, struct gate *ready)
{
	char *const words[] = { copy, "wait", NULL };
	pid_t pid = check_fork();

	if (pid == 0) {
		CHECK_OK(dup2(end->fd[0], STDIN_FILENO));
		CHECK_OK(dup2(ready->fd[1], STDOUT_FILENO));
		CHECK_OK(close(end->fd[1]));
		execve(copy, words, no_words);
		_exit(1);
	}
	gate_wait(ready);
	return pid;
}

static void test_running_copy(void)
{
	struct gate end = gate_make(), ready = gate_make();
	pid_t pid = start_copy(&end, &ready);
	int fd;

	check_running(copy);
	gate_open(&end);
	gate_wait(&ready); /* it has forked, and the first process ends */
	wait_well(pid);
	check_running(copy); /* the child of it still runs */
	gate_open(&end);
	CHECK_OK(close(ready.fd[1]));
	CHECK_EQ(read(ready.fd[0], self, 1), 0); /* and now it does not */
	do {
		fd = open(copy, O_RDWR); /* its memory may go a moment later */
	} while (fd < 0 && errno == ETXTBSY);
	CHECK_OK(fd);
	CHECK_OK(close(fd));
	say("running: written only when the last process has ended\n");
}

static void run_copy(void)
{
	char *const words[] = { copy, "end", NULL };

	execve(copy, words, no_words);
	_exit(1);
}

static void test_written(void)
{
	int reader, writer;

	writer = open(copy, O_RDWR);
	CHECK_OK(writer);
	CHECK_ERRNO(execve(copy, no_words, no_words), ETXTBSY);
	CHECK_OK(ftruncate(writer, 1 << 20)); /* it is ours to change */
	reader = dup(writer);
	CHECK_OK(close(writer));
	CHECK_ERRNO(execve(copy, no_words, no_words), ETXTBSY);
	CHECK_OK(close(reader));
	reader = open(copy, O_RDONLY);
	CHECK_OK(reader);
	in_child_well(run_copy);
	CHECK_OK(close(reader));
	say("open for writing: not run until the last descriptor is closed\n");
}

/*
 * A mapping keeps its file open the way it was opened, whatever it was mapped
 * for; and so does the half of it that a child has left.
 */
static void test_mapped(void)
{
	int fd = open(copy, O_RDWR);
	char *shared, *private;
	struct gate end = gate_make();
	pid_t pid;

	CHECK_OK(fd);
	shared = mmap(NULL, 2 * PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(shared != MAP_FAILED);
	private = mmap(NULL, PAGE_SIZE, PROT_NONE, MAP_PRIVATE, fd, 0);
	CHECK(private != MAP_FAILED);
	CHECK_OK(close(fd));
	CHECK_ERRNO(execve(copy, no_words, no_words), ETXTBSY);
	CHECK_OK(munmap(shared, PAGE_SIZE));
	CHECK_OK(munmap(private, PAGE_SIZE));
	CHECK_ERRNO(execve(copy, no_words, no_words), ETXTBSY);
	pid = check_fork();
	if (pid == 0) {
		gate_wait(&end);
		_exit(0);
	}
	CHECK_OK(munmap(shared + PAGE_SIZE, PAGE_SIZE));
	CHECK_ERRNO(execve(copy, no_words, no_words), ETXTBSY);
	gate_open(&end);
	wait_well(pid);
	fd = open(copy, O_RDONLY);
	CHECK_OK(fd);
	shared = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(shared != MAP_FAILED);
	in_child_well(run_copy);
	CHECK_OK(munmap(shared, PAGE_SIZE));
	CHECK_OK(close(fd));
	say("mapped from such a descriptor: not run until the last unmap\n");
}

/* What the copy does. */
static int run_as_copy(const char *what)
{
	char token = 'x';

	if (strcmp(what, "end") == 0)
		return 0;
	CHECK_EQ(write(STDOUT_FILENO, &token, 1), 1);
	CHECK_EQ(read(STDIN_FILENO, &token, 1), 1);
	if (check_fork() != 0)
		return 0;
	CHECK_EQ(write(STDOUT_FILENO, &token, 1), 1);
	CHECK_EQ(read(STDIN_FILENO, &token, 1), 1);
	return 0;
}

int main(int count, char **words)
{
	if (count > 1)
		return run_as_copy(words[1]);
	snprintf(self, sizeof(self), "/proc/self/exe");
	snprintf(copy, sizeof(copy), "/tmp/calf-busy-%d", getpid());
	check_running(self);
	if (getpid() == 1)
		check_running("/init");
	copy_self();
	test_running_copy();
	test_written();
	test_mapped();
	CHECK_OK(unlink(copy));
	say("ok\n");
	return 0;
}
