/* guest-test: host=yes */
/*
 * Wild pointers in every system call: the answer is EFAULT, whatever the
 * pointer, and never a fault of the kernel.
 *
 * A call that Calf does not have answers ENOSYS, which passes here too.
 */
#include <termios.h>

#include "guest.h"

enum { LENGTH = 64 };

static char *hole, *none, *readonly, *last_bytes;
static int data[2], file;
static const char *program;

/* ---- The pointers --------------------------------------------------- */

enum {
	HOLE, /* nothing there */
	NONE, /* PROT_NONE */
	READONLY, /* can be read: wild only where the kernel writes */
	BORDER, /* begins well, and ends behind the end of the area */
	FIXED, /* from here on: the same number in every process */
};

#define LAST_BYTE (0x7ffffffff000 - 1) /* of user memory */

static const unsigned long fixed[] = {
	1,
	0x1000,
	LAST_BYTE,
	0x7ffffffff000,
	0x800000000000 - 8,
	0x800000000000,
	0xdeadbeef00000000,
	0xffff7fffffffff00,
	0xffff888000000000,
	0xffffc90000000000,
	0xffffffff80000000,
	0xffffffff81000000,
	0xfffffffffffff000,
	-(unsigned long)LENGTH,
	-1UL,
};

enum { POINTERS = FIXED + COUNT_OF(fixed) };

static void *pointer(int index)
{
	switch (index) {
	case HOLE:
		return hole;
	case NONE:
		return none;
	case READONLY:
		return readonly;
	case BORDER:
		return last_bytes;
	}
	return (void *)fixed[index - FIXED];
}

/* ---- The calls ------------------------------------------------------ */

static long call_read(void *p)
{
	static char rest[LENGTH];
	long got;

	CHECK_EQ(write(data[1], rest, LENGTH), LENGTH);
	got = syscall(SYS_read, data[0], p, LENGTH);
	if (got == -1) { /* nothing is lost but what was copied: take it out */
		int saved = errno;

		CHECK(read(data[0], rest, LENGTH) > 0);
		errno = saved;
	}
	return got;
}

static long call_read_file(void *p)
{
	return syscall(SYS_pread64, file, p, LENGTH, 0);
}

static long call_read_proc(void *p)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	long got = syscall(SYS_read, fd, p, LENGTH);
	int saved = errno;

	close(fd);
	errno = saved;
	return got;
}

static long call_readv(void *p)
{
	return syscall(SYS_readv, file, p, 1);
}

static long call_write(void *p)
{
	char rest[LENGTH];
	long put = syscall(SYS_write, data[1], p, LENGTH);

	if (put > 0)
		CHECK_EQ(read(data[0], rest, LENGTH), put);
	return put;
}

static long call_writev(void *p)
{
	return syscall(SYS_writev, data[1], p, 2);
}

static long call_writev_base(void *p)
{
	const void *vector[2] = { p, (void *)LENGTH };
	char rest[LENGTH];
	long put = syscall(SYS_writev, data[1], vector, 1);

	if (put > 0)
		CHECK_EQ(read(data[0], rest, LENGTH), put);
	return put;
}

static long call_open(void *p)
{
	return syscall(SYS_open, p, O_RDONLY);
}

static long call_openat(void *p)
{
	return syscall(SYS_openat, AT_FDCWD, p, O_RDONLY);
}

static long call_access(void *p)
{
	return syscall(SYS_access, p, F_OK);
}

static long call_stat_path(void *p)
{
	static char buffer[256];

	return syscall(SYS_stat, p, buffer);
}

static long call_stat(void *p)
{
	return syscall(SYS_stat, "/", p);
}

static long call_fstat(void *p)
{
	return syscall(SYS_fstat, data[0], p);
}

static long call_getcwd(void *p)
{
	return syscall(SYS_getcwd, p, LENGTH);
}

static long call_getdents(void *p)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	long got = fd < 0 ? -1 : syscall(SYS_getdents64, fd, p, LENGTH);
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return got;
}

static long call_pipe(void *p)
{
	return syscall(SYS_pipe, p);
}

