/*
 * guest-test: release=yes linux=yes mem=128M
 *             host="no: changes its policy"
 */
/*
 * The three policies, to the page: what each refuses, how each call says so,
 * and that a refusal takes nothing.
 */
#include "guest.h"

#include <sys/syscall.h>

enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS, RW = PROT_READ | PROT_WRITE };

#define VM "/proc/sys/vm/"

static long meminfo(const char *name)
{
	long kib = file_value("/proc/meminfo", name);

	CHECK(kib > 0);
	return kib / 4;
}

static long committed(void)
{
	return meminfo("Committed_AS");
}

static void set(const char *path, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	CHECK_OK(file_write(path, text));
}

static long get(const char *path)
{
	char text[32];

	CHECK(file_read(path, text, sizeof(text)) > 0);
	return atol(text);
}

static void *map(long pages, int prot, int flags)
{
	return mmap(NULL, (size_t)pages * PAGE_SIZE, prot, flags, -1, 0);
}

static void unmap(void *area, long pages)
{
	CHECK_OK(munmap(area, (size_t)pages * PAGE_SIZE));
}

/* ---- Switches ------------------------------------------------------------ */

static void bad_value(const char *path, const char *text)
{
	CHECK_EQ(file_write(path, text), -1);
	say("  %s = %s: %s\n", strrchr(path, '/') + 1, text, errno_name(errno));
}

static void switches(void)
{
	static const char *const names[] = {
		"overcommit_memory",   "overcommit_ratio",
		"overcommit_kbytes",   "admin_reserve_kbytes",
		"user_reserve_kbytes",
	};
	char path[64];

	say("switches\n");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), VM "%s", names[i]);
		if (i < 3)
			say("  %s: %ld\n", names[i], get(path));
		else
			CHECK(get(path) > 0);
	}
	CHECK(get(VM "admin_reserve_kbytes") <= 8192);
	bad_value(VM "overcommit_memory", "3");
	bad_value(VM "overcommit_memory", "-1");
	bad_value(VM "overcommit_memory", "never");
	bad_value(VM "overcommit_kbytes", "much");
	CHECK_EQ(get(VM "overcommit_memory"), 0);

	CHECK_EQ(meminfo("CommitLimit"), meminfo("MemTotal") / 2);
	set(VM "overcommit_ratio", 10);
	CHECK_EQ(meminfo("CommitLimit"), meminfo("MemTotal") / 10);
	set(VM "overcommit_kbytes", 40000);
	CHECK_EQ(meminfo("CommitLimit"), 10000);
	say("  kbytes set: ratio %ld\n", get(VM "overcommit_ratio"));
	set(VM "overcommit_ratio", 50);
	say("  ratio set: kbytes %ld\n", get(VM "overcommit_kbytes"));
	CHECK_EQ(meminfo("CommitLimit"), meminfo("MemTotal") / 2);
}

/* ---- 0: each alone ------------------------------------------------------- */

/* Each stands alone; but areas that have merged fork as one. */
static void guess(void)
{
	long ram = meminfo("MemTotal"), before = committed();
	char *first, *second;

	say("mode 0\n");
	CHECK(map(ram + 1, RW, ANON) == MAP_FAILED);
	say("  one page more than RAM: %s\n", errno_name(errno));
	CHECK_EQ(committed(), before);
	CHECK((first = map(3 * ram, PROT_NONE, ANON)) != MAP_FAILED);
	CHECK_OK(mprotect(first, (size_t)ram * PAGE_SIZE, RW));
	say("  as much as RAM: ok\n");
	second = first + 2 * ram * PAGE_SIZE;
	CHECK_OK(mprotect(second, (size_t)ram * PAGE_SIZE, RW));
	CHECK_EQ(committed() - before, 2 * ram);
	say("  the same again: ok\n");
	wait_well(check_fork() ?: (_exit(0), 0));
	say("  fork: ok\n");
	CHECK_OK(
		mprotect(first + ram * PAGE_SIZE, (size_t)ram * PAGE_SIZE, RW));
	CHECK_EQ(committed() - before, 3 * ram);
	CHECK_EQ(fork(), -1);
	say("  fork, when they have become one area: %s\n", errno_name(errno));
	CHECK_EQ(committed() - before, 3 * ram);
	unmap(first, 3 * ram);
	CHECK((first = map(10 * ram, RW, ANON | MAP_NORESERVE)) != MAP_FAILED);
	say("  10 times RAM without reserve: ok\n");
	CHECK_EQ(committed(), before);
	unmap(first, 10 * ram);
}

