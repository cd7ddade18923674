/* guest-test: host=root */
/*
 * getrlimit, setrlimit and prlimit64: kept over fork and execve, shown in
 * /proc, and obeyed.
 */
#include <fcntl.h>
#include <sys/resource.h>

#include "guest.h"

enum { MIB = 1 << 20 };

static void set_limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	CHECK_OK(setrlimit(resource, &limit));
}

/* Only lower the soft limit, which can be undone. */
static void set_soft(int resource, rlim_t soft)
{
	struct rlimit limit;

	CHECK_OK(getrlimit(resource, &limit));
	set_limit(resource, soft, limit.rlim_max);
}

static void *map(size_t bytes, int prot)
{
	return mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static char *brk_call(const volatile void *end)
{
	return (char *)syscall(SYS_brk, end);
}

static long status_bytes(const char *name)
{
	return file_value("/proc/self/status", name) * 1024;
}

/* ---- What may be set ---- */

static void test_errors(void)
{
	struct rlimit limit = { 2, 1 };

	CHECK_ERRNO(getrlimit(16, &limit), EINVAL);
	CHECK_ERRNO(syscall(SYS_getrlimit, 16, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_getrlimit, 0, 1), EFAULT);
	CHECK_ERRNO(syscall(SYS_setrlimit, 0, 0), EFAULT);
	CHECK_ERRNO(setrlimit(RLIMIT_CPU, &limit), EINVAL);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0, 16, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0, 0, 1, 0), EFAULT);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0, 0, 0, 1), EFAULT);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0x3fffffff, 0, 0, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_prlimit64, -1, 0, 0, 0), ESRCH);
	limit = (struct rlimit){ 1L << 40, 1L << 40 };
	CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
	say("errors\n");
}

static void look_at_limits(void)
{
	static char text[4096];
	struct rlimit limit;
	char *line;

	for (int i = 0; i < 16; i++) {
		CHECK_OK(getrlimit(i, &limit));
		if (limit.rlim_cur != (rlim_t)(100 + i))
			say("limit %d is %ld\n", i, (long)limit.rlim_cur);
	}
	CHECK_OK(file_read("/proc/self/limits", text, sizeof(text)));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		say("%.36s\n", line);
}

static void test_exec(void)
{
	char *const arguments[] = { "limits", "look", NULL };

	for (int i = 0; i < 16; i++) {
		struct rlimit limit = { 100 + i, 0 }, old;

		CHECK_OK(getrlimit(i, &old));
		/* Enough to run, and nothing that root needs to raise. */
		limit.rlim_max = old.rlim_max;
		if (i == RLIMIT_AS || i == RLIMIT_DATA || i == RLIMIT_STACK ||
		    i == RLIMIT_FSIZE)
			limit.rlim_cur = 16 * MIB;
		if (limit.rlim_max < limit.rlim_cur)
			limit.rlim_cur = limit.rlim_max;
		CHECK_OK(syscall(SYS_prlimit64, 0, i, &limit, NULL));
	}
	execv("/proc/self/exe", arguments);
	_exit(99);
}

static void test_other(void)
{
	pid_t pid = check_fork();
	struct rlimit limit = { 77, 1000 };

	if (pid == 0) {
		pause();
		_exit(1);
	}
	CHECK_OK(syscall(SYS_prlimit64, pid, RLIMIT_CORE, &limit, NULL));
	CHECK_OK(syscall(SYS_prlimit64, pid, RLIMIT_CORE, NULL, &limit));
	say("of another process: %ld %ld\n", (long)limit.rlim_cur,
	    (long)limit.rlim_max);
	CHECK_OK(kill(pid, SIGKILL));
	wait_for(pid);
}

/* ---- Who may ---- */

enum { USER = 54321, CAP_IPC_LOCK = 14, CAP_SYS_RESOURCE = 24 };

static bool has_capability(int number)
{
	struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, 0 };
	uint32_t data[6];

	CHECK_OK(syscall(SYS_capget, &header, data));
	return data[number / 32 * 3] >> number % 32 & 1;
}

