/* guest-test: host=yes */
/*
 * Wild pointers, continued from efault.c: the calls that take names, and some
 * more structures.  One argument of each is wild, the others are good.
 */
#include "guest.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char room[256];
static char *program;
static int file;

static void *wild;

#define HERE AT_FDCWD

/* clang-format off */
#define CALL(name, ...) { #name, SYS_##name, { __VA_ARGS__ } }
/* clang-format on */

struct call {
	const char *name;
	long number;
	long arguments[5];
};

static void try_all(void)
{
	const long w = (long)wild, r = (long)room, p = (long)program;
	const long x = (long)"x";
	const struct call calls[] = {
		CALL(lstat, w, r),
		CALL(lstat, p, w),
		CALL(newfstatat, HERE, w, r, 0),
		CALL(newfstatat, HERE, p, w, 0),
		CALL(truncate, w, 0),
		CALL(chdir, w),
		CALL(creat, w, 0600),
		CALL(mkdir, w, 0700),
		CALL(mkdirat, HERE, w, 0700),
		CALL(rmdir, w),
		CALL(unlink, w),
		CALL(unlinkat, HERE, w, 0),
		CALL(rename, w, x),
		CALL(rename, x, w),
		CALL(renameat, HERE, w, HERE, x),
		CALL(renameat2, HERE, w, HERE, x, 0),
		CALL(link, w, x),
		CALL(link, p, w),
		CALL(linkat, HERE, w, HERE, x, 0),
		CALL(symlink, w, x),
		CALL(symlink, x, w),
		CALL(symlinkat, x, HERE, w),
		CALL(readlink, w, r, sizeof(room)),
		CALL(readlink, (long)"/proc/self", w, sizeof(room)),
		CALL(readlinkat, HERE, w, r, sizeof(room)),
		CALL(chmod, w, 0600),
		CALL(fchmodat, HERE, w, 0600),
		CALL(faccessat, HERE, w, F_OK),
		CALL(mknod, w, S_IFREG | 0600, 0),
		CALL(mknodat, HERE, w, S_IFREG | 0600, 0),
		CALL(memfd_create, w, 0),
		CALL(pwrite64, file, w, 16, 0),
		CALL(getrlimit, RLIMIT_STACK, w),
		CALL(setrlimit, RLIMIT_STACK, w),
		CALL(time, w),
	};

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		const long *a = calls[i].arguments;
		long got =
			syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4]);

		if (got != -1 || errno != EFAULT)
			FAIL("%s, call %zu, pointer %p: %ld, %s", calls[i].name,
			     i, wild, got, errno_name(errno));
	}
	say("%zu calls: EFAULT\n", COUNT_OF(calls));
}

int main(void)
{
	const unsigned long pointers[] = {
		1,
		0x1000,
		0x800000000000,
		0xdeadbeef00000000,
		0xffff888000000000,
		0xffffffff80000000,
		-16UL,
	};

	program = (char *)getauxval(AT_EXECFN);
	file = memfd_create("file", 0);
	CHECK_OK(file);
	for (size_t i = 0; i < COUNT_OF(pointers); i++) {
		wild = (void *)pointers[i];
		try_all();
	}
	wild = mmap(NULL, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	try_all();
	run_check();
	return 0;
}