static void always(void)
{
	long ram = meminfo("MemTotal"), before = committed();
	char *area;

	say("mode 1\n");
	set(VM "overcommit_memory", 1);
	CHECK((area = map(10 * ram, RW, ANON)) != MAP_FAILED);
	say("  10 times RAM: ok\n");
	CHECK_EQ(committed() - before, 10 * ram);
	unmap(area, 10 * ram);
	CHECK_EQ(committed(), before);
	set(VM "overcommit_memory", 0);
}

/* ---- 2: all together ----------------------------------------------------- */

/* How much one more mmap may ask for, by the formula. */
static long allowed(void)
{
	long admin = geteuid() ? get(VM "admin_reserve_kbytes") / 4 : 0;

	long size = file_value("/proc/self/status", "VmSize") / 4;
	long reserve = get(VM "user_reserve_kbytes") / 4;

	if (size / 32 < reserve)
		reserve = size / 32;
	return meminfo("CommitLimit") - reserve - admin - committed() - 1;
}

static void exactly(const char *what, int flags)
{
	long most = allowed();
	char *area;

	CHECK(most > 0);
	CHECK(map(most + 1, RW, flags) == MAP_FAILED);
	CHECK_EQ(errno, ENOMEM);
	CHECK((area = map(most, RW, flags)) != MAP_FAILED);
	unmap(area, most);
	say("  %s: to the page\n", what);
}

/* What is kept for root: a user gets that much less, to the page as well. */
static void by_user(void)
{
	long most = allowed();

	CHECK_OK(setresuid(1000, 1000, 1000));
	CHECK(geteuid() == 1000 && allowed() < most);
	CHECK(map(most, RW, ANON) == MAP_FAILED);
	exactly("private memory, not for root", ANON);
	CHECK_ERRNO(file_write(VM "overcommit_memory", "1"), EACCES);
}

static char *full; /* all that was left */
static long full_pages;

static void fill(void)
{
	/* Half of it, then the rest: the first one made the process larger. */
	full_pages = allowed();
	CHECK((full = map(full_pages, RW, ANON)) != MAP_FAILED);
	while (map(1, RW, ANON) != MAP_FAILED)
		;
}

static char *readable;
static int file;

static long by_mmap(void)
{
	return (long)map(64, RW, ANON);
}

static long by_shared(void)
{
	return (long)map(64, RW, MAP_SHARED | MAP_ANONYMOUS);
}

static long by_noreserve(void)
{
	return (long)map(64, RW, ANON | MAP_NORESERVE);
}

static long by_mprotect(void)
{
	return mprotect(readable, 64 * PAGE_SIZE, RW);
}

static long by_mremap(void)
{
	return (long)mremap(full, (size_t)full_pages * PAGE_SIZE,
			    (size_t)(full_pages + 64) * PAGE_SIZE,
			    MREMAP_MAYMOVE);
}

static long by_brk(void)
{
	long now = syscall(SYS_brk, 0);

	if (syscall(SYS_brk, now + 64 * PAGE_SIZE) != now)
		return 0;
	errno = ENOMEM;
	return -1;
}

static long by_fork(void)
{
	return fork();
}

static long by_write(void)
{
	static char bytes[64 * PAGE_SIZE];

	return pwrite(file, bytes, sizeof(bytes), 0) < (long)sizeof(bytes) ?
		       pwrite(file, bytes, 64, 60 * PAGE_SIZE) :
		       0;
}

