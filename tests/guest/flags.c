/* guest-test: host=yes */
/*
 * Odd processor flags at a system call: the kernel must not run with the
 * user's direction, alignment-check, nested-task or trap flag, and must give
 * them back as they were.
 */
#include "guest.h"

enum {
	FLAG_TRAP = 1 << 8,
	FLAG_DIRECTION = 1 << 10,
	FLAG_IOPL = 3 << 12,
	FLAG_NESTED = 1 << 14,
	FLAG_ALIGNMENT = 1 << 18,
	FLAG_ID = 1 << 21,
};

/* One system call with @set in the flags; returns the flags after it. */
static unsigned long call_with(unsigned long set, long number, long first,
			       const volatile void *second, long third,
			       long *result)
{
	unsigned long after;
	long rax = number;

	__asm__ volatile("sub $128, %%rsp\n\t" /* step over the red zone */
			 "pushf\n\t"
			 "or %[set], (%%rsp)\n\t"
			 "popf\n\t"
			 "syscall\n\t"
			 "pushf\n\t"
			 "pop %[after]\n\t"
			 "pushf\n\t"
			 "andq $~0x44500, (%%rsp)\n\t" /* all of them but ID */
			 "popf\n\t"
			 "add $128, %%rsp"
			 : "+a"(rax), [after] "=&r"(after)
			 : [set] "r"(set), "D"(first), "S"(second), "d"(third)
			 : "rcx", "r11", "memory", "cc");
	*result = rax;
	return after;
}

static int data[2];

/* A write and a read through a pipe: copies in and out of the kernel. */
static void try_flag(const char *name, unsigned long flag)
{
	static const char sent[] = "0123456789abcdef";
	static char got[sizeof(sent)];
	unsigned long after;
	long result;

	memset(got, 0, sizeof(got));
	after = call_with(flag, SYS_write, data[1], sent, sizeof(sent),
			  &result);
	CHECK_EQ(result, sizeof(sent));
	CHECK_EQ(after & flag, flag);
	after = call_with(flag, SYS_read, data[0], got, sizeof(got), &result);
	CHECK_EQ(result, sizeof(sent));
	CHECK_EQ(after & flag, flag);
	CHECK(!memcmp(sent, got, sizeof(sent)));
	say("%s: copied well, kept\n", name);
}

static int steps;

static void count_step(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	(void)context;
	steps++;
}

/* Stepping into the kernel: it must not step through itself. */
static void try_trap_flag(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };
	long result;

	action.sa_sigaction = count_step;
	CHECK_OK(sigaction(SIGTRAP, &action, NULL));
	call_with(FLAG_TRAP, SYS_getpid, 0, NULL, 0, &result);
	CHECK_EQ(result, getpid());
	CHECK(steps >= 1 && steps <= 10);
	say("trap: stepped over the call\n");
}

/* A privilege flag that popf must not let a program set. */
static void try_iopl(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; orq %1, (%%rsp); popf; pushf; pop %0"
			 : "=r"(flags)
			 : "i"(FLAG_IOPL)
			 : "cc");
	CHECK_EQ(flags & FLAG_IOPL, 0);
	say("I/O privilege: refused\n");
}

/* Alignment check: SIGBUS where the processor does it (QEMU's does not). */
static void unaligned(void *address)
{
	__asm__ volatile("pushf; orq $0x40000, (%%rsp); popf;"
			 "mov (%0), %%eax;"
			 "pushf; andq $~0x40000, (%%rsp); popf"
			 :
			 : "r"(address)
			 : "eax", "memory", "cc");
}

static void clear_alignment(void)
{
	__asm__ volatile("pushf; andq $~0x40000, (%%rsp); popf" ::: "cc");
}

/*
 * A handler starts with the flag still set, and C code makes unaligned
 * accesses of its own: it would die of a second SIGBUS. Clear the flag first.
 */
void enter_aligned(int signo, siginfo_t *info, void *context);
__asm__("enter_aligned:\n"
	"	pushf\n"
	"	andq $~0x40000, (%rsp)\n"
	"	popf\n"
	"	jmp caught_unaligned\n");

void caught_unaligned(int signo, siginfo_t *info, void *context);
void caught_unaligned(int signo, siginfo_t *info, void *context)
{
	catch_handler(signo, info, context);
}

static void try_alignment(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	static char bytes[16];

	catch_install();
	action.sa_sigaction = enter_aligned;
	CHECK_OK(sigaction(SIGBUS, &action, NULL));
	attempt(unaligned, bytes + 1);
	clear_alignment();
	CHECK(caught.signo == 0 ||
	      (caught.signo == SIGBUS && caught.code == BUS_ADRALN));
	say("alignment: the program's own business\n");
}

/* A page fault and a fork with the direction flag set. */
static void try_direction(void)
{
	volatile char *page = map_pages(1, MAP_PRIVATE);
	long result;
	int status;

	page[0] = 'p';
	call_with(FLAG_DIRECTION, SYS_fork, 0, NULL, 0, &result);
	if (result == 0) {
		__asm__ volatile("std; movb $'c', (%0); cld" ::"r"(page)
				 : "memory", "cc");
		_exit(page[0] == 'c' ? 0 : 1);
	}
	status = wait_for((pid_t)result);
	CHECK_EQ(status, 0);
	CHECK_EQ(page[0], 'p');
	say("direction: fork and copy\n");
}

int main(void)
{
	CHECK_OK(pipe(data));
	try_flag("direction", FLAG_DIRECTION);
	try_flag("alignment check", FLAG_ALIGNMENT);
	try_flag("nested task", FLAG_NESTED);
	try_flag("identification", FLAG_ID);
	try_flag("all of them", FLAG_DIRECTION | FLAG_ALIGNMENT | FLAG_NESTED);
	try_direction();
	try_trap_flag();
	try_iopl();
	try_alignment();
	run_check();
	return 0;
}
