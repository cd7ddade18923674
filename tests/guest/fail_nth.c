/*
 * guest-test: release=yes host="no: vm.fail_nth is Calf's" mem=64M timeout=240
 *             append="sysctl.vm.overcommit_memory=1"
 */
/*
 * Each allocation of an operation on memory fails in turn; see fail_nth.h.
 * What fails says so.  Where there is nobody to tell, a missing frame lets the
 * faulting instruction run again, a refused promise is a signal.  The memory
 * that parent and child share is as it was.
 */
#include "fail_nth.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>

static int do_fork(void)
{
	long pid = syscall(SYS_fork);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return error_of(pid);
}

static int do_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return error_of(pid);
}

static void *do_nothing(void *argument)
{
	return argument;
}

/* A stack, a guard page and a task. */
static int do_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, do_nothing, NULL);

	if (!error)
		pthread_join(thread, NULL);
	return error == EAGAIN ? ENOMEM : error; /* as POSIX calls it */
}

static int do_execve(void)
{
	char *arguments[] = { "fail_nth", "executed", NULL };
	char *environment[] = { NULL };

	return error_of(
		execve((char *)getauxval(AT_EXECFN), arguments, environment));
}

static int do_first_touch(void)
{
	fresh[0] = 1;
	return 0;
}

static int do_first_read(void)
{
	return fresh[PAGE_SIZE] == 0 ? 0 : EIO;
}

static int do_copy(void)
{
	area[0] = 'c';
	return 0;
}

static int do_stack_growth(void)
{
	volatile char *stack = __builtin_frame_address(0);

	stack[-(64 << 12)] = 1;
	return 0;
}

static int do_mmap(void)
{
	return error_of((long)mmap((void *)0x700000000000, 2 * PAGE_SIZE,
				   PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				   0));
}

static int do_mmap_shared(void)
{
	return error_of((long)mmap(NULL, PAGE_SIZE, PROT_READ,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static int do_mremap(void)
{
	return error_of((long)mremap(
		(void *)(area + PAGE_SIZE), PAGE_SIZE, 2 * PAGE_SIZE,
		MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x600000000000));
}

static int do_mprotect(void)
{
	return error_of(
		mprotect((void *)(area + 2 * PAGE_SIZE), PAGE_SIZE, PROT_READ));
}

static int do_munmap(void)
{
	return error_of(munmap((void *)(area + 2 * PAGE_SIZE), PAGE_SIZE));
}

static int do_mlock(void)
{
	return error_of(mlock((void *)(fresh + 9 * PAGE_SIZE), 3 * PAGE_SIZE));
}

static int do_brk(void)
{
	long old = syscall(SYS_brk, 0);

	/* Linux's brk fails by returning the old break. */
	return syscall(SYS_brk, old + PAGE_SIZE) == old ? ENOMEM : 0;
}

static int do_pipe(void)
{
	int ends[2];

	return error_of(pipe(ends));
}

static int pipe_ends[2];

static void make_pipe(void)
{
	CHECK_OK(pipe(pipe_ends));
}

static int do_pipe_write(void)
{
	static char bytes[3 * PAGE_SIZE];

	return error_of(write(pipe_ends[1], bytes, sizeof(bytes)));
}

static int do_open(void)
{
	return error_of(open("/proc/self/maps", O_RDONLY));
}

static int do_create(void)
{
	int error = error_of(open("created", O_CREAT | O_WRONLY, 0600));

	return error;
}

static const struct operation operations[] = {
	{ "fork", NULL, do_fork, true, false },
	{ "vfork", NULL, do_vfork, true, false },
	{ "thread", NULL, do_thread, true, false },
	{ "execve", NULL, do_execve, true, false },
	{ "first touch", NULL, do_first_touch, false, false },
	{ "first read", NULL, do_first_read, false, false },
	{ "copy on write", NULL, do_copy, false, false },
	{ "stack growth", NULL, do_stack_growth, true, true },
	{ "mmap", NULL, do_mmap, true, false },
	{ "mmap, shared", NULL, do_mmap_shared, true, false },
	{ "mremap", NULL, do_mremap, true, false },
	{ "mprotect", NULL, do_mprotect, true, false },
	{ "munmap", NULL, do_munmap, true, false },
	{ "mlock", NULL, do_mlock, true, false },
	{ "brk", NULL, do_brk, true, false },
	{ "pipe", NULL, do_pipe, true, false },
	{ "pipe, write", make_pipe, do_pipe_write, true, false },
	{ "open", NULL, do_open, true, false },
	{ "create", NULL, do_create, true, false },
};

int main(int argc, char **argv)
{
	(void)argv;
	switch_fd = open("/proc/sys/vm/fail_nth", O_RDWR);
	if (argc > 1) /* do_execve() got here */
		_exit(switch_fd < 0 || is_armed() ? NOT_REACHED : 0);
	CHECK_OK(switch_fd);
	fail_each(operations, COUNT_OF(operations));
	return 0;
}