static long call_pipe2(void *p)
{
	return syscall(SYS_pipe2, p, O_CLOEXEC);
}

static long call_exec(void *p)
{
	char *arguments[] = { "x", NULL };

	return syscall(SYS_execve, p, arguments, NULL);
}

static long call_exec_argv(void *p)
{
	return syscall(SYS_execve, program, p, NULL);
}

static long call_exec_argument(void *p)
{
	char *arguments[] = { "x", p, NULL };

	return syscall(SYS_execve, program, arguments, NULL);
}

static long call_exec_envp(void *p)
{
	char *arguments[] = { "x", NULL };

	return syscall(SYS_execve, program, arguments, p);
}

static long call_wait(void *p)
{
	pid_t pid = check_fork();
	long got;
	int saved;

	if (pid == 0)
		_exit(0);
	got = syscall(SYS_wait4, pid, p, 0, NULL);
	saved = errno;
	while (wait(NULL) > 0) /* Linux has reaped it by now */
		;
	errno = saved;
	return got;
}

static long call_wait_usage(void *p)
{
	pid_t pid = check_fork();
	long got;
	int saved;

	if (pid == 0)
		_exit(0);
	got = syscall(SYS_wait4, pid, NULL, 0, p);
	saved = errno;
	while (wait(NULL) > 0)
		;
	errno = saved;
	return got;
}

static long call_nanosleep(void *p)
{
	return syscall(SYS_nanosleep, p, NULL);
}

static long call_clock_nanosleep(void *p)
{
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL);
}

static long call_clock_gettime(void *p)
{
	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, p);
}

static long call_clock_getres(void *p)
{
	return syscall(SYS_clock_getres, CLOCK_MONOTONIC, p);
}

static long call_gettimeofday(void *p)
{
	return syscall(SYS_gettimeofday, p, NULL);
}

static long call_getrusage(void *p)
{
	return syscall(SYS_getrusage, RUSAGE_SELF, p);
}

static long call_uname(void *p)
{
	return syscall(SYS_uname, p);
}

static long call_getrandom(void *p)
{
	return syscall(SYS_getrandom, p, LENGTH, 0);
}

static long call_sigaction(void *p)
{
	return syscall(SYS_rt_sigaction, SIGUSR2, p, NULL, 8);
}

static long call_sigaction_old(void *p)
{
	return syscall(SYS_rt_sigaction, SIGUSR2, NULL, p, 8);
}

static long call_sigprocmask(void *p)
{
	return syscall(SYS_rt_sigprocmask, SIG_BLOCK, p, NULL, 8);
}

static long call_sigprocmask_old(void *p)
{
	return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, p, 8);
}

static long call_sigpending(void *p)
{
	return syscall(SYS_rt_sigpending, p, 8);
}

static long call_sigsuspend(void *p)
{
	return syscall(SYS_rt_sigsuspend, p, 8);
}

static long call_sigaltstack(void *p)
{
	return syscall(SYS_sigaltstack, p, NULL);
}

static long call_sigaltstack_old(void *p)
{
	return syscall(SYS_sigaltstack, NULL, p);
}

static long call_prlimit(void *p)
{
	return syscall(SYS_prlimit64, 0, RLIMIT_STACK, NULL, p);
}

static long call_get_fs(void *p)
{
	return syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, p);
}