/* What comes back when nothing may be promised any more. */
static void refusals(void)
{
	static const struct {
		const char *name;
		long (*call)(void);
	} calls[] = {
		{ "mmap", by_mmap },
		{ "mmap, shared", by_shared },
		{ "mmap, no reserve", by_noreserve },
		{ "mprotect", by_mprotect },
		{ "mremap", by_mremap },
		{ "brk", by_brk },
		{ "fork", by_fork },
	};

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		long before = committed();

		CHECK_EQ(calls[i].call(), -1);
		say("  %s: %s\n", calls[i].name, errno_name(errno));
		CHECK_EQ(committed(), before);
	}
}

/*
 * The stack of the new program is to be promised while the old one is still
 * there.  Who asks for it is small by then, and so would have to leave little.
 */
static void execve_is_refused(void)
{
	char *arguments[] = { "commit_never", "executed", NULL };
	long before;

	fill();
	before = committed();
	CHECK_ERRNO(execv("/proc/self/exe", arguments), ENOMEM);
	CHECK_EQ(committed(), before);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	say("  %s: %s\n", signal_name(number),
	    code_name(number, info->si_code));
	_exit(0);
}

static volatile char *touched;

static void touch(void)
{
	touched[0] = 'x';
	_exit(1);
}

/* In a child with less than a page of promises left for it. */
static void signals(volatile char *where, const char *what)
{
	static char stack[4 * PAGE_SIZE];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	say("  %s\n", what);
	touched = where;
	CHECK_OK(sigaltstack(&other, NULL));
	CHECK_OK(sigaction(SIGSEGV, &action, NULL));
	CHECK_OK(sigaction(SIGBUS, &action, NULL));
	touch();
}

static void one_child(volatile char *where, const char *what)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		fill();
		signals(where, what);
	}
	wait_well(pid);
}

static void never(void)
{
	long before, total, reserve;
	char *down, *shared;
	pid_t pid;

	say("mode 2\n");
	down = map(2048, PROT_NONE, ANON);
	CHECK(mmap(down + 2047 * PAGE_SIZE, PAGE_SIZE, RW,
		   ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0) != MAP_FAILED);
	CHECK_OK(munmap(down + 1024 * PAGE_SIZE, 1023 * PAGE_SIZE));
	CHECK_OK(file = memfd_create("file", 0));
	CHECK_OK(ftruncate(file, 64 * PAGE_SIZE));
	shared = mmap(NULL, 64 * PAGE_SIZE, RW, MAP_SHARED, file, 0);
	CHECK(shared != MAP_FAILED);
	CHECK((readable = map(64, PROT_READ, ANON)) != MAP_FAILED);

	total = committed();
	set(VM "overcommit_kbytes", (total + 4000) * 4);
	set(VM "overcommit_memory", 2);
	exactly("private memory", ANON);
	exactly("no reserve", ANON | MAP_NORESERVE);
	exactly("shared memory", MAP_SHARED | MAP_ANONYMOUS);
	in_child_well(by_user);

	one_child(down + 1030 * PAGE_SIZE, "a stack that may not grow");
	one_child(shared + 5 * PAGE_SIZE, "a page of a file in memory");
	CHECK_EQ(committed(), total);
	pid = check_fork();
	if (pid == 0) {
		fill();
		before = committed();
		refusals();
		CHECK(map(64, PROT_READ, ANON) != MAP_FAILED);
		say("  mmap, read-only: ok\n");
		pid = vfork();
		if (pid == 0)
			_exit(0);
		wait_well(pid);
		say("  vfork: ok\n");
		CHECK_EQ(committed(), before);
		errno = 0;
		CHECK_EQ(by_write(), -1);
		say("  write to a file in memory: %s\n", errno_name(errno));
		_exit(0);
	}
	wait_well(pid);
	reserve = get(VM "user_reserve_kbytes");
	set(VM "user_reserve_kbytes", 0);
	in_child_well(execve_is_refused);
	say("  execve: ENOMEM\n");
	set(VM "user_reserve_kbytes", reserve);
	set(VM "overcommit_memory", 0);
	set(VM "overcommit_ratio", 50);
	CHECK_OK(ftruncate(file, 0));
	CHECK_EQ(committed(), total);
	say("nothing is left\n");
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 99; /* execve was not refused */
	settle();
	switches();
	guess();
	always();
	never();
	return 0;
}
