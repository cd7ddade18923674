// SPDX-License-Identifier: MIT
/*
 * tests/random/fuzz.c - random system calls: nothing may panic, hang or leak.
 *
 *	fuzz SEED COUNT CALLS [CHILDREN]
 *
 * For each of COUNT seeds from SEED on, some children make CALLS calls with
 * random numbers and arguments: addresses that are good, bad and at the very
 * edge, descriptors of all kinds, sizes, flags, and now and then an allocation
 * that fails.  Who sleeps is woken; who dies, or cannot be woken, is replaced.
 * Then all of them are killed and the files they made are dropped: all memory
 * must be free again, and the kernel's check must hold.
 *
 * The children are an ordinary user: what would end the machine, change its
 * clock or reach its other processes is refused (check_harmless()).
 */
#include "../guest/guest.h"

#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <termios.h>

#include "fuzz_values.h"

enum {
	AREA_PAGES = 16, /* what addresses point to; the last is read-only */
	ARENA_PAGES = 64, /* what calls about memory are given */
	NUMBER_MAX = 470, /* Linux's last call, and a few more */
	CHILDREN_MAX = 8, /* at a time */
	STARTS_MAX = 20000, /* for one seed */
	FILE_BYTES_MAX = 1 << 20,
	SPACE_BYTES_MAX = 64 << 20,
	FAIL_FD = 1000, /* "fail_nth", out of the way of small numbers */
	WAKE_US = 2000,
	KILL_AFTER = 10, /* wake-ups in vain */
	HANGS_AFTER = 5000,
};

/* Not in /tmp: there an ordinary user may leave files behind. */
static const char folder[] = "/fuzz";

/* ---- The calls, as the kernel lists them ------------------------------- */

enum kind {
	KIND_NONE,
	KIND_int,
	KIND_u32,
	KIND_u64,
	KIND_i32,
	KIND_i64,
	KIND_vaddr_t
};

struct call {
	int number;
	const char *name;
	enum kind kinds[6];
};

