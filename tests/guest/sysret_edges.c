/* guest-test: host=yes */
/*
 * Returning to where nobody can be: a system call in the last two bytes of
 * user memory, and handlers that return to addresses which are not canonical,
 * belong to the kernel, or are not there.  Each costs the process its life
 * and the kernel nothing.
 */
#include "guest.h"

static unsigned char *last_page = (unsigned char *)0x7fffffffe000;

static void at_the_end(void)
{
	catch_install();
	if (mmap(last_page, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != last_page)
		FAIL("the last page: %s", errno_name(errno));
	last_page[PAGE_SIZE - 2] = 0x0f; /* syscall */
	last_page[PAGE_SIZE - 1] = 0x05;
	catch_call(last_page + PAGE_SIZE - 2);
	say("syscall in the last bytes: %s, error 0x%lx\n", caught_text(),
	    caught.error);
	CHECK_EQ(caught.address, last_page + PAGE_SIZE);
	_exit(0); /* the callers' frames may be gone */
}

/* The stack may begin in that page: leave it before it is replaced. */
static void call_at_the_end(void)
{
	volatile char room[16 * PAGE_SIZE];

	room[0] = 0;
	at_the_end();
	room[1] = room[0];
}

static unsigned long new_ip, new_sp, new_flags, new_segments;

static void redirect(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signo;
	(void)info;
	if (new_ip)
		regs[REG_RIP] = (greg_t)new_ip;
	if (new_sp)
		regs[REG_RSP] = (greg_t)new_sp;
	if (new_flags)
		regs[REG_EFL] = (greg_t)new_flags;
	if (new_segments)
		regs[REG_CSGSFS] = (greg_t)new_segments;
	signal(SIGSEGV, SIG_DFL);
}

static void return_there(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = redirect;
	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	/* Reached if nothing but flags, segments or the stack is wrong. */
	_exit(0);
}

static void try_ip(const char *what, unsigned long ip)
{
	new_ip = ip;
	say("return to %s: %s\n", what, how_ended(in_child(return_there)));
	new_ip = 0;
}

/* The kernel may refuse these or correct them; it must live. */
static void try_other(unsigned long flags, unsigned long segments,
		      unsigned long sp)
{
	int status;

	new_flags = flags;
	new_segments = segments;
	new_sp = sp;
	status = in_child(return_there);
	if (status != 0 && WTERMSIG(status) != SIGSEGV &&
	    WTERMSIG(status) != SIGBUS && WTERMSIG(status) != SIGTRAP)
		FAIL("%s", how_ended(status));
	new_flags = new_segments = new_sp = 0;
}

int main(void)
{
	in_child_well(call_at_the_end);
	try_ip("0x800000000000", 0x800000000000);
	try_ip("0xffff7fffffffffff", 0xffff7fffffffffff);
	try_ip("the direct map", 0xffff888000000000);
	try_ip("kernel text", 0xffffffff81000000);
	try_ip("address 1", 1);
	try_ip("the last address", -1UL);
	try_ip("the end of user memory", 0x7ffffffff000);
	for (int bit = 0; bit < 22; bit++)
		try_other(1UL << bit | 2, 0, 0);
	say("any flag: the kernel lives\n");
	for (unsigned long cs = 0; cs < 0x50; cs++)
		try_other(0, cs | 0x2bUL << 48, 0);
	say("any code segment: the kernel lives\n");
	try_other(0, 0, 0x800000000000);
	try_other(0, 0, 0xffff888000000000);
	try_other(0, 0, 8);
	try_other(0, 0, -8UL);
	say("any stack pointer: the kernel lives\n");
	run_check();
	return 0;
}
