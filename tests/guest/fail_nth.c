/*
 * guest-test: release=yes host="no: vm.fail_nth is Calf's" mem=64M timeout=240
 *             append="sysctl.vm.overcommit_memory=1"
 */
/*
 * The hostile allocator: for each operation, let its first allocation of a
 * frame or kernel object, or its first promise of memory, fail, then its
 * second, and so on until it succeeds.
 * Each time a child does it.  What fails says so.  Where there is nobody to
 * tell, a missing frame lets the faulting instruction run again, a refused
 * promise is a signal; nobody is killed for it, as an injected failure says
 * nothing about memory.  Afterwards no frame is lost, the invariants hold and
 * the memory that parent and child share is as it was.
 */
#include "guest.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define PAGES 8
#define MANY 200 /* no operation takes that many allocations */
#define NOT_REACHED 77 /* exit status: fewer allocations than that */

static int switch_fd;
static volatile char *area; /* written by the parent before each fork */
static volatile char *fresh; /* mapped, never touched */

static void arm(int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", nth);

	if (pwrite(switch_fd, text, (size_t)length, 0) != length)
		_exit(98);
}

/* Is the N-th allocation still to come? */
static bool is_armed(void)
{
	char text[16] = "";

	/* When the reading itself fails, then because it was still to come. */
	if (pread(switch_fd, text, sizeof(text) - 1, 0) <= 0)
		return true;
	return atoi(text) != 0;
}

/* ---- The operations: each returns 0 or an errno --------------------- */

static int error_of(long result)
{
	return result == -1 ? errno : 0;
}

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

static int do_pipe_write(void)
{
	static int ends[2];
	static char bytes[3 * PAGE_SIZE];

	if (!ends[1] && pipe(ends) != 0)
		return errno;
	return error_of(write(ends[1], bytes, sizeof(bytes)));
}

static int do_open(void)
{
	return error_of(open("/proc/self/maps", O_RDONLY));
}

static int do_create(void)
{
	int error = error_of(open("/tmp/fail_nth", O_CREAT | O_WRONLY, 0600));

	return error;
}

static const struct operation {
	const char *name;
	int (*run)(void);
	bool may_fail; /* a fault has nobody to say it to: it comes again */
	bool may_signal; /* … but a promise that is refused is a signal */
} operations[] = {
	{ "fork", do_fork, true, false },
	{ "vfork", do_vfork, true, false },
	{ "execve", do_execve, true, false },
	{ "first touch", do_first_touch, false, false },
	{ "first read", do_first_read, false, false },
	{ "copy on write", do_copy, false, false },
	{ "stack growth", do_stack_growth, true, true },
	{ "mmap", do_mmap, true, false },
	{ "mmap, shared", do_mmap_shared, true, false },
	{ "mremap", do_mremap, true, false },
	{ "mprotect", do_mprotect, true, false },
	{ "munmap", do_munmap, true, false },
	{ "brk", do_brk, true, false },
	{ "pipe", do_pipe, true, false },
	{ "pipe, write", do_pipe_write, true, false },
	{ "open", do_open, true, false },
	{ "create", do_create, true, false },
};

/* ---- What must not get lost ------------------------------------------ */

/*
 * How many frames the caches of kernel objects need for the same objects
 * depends on the order in which those were freed, so they count as free here.
 */
struct memory {
	long frames;
	long objects;
};

static struct memory memory_now(void)
{
	const char *file = "/proc/vmstat";
	struct memory now;

	(void)is_armed(); /* the open file keeps a frame for its text */
	now.frames = free_frames() + file_value(file, "nr_slab_unreclaimable");
	now.objects = file_value(file, "kmem_objects");
	return now;
}

static bool memory_is(const struct memory *before)
{
	struct memory now = memory_now();

	return now.frames == before->frames && now.objects == before->objects;
}

/* ---- One after the other -------------------------------------------- */

static const struct operation *operation;
static int nth;

/* The child.  Exit status: an errno, 0, or NOT_REACHED. */
static void child(void)
{
	int error;

	settle();
	arm(nth);
	error = operation->run();
	if (is_armed()) {
		arm(0);
		_exit(error ? 97 : NOT_REACHED);
	}
	_exit(error);
}

/* Return: true when the N-th allocation was not reached. */
static bool try_once(bool *has_failed)
{
	struct memory before = memory_now();
	int status = in_child(child);

	unlink("/tmp/fail_nth");
	/* Its own child may be init's by now: give it a moment. */
	for (int i = 0; i < 1000 && !memory_is(&before); i++)
		usleep(1000);
	CHECK_EQ(memory_now().frames, before.frames);
	CHECK_EQ(memory_now().objects, before.objects);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	run_check();
	if (WIFSIGNALED(status)) {
		/* SIGSEGV: a stack may not grow; SIGBUS: nor may a file. */
		CHECK(WTERMSIG(status) == SIGSEGV ||
		      WTERMSIG(status) == SIGBUS);
		CHECK(operation->may_signal);
		*has_failed = true;
		return false;
	}
	if (WEXITSTATUS(status) == NOT_REACHED)
		return true;
	/* 0: it did without what it could not have. */
	if (WEXITSTATUS(status) != 0) {
		CHECK(operation->may_fail);
		if (WEXITSTATUS(status) != ENOMEM &&
		    WEXITSTATUS(status) != ENOSPC)
			FAIL("%s, allocation %d: %s", operation->name, nth,
			     errno_name(WEXITSTATUS(status)));
		*has_failed = true;
	}
	return false;
}

static void walk(void)
{
	bool has_failed = false;

	for (nth = 1; !try_once(&has_failed); nth++)
		if (nth == MANY)
			FAIL("%s never succeeds", operation->name);
	CHECK(nth > 1);
	CHECK_EQ(has_failed, operation->may_fail);
	CHECK_EQ(file_value("/proc/vmstat", "oom_kill"), 0);
	say("%s: %s at each allocation, then succeeds\n", operation->name,
	    has_failed ? "fails cleanly" : "is tried again");
}

int main(int argc, char **argv)
{
	(void)argv;
	switch_fd = open("/proc/sys/vm/fail_nth", O_RDWR);
	if (argc > 1) /* do_execve() got here */
		_exit(switch_fd < 0 || is_armed() ? NOT_REACHED : 0);
	CHECK_OK(switch_fd);

	area = map_pages(PAGES, MAP_PRIVATE);
	fresh = map_pages(1 << 18, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'p');
	settle();
	for (size_t i = 0; i < COUNT_OF(operations); i++) {
		operation = &operations[i];
		walk();
	}
	return 0;
}