#define CALL0(n, name) { n, #name, { KIND_NONE } },
#define CALL1(n, name, a) { n, #name, { KIND_##a } },
#define CALL2(n, name, a, b) { n, #name, { KIND_##a, KIND_##b } },
#define CALL3(n, name, a, b, c) { n, #name, { KIND_##a, KIND_##b, KIND_##c } },
#define CALL4(n, name, a, b, c, d)                                             \
	{ n, #name, { KIND_##a, KIND_##b, KIND_##c, KIND_##d } },
#define CALL5(n, name, a, b, c, d, e)                                          \
	{ n, #name, { KIND_##a, KIND_##b, KIND_##c, KIND_##d, KIND_##e } },
/* Six arguments: all of these begin with a descriptor or an address. */
#define CALL_FRAME(n, name)                                                    \
	{ n,                                                                   \
	  #name,                                                               \
	  { KIND_u64, KIND_vaddr_t, KIND_u64, KIND_u64, KIND_int,              \
	    KIND_vaddr_t } },
static const struct call calls_list[] = {
#include "../../kernel/syscall_list.inc"
};

/* ---- Chance ------------------------------------------------------------ */

static struct shared {
	volatile unsigned long done; /* calls so far, of this seed */
	struct slot {
		volatile unsigned long done; /* of this child */
		volatile int number; /* the call it is in */
	} slots[CHILDREN_MAX];
} * shared;

static unsigned long chance; /* each child has its own */
static char *area, *arena;

static unsigned long draw_word(void)
{
	unsigned long word;

	chance = chance * 6364136223846793005 + 1442695040888963407;
	word = chance;
	return (word ^ word >> 29) * 0x9e3779b97f4a7c15 >> 8;
}

static unsigned long draw(unsigned long below)
{
	return draw_word() % below;
}

/* ---- Arguments --------------------------------------------------------- */

static unsigned long draw_size(void)
{
	return draw(2) ? draw(3 * PAGE_SIZE) :
			 odd_sizes[draw(COUNT_OF(odd_sizes))];
}

static unsigned long draw_descriptor(void)
{
	return draw(16) ? draw(32) : draw(2) ? -1UL : (unsigned long)AT_FDCWD;
}

static unsigned long draw_flags(void)
{
	return 1UL << draw(32) | (draw(2) ? 1UL << draw(20) : 0);
}

static unsigned long draw_arena(void)
{
	return (unsigned long)arena + draw(ARENA_PAGES) * PAGE_SIZE;
}

static unsigned long draw_address(void)
{
	switch (draw(16)) {
	case 0:
		return odd_addresses[draw(COUNT_OF(odd_addresses))];
	case 1: /* ends where the area ends */
		return (unsigned long)area + AREA_PAGES * PAGE_SIZE - draw(64);
	case 2: /* goes on into what cannot be written */
		return (unsigned long)area + (AREA_PAGES - 1) * PAGE_SIZE -
		       draw(64);
	case 3:
		return draw_arena();
	default:
		return (unsigned long)area +
		       draw((AREA_PAGES - 1) * PAGE_SIZE - 512) / 8 * 8;
	}
}

/* May this process write to the area there?  Other calls changed its rights. */
static bool is_ours(unsigned long address)
{
	return address >= (unsigned long)area &&
	       address <=
		       (unsigned long)area + (AREA_PAGES - 1) * PAGE_SIZE - 512;
}

static unsigned long draw_name(void)
{
	unsigned long at = draw_address();

	if (is_ours(at))
		strcpy((char *)at, file_names[draw(COUNT_OF(file_names))]);
	return at;
}

/* What is in many structures: small numbers, sizes, addresses, descriptors. */
static unsigned long draw_structure(void)
{
	unsigned long at = draw_address(), *words = (unsigned long *)at;

	if (!is_ours(at))
		return at;
	for (int i = 0; i < 8; i++) {
		switch (draw(8)) {
		case 0:
			words[i] = draw_address();
			break;
		case 1:
			words[i] = draw_size();
			break;
		case 2:
			words[i] = draw_flags();
			break;
		case 3:
			words[i] = draw_descriptor() | draw_flags() << 32;
			break;
		case 4:
			words[i] = draw_word();
			break;
		default:
			words[i] = draw(3);
		}
	}
	return at;
}

static unsigned long draw_any(void)
{
	switch (draw(6)) {
	case 0:
		return draw_address();
	case 1:
		return draw_descriptor();
	case 2:
		return draw_size();
	case 3:
		return draw_flags();
	case 4:
		return draw(16);
	default:
		return draw_word() << draw(8) >> draw(64);
	}
}

static unsigned long draw_argument(enum kind kind)
{
	if (draw(16) == 0)
		return draw_any();
	switch (kind) {
	case KIND_int:
		return draw(8) ? draw_descriptor() : draw(70);
	case KIND_u32:
	case KIND_i32:
		return draw(2) ? draw(40) : draw_flags();
	case KIND_u64:
	case KIND_i64:
		return draw(4) ? draw_size() : draw_flags();
	case KIND_vaddr_t:
		switch (draw(4)) {
		case 0:
			return 0;
		case 1:
			return draw_name();
		case 2:
			return draw_structure();
		default:
			return draw_address();
		}
	case KIND_NONE:
		break;
	}
	return draw_any();
}

/* Some arguments must be one of a few values to lead anywhere. */
static void choose_values(long number, unsigned long *arguments)
{
	for (size_t i = 0; i < COUNT_OF(choices); i++) {
		const struct choice *choice = &choices[i];
		unsigned long value;

		if (choice->number != number || draw(8) == 0)
			continue;
		value = choice->values[draw(choice->count)];
		if (choice->are_flags && draw(2))
			value |= choice->values[draw(choice->count)];
		arguments[choice->argument] = value;
	}
	if (is_about_memory(number) && draw(8)) {
		arguments[0] = draw_arena();
		arguments[1] = (1 + draw(8)) * PAGE_SIZE;
	}
	if (number == SYS_mremap)
		arguments[2] = (1 + draw(8)) * PAGE_SIZE;
	if (number == SYS_mmap)
		arguments[5] = draw(8) * PAGE_SIZE;
	if (is_about_process(number) && draw(8))
		arguments[0] = draw(4) ? (unsigned long)getpid() : draw(64);
}

/* ---- The child --------------------------------------------------------- */

static void wake(int signo)
{
	(void)signo;
}

static void drop_rights(void)
{
	const struct rlimit file_bytes = { FILE_BYTES_MAX, FILE_BYTES_MAX };
	const struct rlimit space = { SPACE_BYTES_MAX, SPACE_BYTES_MAX };

	/* When memory runs out, it is this one that ends. */
	file_write("/proc/self/oom_score_adj", "1000");
	setrlimit(RLIMIT_FSIZE, &file_bytes);
	setrlimit(RLIMIT_AS, &space);
	setsid();
	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setresgid(USER, USER, USER));
	CHECK_OK(setresuid(USER, USER, USER));
}

/* Descriptors of many kinds, from 0 on; the console is not among them. */
static void open_descriptors(void)
{
	static const char *const names[] = {
		"/dev/null",	      "/dev/zero",
		"/dev/full",	      "/dev/urandom",
		"/dev/kmsg",	      "/proc/self/status",
		"/proc/self/pagemap", "/proc/self/fd",
		"/proc/vmstat",	      ".",
	};
	char slave[32];
	sigset_t signals;
	int ends[2], number = 0, master;

	dup2(open("/proc/sys/vm/fail_nth", O_RDWR), FAIL_FD);
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	open("a", O_RDWR | O_CREAT, 0666);
	mkfifo("fifo", 0666);
	open("fifo", O_RDWR | O_NONBLOCK);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		open(names[i], O_RDONLY);
	memfd_create("memory", MFD_ALLOW_SEALING);
	eventfd(1, EFD_NONBLOCK);
	epoll_create1(0);
	sigfillset(&signals);
	signalfd(-1, &signals, SFD_NONBLOCK);
	timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	pipe2(ends, O_NONBLOCK);
	pipe(ends);
	master = open("/dev/ptmx", O_RDWR | O_NONBLOCK);
	ioctl(master, TIOCSPTLCK, &number);
	ioctl(master, TIOCGPTN, &number);
	snprintf(slave, sizeof(slave), "/dev/pts/%d", number);
	open(slave, O_RDWR | O_NONBLOCK);
}

static void prepare(void)
{
	struct sigaction action = { .sa_handler = wake };

	for (int signo = 1; signo < 65; signo++)
		if (signo != SIGSEGV && signo != SIGBUS && signo != SIGILL &&
		    signo != SIGFPE && signo != SIGTRAP)
			sigaction(signo, &action, NULL);
	if (chdir(folder) != 0)
		_exit(99);
	open_descriptors();
	drop_rights();
	area = mmap(NULL, (AREA_PAGES + 1) * PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(area, 0, AREA_PAGES * PAGE_SIZE);
	mprotect(area + (AREA_PAGES - 1) * PAGE_SIZE, PAGE_SIZE, PROT_READ);
	mprotect(area + AREA_PAGES * PAGE_SIZE, PAGE_SIZE, PROT_NONE);
	arena = mmap(NULL, ARENA_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/*
 * One call, on no stack: after vfork() and clone() two processes return from
 * here.
 */
static inline __attribute__((always_inline)) long
make_call(long number, const unsigned long *arguments)
{
	register unsigned long d __asm__("r10") = arguments[3];
	register unsigned long e __asm__("r8") = arguments[4];
	register unsigned long f __asm__("r9") = arguments[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(arguments[0]), "S"(arguments[1]),
			   "d"(arguments[2]), "r"(d), "r"(e), "r"(f)
			 : "rcx", "r11", "memory");
	return result;
}

static bool makes_process(long number)
{
	return number == SYS_fork || number == SYS_vfork || number == SYS_clone;
}

static void make_random_call(struct slot *slot)
{
	static const enum kind no_kinds[6];
	static unsigned long arguments[6];
	const struct call *call = &calls_list[draw(COUNT_OF(calls_list))];
	const enum kind *kinds = call->kinds;
	long number = call->number;

	if (draw(64) == 0) {
		number = (long)draw(NUMBER_MAX);
		kinds = no_kinds;
	}
	if (is_an_end(number) && draw(64))
		return;
	for (int i = 0; i < 6; i++)
		arguments[i] = draw_argument(kinds[i]);
	choose_values(number, arguments);
	slot->number = (int)number;
	if (draw(16) == 0)
		pwrite(FAIL_FD, &"123456789"[draw(9)], 1, 0);
	if (make_call(number, arguments) == 0 && makes_process(number))
		make_call(SYS_exit, arguments); /* it is the new one */
}

static _Noreturn void make_calls(struct slot *slot, unsigned long calls)
{
	prepare();
	while (shared->done < calls) {
		make_random_call(slot);
		__atomic_fetch_add(&shared->done, 1, __ATOMIC_RELAXED);
		slot->done++;
		if (slot->done % 256 == 0)
			while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
				;
	}
	_exit(0);
}

/* ---- What an ordinary user may not do ---------------------------------- */

static void be_harmless(void)
{
	const struct timeval when = { .tv_sec = 1 };
	const struct timespec time = { .tv_sec = 1 };
	struct timex change = { .modes = ADJ_OFFSET };

	drop_rights();
	CHECK_ERRNO(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0),
		    EPERM);
	CHECK_ERRNO(settimeofday(&when, NULL), EPERM);
	CHECK_ERRNO(clock_settime(CLOCK_REALTIME, &time), EPERM);
	CHECK_ERRNO(adjtimex(&change), EPERM);
	CHECK_ERRNO(sethostname("x", 1), EPERM);
	CHECK_ERRNO(syscall(SYS_setdomainname, "x", 1), EPERM);
	CHECK_ERRNO(mount("x", folder, "tmpfs", 0, ""), EPERM);
	CHECK_ERRNO(umount2("/proc", MNT_DETACH), EPERM);
	CHECK_ERRNO(chroot(folder), EPERM);
	CHECK_ERRNO(vhangup(), EPERM);
	CHECK_ERRNO(setuid(0), EPERM);
	CHECK_ERRNO(setgroups(0, NULL), EPERM);
	CHECK_ERRNO(kill(1, SIGKILL), EPERM);
	CHECK_ERRNO(kill(getppid(), SIGKILL), EPERM);
	CHECK_ERRNO(setpriority(PRIO_PROCESS, getppid(), 1), EPERM);
	CHECK_ERRNO(open("/dev/ttyS0", O_RDWR), EACCES);
	CHECK_ERRNO(open("/proc/sys/vm/fail_nth", O_WRONLY), EACCES);
	CHECK_ERRNO(unlink("/init"), EACCES);
}

static void check_harmless(void)
{
	in_child_well(be_harmless);
}

/* ---- One seed ---------------------------------------------------------- */

struct watched {
	pid_t pid; /* 0: none */
	unsigned long seen;
	int in_vain;
};

static void wake_or_kill(struct watched *child, const struct slot *slot)
{
	if (slot->done != child->seen) {
		child->seen = slot->done;
		child->in_vain = 0;
		return;
	}
	kill(child->pid, SIGCONT);
	kill(child->pid, child->in_vain++ < KILL_AFTER ? SIGUSR1 : SIGKILL);
	if (child->in_vain == HANGS_AFTER)
		FAIL("call %d cannot be killed", slot->number);
}

/* Keep so many children at work until all calls are made. */
static void let_them_call(unsigned long seed, unsigned long calls, int children)
{
	struct watched watched[CHILDREN_MAX] = { { 0 } };
	int alive = 0, started = 0;

	do {
		for (int i = 0; i < children; i++) {
			struct watched *child = &watched[i];

			if (child->pid && waitpid(child->pid, NULL, WNOHANG)) {
				child->pid = 0;
				alive--;
			}
			if (child->pid) {
				wake_or_kill(child, &shared->slots[i]);
				continue;
			}
			if (shared->done >= calls || started == STARTS_MAX)
				continue;
			chance = (seed << 32 | (unsigned long)started++) *
					 0x9e3779b97f4a7c15 +
				 1;
			child->pid = check_fork();
			if (child->pid == 0)
				make_calls(&shared->slots[i], calls);
			child->in_vain = 0;
			alive++;
		}
		usleep(WAKE_US);
	} while (alive);
}

/* Those that they made, and did not wait for. */
static void kill_the_rest(void)
{
	pid_t killer = check_fork();

	if (killer == 0) {
		setresuid(USER, USER, USER);
		kill(-1, SIGKILL);
		_exit(0);
	}
	wait_for(killer);
}

struct memory {
	long frames, objects, locked, promised;
};

static struct memory memory_now(void)
{
	const char *file = "/proc/vmstat";

	return (struct memory){
		.frames = free_frames() +
			  file_value(file, "nr_slab_unreclaimable"),
		.objects = file_value(file, "kmem_objects"),
		.locked = file_value("/proc/meminfo", "Mlocked:"),
		.promised = file_value("/proc/meminfo", "Committed_AS:"),
	};
}

static bool is_same(const struct memory *one, const struct memory *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

static long clock_offset(void)
{
	struct timespec real, since_start;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &since_start);
	return real.tv_sec - since_start.tv_sec;
}

static void check_nothing_is_left(unsigned long seed,
				  const struct memory *before)
{
	struct memory now = memory_now();

	for (int i = 0; i < 3000 && !is_same(&now, before); i++) {
		usleep(1000); /* those killed may take a moment to end */
		now = memory_now();
	}
	if (!is_same(&now, before))
		FAIL("seed %lu leaves: frames %ld, kernel objects %ld, "
		     "locked %ld kB, promised %ld kB",
		     seed, before->frames - now.frames,
		     now.objects - before->objects, now.locked - before->locked,
		     now.promised - before->promised);
}

/* A file system that has files is in use. */
static int remove_one(const char *path, const struct stat *status, int type,
		      struct FTW *walk)
{
	(void)status;
	(void)type;
	if (walk->level)
		remove(path);
	return 0;
}

static void run_seed(unsigned long seed, unsigned long calls, int children)
{
	struct memory before = memory_now();
	long offset = clock_offset();
	int error = -1;

	CHECK_OK(mount("fuzz", folder, "tmpfs", 0, ""));
	CHECK_OK(chmod(folder, 0777));
	memset(shared, 0, sizeof(*shared));
	let_them_call(seed, calls, children);
	run_check();
	kill_the_rest();
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	for (int i = 0; i < 3000 && error; i++) {
		error = umount2(folder, 0);
		if (error)
			usleep(1000);
	}
	if (error)
		FAIL("seed %lu: %s is in use: %s", seed, folder,
		     errno_name(errno));
	run_check();
	/* The first may leave something in the caches of the kernel. */
	if (seed)
		check_nothing_is_left(seed, &before);
	CHECK(labs(clock_offset() - offset) <= 1);
}

int main(int argc, char **argv)
{
	unsigned long seed, count, calls;
	int children = argc > 4 ? atoi(argv[4]) : 1;

	if (argc < 4 || !on_calf() || children < 1 || children > CHILDREN_MAX) {
		say("usage, on Calf: fuzz SEED COUNT CALLS [CHILDREN]\n");
		return 2;
	}
	seed = strtoul(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	calls = strtoul(argv[3], NULL, 10);
	shared = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file_write("/proc/self/oom_score_adj", "-1000");
	CHECK_OK(mkdir(folder, 0755));
	settle();
	check_harmless();
	run_seed(0, 2000, children);
	for (; count; count--, seed++) {
		say("seed %lu\n", seed);
		run_seed(seed, calls, children);
		say("seed %lu: %lu calls\n", seed, shared->done);
	}
	return 0;
}