static const struct {
	const char *name;
	long (*call)(void *p);
	bool kernel_writes;
	size_t size; /* what the kernel touches; 0: not fixed, skip BORDER */
} calls[] = {
	{ "read, from a pipe", call_read, true, LENGTH },
	{ "pread64, from a file", call_read_file, true, 0 },
	{ "read, from /proc", call_read_proc, true, 0 },
	{ "readv", call_readv, false, 16 },
	{ "write", call_write, false, 0 },
	{ "writev", call_writev, false, 32 },
	{ "writev, base", call_writev_base, false, 0 },
	{ "open", call_open, false, LENGTH },
	{ "openat", call_openat, false, LENGTH },
	{ "access", call_access, false, LENGTH },
	{ "stat, path", call_stat_path, false, LENGTH },
	{ "stat", call_stat, true, 144 },
	{ "fstat", call_fstat, true, 144 },
	{ "getcwd", call_getcwd, true, 0 },
	{ "getdents64", call_getdents, true, 0 },
	{ "pipe", call_pipe, true, 8 },
	{ "pipe2", call_pipe2, true, 8 },
	{ "execve, path", call_exec, false, LENGTH },
	{ "execve, argv", call_exec_argv, false, 0 },
	{ "execve, argument", call_exec_argument, false, LENGTH },
	{ "execve, envp", call_exec_envp, false, 0 },
	{ "wait4, status", call_wait, true, 4 },
	{ "wait4, usage", call_wait_usage, true, 144 },
	{ "nanosleep", call_nanosleep, false, 16 },
	{ "clock_nanosleep", call_clock_nanosleep, false, 16 },
	{ "clock_gettime", call_clock_gettime, true, 16 },
	{ "clock_getres", call_clock_getres, true, 16 },
	{ "gettimeofday", call_gettimeofday, true, 16 },
	{ "getrusage", call_getrusage, true, 144 },
	{ "uname", call_uname, true, 390 },
	{ "getrandom", call_getrandom, true, 0 },
	{ "rt_sigaction", call_sigaction, false, 32 },
	{ "rt_sigaction, old", call_sigaction_old, true, 32 },
	{ "rt_sigprocmask", call_sigprocmask, false, 8 },
	{ "rt_sigprocmask, old", call_sigprocmask_old, true, 8 },
	{ "rt_sigpending", call_sigpending, true, 8 },
	{ "rt_sigsuspend", call_sigsuspend, false, 8 },
	{ "sigaltstack", call_sigaltstack, false, 24 },
	{ "sigaltstack, old", call_sigaltstack_old, true, 24 },
	{ "prlimit64", call_prlimit, true, 16 },
	{ "arch_prctl, get", call_get_fs, true, 8 },
};

/* ---- All with all --------------------------------------------------- */

static void try_call(int index)
{
	for (int i = 0; i < (int)POINTERS; i++) {
		char *p = pointer(i);
		long got;

		if (i == READONLY && !calls[index].kernel_writes)
			continue;
		/* A stack may begin here, with a byte that ends a string. */
		if (p == (char *)LAST_BYTE &&
		    (calls[index].size < 2 || !calls[index].kernel_writes))
			continue;
		if (i == BORDER) {
			if (!calls[index].size)
				continue;
			p = readonly + PAGE_SIZE - 2; /* two good bytes */
			if (calls[index].kernel_writes)
				p = last_bytes - 2;
		}
		errno = 0;
		got = calls[index].call(p);
		if (got == -1 && errno == ENOSYS && on_calf())
			return;
		if (got != -1 || errno != EFAULT)
			FAIL("%s(%p): %ld, %s", calls[index].name, (void *)p,
			     got, errno_name(errno));
	}
}

int main(void)
{
	int before, after;

	program = (const char *)getauxval(AT_EXECFN);
	CHECK_OK(pipe(data));
	CHECK_OK(file = open(program, O_RDONLY));
	hole = map_pages(2, MAP_PRIVATE);
	CHECK_OK(munmap(hole, 2 * PAGE_SIZE));
	none = map_pages(1, MAP_PRIVATE);
	none[0] = 'x';
	CHECK_OK(mprotect(none, PAGE_SIZE, PROT_NONE));
	/* Full of what is no end of a string, and no end of a vector. */
	readonly = map_pages(1, MAP_PRIVATE);
	memset(readonly, 'r', PAGE_SIZE);
	CHECK_OK(mprotect(readonly, PAGE_SIZE, PROT_READ));
	last_bytes = (char *)map_pages(1, MAP_PRIVATE) + PAGE_SIZE;
	memset(last_bytes - PAGE_SIZE, 'l', PAGE_SIZE);

	CHECK_OK(before = dup(0));
	close(before);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		try_call((int)i);
		say("%s: EFAULT\n", calls[i].name);
	}
	CHECK_OK(after = dup(0));
	CHECK_EQ(after, before);
	say("no file descriptor was lost\n");
	run_check();
	return 0;
}