static void another_user(void)
{
	struct rlimit limit = { 64 * 1024, 64 * 1024 };
	char *area = map(1 * MIB, PROT_READ | PROT_WRITE);

	CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	/* In a container root may lack these rights. */
	if (has_capability(CAP_IPC_LOCK)) {
		CHECK_OK(mlock(area, 1 * MIB));
		CHECK_OK(munlock(area, 1 * MIB));
	}
	if (has_capability(CAP_SYS_RESOURCE)) {
		limit.rlim_max *= 2;
		CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	}
	CHECK_OK(setresgid(USER, USER, USER));
	CHECK_OK(setresuid(USER, USER, USER));
	limit.rlim_max++;
	CHECK_ERRNO(setrlimit(RLIMIT_MEMLOCK, &limit), EPERM);
	CHECK_ERRNO(syscall(SYS_prlimit64, getppid(), RLIMIT_CPU, NULL, &limit),
		    EPERM);
	CHECK_ERRNO(syscall(SYS_prlimit64, getppid(), 16, NULL, NULL), EPERM);
	CHECK_ERRNO(mlock(area, 1 * MIB), ENOMEM);
	CHECK_ERRNO(mlockall(MCL_CURRENT), ENOMEM);
	CHECK(mmap(NULL, 1 * MIB, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1,
		   0) == MAP_FAILED);
	CHECK_EQ(errno, EAGAIN);
	CHECK_OK(mlock(area, 64 * 1024));
	CHECK_ERRNO(mlock(area + 64 * 1024, 1), ENOMEM);
	CHECK(mremap(area, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK_EQ(errno, EAGAIN);
	CHECK_OK(munlock(area, 64 * 1024));

	limit = (struct rlimit){ 0, 4096 };
	CHECK_OK(syscall(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &limit, NULL));
	CHECK_ERRNO(mlock(area, 1), EPERM);
	CHECK_ERRNO(mlockall(MCL_FUTURE), EPERM);
	/* musl makes it another error if any address would do. */
	CHECK(mmap(area, 1 * MIB, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_FIXED, -1,
		   0) == MAP_FAILED);
	CHECK_EQ(errno, EPERM);
}

/* ---- What is obeyed ---- */

static void address_space(void)
{
	long size = status_bytes("VmSize:");
	char *area;

	set_soft(RLIMIT_AS, (rlim_t)size + 8 * MIB);
	CHECK(map(9 * MIB, PROT_READ) == MAP_FAILED && errno == ENOMEM);
	area = map(6 * MIB, PROT_READ | PROT_WRITE);
	CHECK(area != MAP_FAILED);
	CHECK(map(3 * MIB, PROT_NONE) == MAP_FAILED && errno == ENOMEM);
	/* What it replaces does not count. */
	CHECK(mmap(area, 6 * MIB, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
	CHECK(mremap(area, 6 * MIB, 9 * MIB, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK_EQ(errno, ENOMEM);
	CHECK(brk_call(brk_call(NULL) + 3 * MIB) == brk_call(NULL));
	CHECK(mremap(area, 6 * MIB, 1 * MIB, 0) == area);
	CHECK(map(3 * MIB, PROT_NONE) != MAP_FAILED);
	CHECK_EQ(status_bytes("VmPeak:"), size + 6 * MIB);
	CHECK_EQ(status_bytes("VmSize:"), size + 4 * MIB);
}

static void data(void)
{
	long bytes = status_bytes("VmData:");
	char *area, *heap = brk_call(NULL);

	set_soft(RLIMIT_DATA, (rlim_t)bytes + 8 * MIB);
	CHECK(map(9 * MIB, PROT_READ | PROT_WRITE) == MAP_FAILED);
	CHECK_EQ(errno, ENOMEM);
	area = map(9 * MIB, PROT_READ);
	CHECK(area != MAP_FAILED);
	CHECK_ERRNO(mprotect(area, 9 * MIB, PROT_READ | PROT_WRITE), ENOMEM);
	CHECK_OK(mprotect(area, 4 * MIB, PROT_READ | PROT_WRITE));
	CHECK_EQ(status_bytes("VmData:"), bytes + 4 * MIB);
	CHECK(brk_call(heap + 5 * MIB) == heap);
	CHECK(brk_call(heap + 2 * MIB) == heap + 2 * MIB);
	CHECK(brk_call(heap) == heap);
	/* Shared memory is no data. */
	CHECK(mmap(NULL, 9 * MIB, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	/* The heap counts with what the program brings along. */
	set_soft(RLIMIT_DATA, 0);
	CHECK(brk_call(heap + 1) == heap);
}

/* Use so much of the stack. */
__attribute__((noinline)) static int dive(int kib)
{
	volatile char page[1024];

	page[0] = (char)kib;
	return kib > 0 ? dive(kib - 1) + page[0] : page[0];
}

static void small_stack(void)
{
	set_soft(RLIMIT_STACK, 256 * 1024);
	dive(64);
	dive(512);
}

static void descriptors(void)
{
	int fd;

	set_soft(RLIMIT_NOFILE, 10);
	fd = open("/dev/null", O_RDONLY);
	CHECK_OK(fd);
	while (fd < 9)
		fd = dup(fd);
	CHECK_EQ(fd, 9);
	CHECK_ERRNO(open("/dev/null", O_RDONLY), EMFILE);
	CHECK_ERRNO(dup(0), EMFILE);
	CHECK_ERRNO(dup2(0, 10), EBADF);
	CHECK_ERRNO(fcntl(0, F_DUPFD, 10), EINVAL);
	CHECK_OK(dup2(0, 9));
	/* What is open beyond a new limit stays open. */
	set_soft(RLIMIT_NOFILE, 5);
	CHECK_OK(fcntl(9, F_GETFD));
}

/* This one, one that only lives, and one that has ended: no room for a 4th. */
static void processes(void)
{
	struct rlimit limit = { 3, 3 };
	pid_t alive, ended;

	CHECK_OK(setresuid(USER, USER, USER));
	CHECK_OK(setrlimit(RLIMIT_NPROC, &limit));
	alive = check_fork();
	if (alive == 0)
		pause();
	ended = check_fork();
	if (ended == 0)
		_exit(0);
	CHECK_OK(waitid(P_PID, (id_t)ended, NULL, WEXITED | WNOWAIT));
	CHECK_ERRNO(fork(), EAGAIN);
	CHECK_ERRNO(vfork(), EAGAIN);
	CHECK_OK(waitpid(ended, NULL, 0));
	wait_well(check_fork() ?: (_exit(0), 0));
	CHECK_OK(kill(alive, SIGKILL));
	CHECK_EQ(wait_for(alive), SIGKILL);
}

/* Root may, whatever its limit says. */
static void processes_of_root(void)
{
	struct rlimit limit = { 1, 1 };

	CHECK_OK(setrlimit(RLIMIT_NPROC, &limit));
	wait_well(check_fork() ?: (_exit(0), 0));
}

static volatile int signals;

static void on_signal(int signo)
{
	(void)signo;
	signals++;
}

static void file_size(void)
{
	char bytes[100] = "";
	int fd = memfd_create("limits", 0), ends[2];

	CHECK_OK(fd);
	signal(SIGXFSZ, on_signal);
	set_soft(RLIMIT_FSIZE, 150);
	CHECK_EQ(write(fd, bytes, 100), 100);
	CHECK_EQ(write(fd, bytes, 100), 50);
	CHECK_EQ(signals, 0);
	CHECK_ERRNO(write(fd, bytes, 100), EFBIG);
	CHECK_EQ(signals, 1);
	CHECK_ERRNO(pwrite(fd, bytes, 1, 150), EFBIG);
	CHECK_ERRNO(ftruncate(fd, 151), EFBIG);
	CHECK_ERRNO(syscall(SYS_fallocate, fd, 0, 0L, 151L), EFBIG);
	CHECK_EQ(signals, 4);
	CHECK_OK(ftruncate(fd, 150));
	CHECK_EQ(pwrite(fd, bytes, 100, 0), 100);
	CHECK_OK(pipe(ends));
	CHECK_EQ(write(ends[1], bytes, 100), 100);
	CHECK_EQ(write(ends[1], bytes, 100), 100);
	CHECK_EQ(signals, 4);
	signal(SIGXFSZ, SIG_DFL);
	write(fd, bytes, 100);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "look")) {
		look_at_limits();
		return 0;
	}
	test_errors();
	in_child_well(test_exec);
	test_other();
	in_child_well(another_user);
	say("another user\n");
	in_child_well(address_space);
	say("RLIMIT_AS\n");
	in_child_well(data);
	say("RLIMIT_DATA\n");
	say("RLIMIT_STACK: %s\n", how_ended(in_child(small_stack)));
	in_child_well(descriptors);
	say("RLIMIT_NOFILE\n");
	in_child_well(processes);
	in_child_well(processes_of_root);
	say("RLIMIT_NPROC\n");
	say("RLIMIT_FSIZE: %d\n", WTERMSIG(in_child(file_size)));
	run_check();
	return 0;
}
