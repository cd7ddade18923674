/* guest-test: host=yes release=yes */
/*
 * All general registers survive a system call (but rax, rcx and r11, which
 * the SYSCALL instruction takes), a fork on both sides, a page fault and
 * being preempted (there really all of them).
 */
#include "guest.h"

enum {
	RAX,
	RBX,
	RCX,
	RDX,
	RSI,
	RDI,
	RBP,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	REGISTERS
};

static const char *const names[REGISTERS] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
	"r9",  "r10", "r11", "r12", "r13", "r14", "r15",
};

unsigned long reg_in[REGISTERS], reg_out[REGISTERS];

/*
 * Load all registers from reg_in, do one thing, store all to reg_out.
 * Three functions that differ only in the thing.
 */
#define DEFINE(name, thing)                                                    \
	void name(void);                                                       \
	__asm__(".text\n" #name ":\n"                                          \
		"push %rbx; push %rbp; push %r12; push %r13; push %r14;"       \
		"push %r15\n"                                                  \
		"mov reg_in+0, %rax; mov reg_in+8, %rbx;"                      \
		"mov reg_in+16, %rcx; mov reg_in+24, %rdx;"                    \
		"mov reg_in+32, %rsi; mov reg_in+40, %rdi;"                    \
		"mov reg_in+48, %rbp; mov reg_in+56, %r8;"                     \
		"mov reg_in+64, %r9; mov reg_in+72, %r10;"                     \
		"mov reg_in+80, %r11; mov reg_in+88, %r12;"                    \
		"mov reg_in+96, %r13; mov reg_in+104, %r14;"                   \
		"mov reg_in+112, %r15\n" thing "\n"                            \
		"mov %rax, reg_out+0; mov %rbx, reg_out+8;"                    \
		"mov %rcx, reg_out+16; mov %rdx, reg_out+24;"                  \
		"mov %rsi, reg_out+32; mov %rdi, reg_out+40;"                  \
		"mov %rbp, reg_out+48; mov %r8, reg_out+56;"                   \
		"mov %r9, reg_out+64; mov %r10, reg_out+72;"                   \
		"mov %r11, reg_out+80; mov %r12, reg_out+88;"                  \
		"mov %r13, reg_out+96; mov %r14, reg_out+104;"                 \
		"mov %r15, reg_out+112\n"                                      \
		"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp;"            \
		"pop %rbx; ret")

DEFINE(do_call, "syscall");
DEFINE(do_fault, "movb $1, (%rsi)");
/* Count memory up, so that no register changes, until someone stops it. */
volatile unsigned long spin_stop, spins;
DEFINE(do_spin, "1: incq spins; cmpq $0, spin_stop; je 1b");

static void prepare(unsigned long seed)
{
	for (int i = 0; i < REGISTERS; i++)
		reg_in[i] = seed * 0x9e3779b97f4a7c15 + 0x0101010101010101 * i;
	memset(reg_out, 0, sizeof(reg_out));
}

static void compare(bool all)
{
	for (int i = 0; i < REGISTERS; i++) {
		if (!all && (i == RAX || i == RCX || i == R11))
			continue;
		if (reg_out[i] != reg_in[i])
			FAIL("%s is 0x%lx, not 0x%lx", names[i], reg_out[i],
			     reg_in[i]);
	}
}

static void try_call(long number)
{
	prepare((unsigned long)number);
	reg_in[RAX] = (unsigned long)number;
	do_call();
	compare(false);
}

static void stop_spinning(int signo)
{
	(void)signo;
	spin_stop = 1;
}

int main(void)
{
	volatile char *page = map_pages(4, MAP_PRIVATE);
	pid_t spinner, stopper;

	try_call(SYS_getpid);
	try_call(SYS_sched_yield);
	try_call(100000); /* no such call */
	try_call(SYS_close);
	try_call(SYS_write);
	say("registers over system calls: kept\n");

	prepare(1);
	reg_in[RAX] = SYS_fork;
	do_call();
	compare(false);
	if (reg_out[RAX] == 0) {
		for (int i = 0; i < REGISTERS; i++)
			if (i != RCX && i != R11 && i != RAX && reg_out[i] == 0)
				_exit(2);
		_exit(0);
	}
	CHECK((long)reg_out[RAX] > 0);
	wait_well((pid_t)reg_out[RAX]);
	say("over fork, on both sides: kept\n");

	for (int i = 0; i < 4; i++) {
		prepare(2);
		reg_in[RSI] = (unsigned long)(page + i * PAGE_SIZE);
		do_fault();
		compare(true);
	}
	say("over a page fault: all kept\n");

	/* Two processes spin while a third sleeps, then stops this one. */
	signal(SIGUSR1, stop_spinning);
	spinner = check_fork();
	if (spinner == 0)
		for (;;)
			;
	stopper = check_fork();
	if (stopper == 0) {
		struct timespec nap = { 0, 300000000 };

		nanosleep(&nap, NULL);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	prepare(3);
	do_spin();
	compare(true);
	CHECK(spins > 1000);
	wait_well(stopper);
	CHECK_OK(kill(spinner, SIGKILL));
	say("preempted, and over a signal: all kept; the spinner: %s\n",
	    how_ended(wait_for(spinner)));
	run_check();
	return 0;
}
