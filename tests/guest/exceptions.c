/* guest-test: host=yes */
/* What the processor's exceptions become: signal, si_code, and the address. */
#include "guest.h"

__attribute__((naked)) static void divide_by_zero(void)
{
	__asm__("xor %ecx, %ecx; xor %edx, %edx; mov $1, %eax; div %ecx; ret");
}

__attribute__((naked)) static void divide_overflow(void)
{
	__asm__("mov $-1, %ecx; mov $0x80000000, %eax; cltd; idiv %ecx; ret");
}

__attribute__((naked)) static void undefined(void)
{
	__asm__("ud2; ret");
}

__attribute__((naked)) static void breakpoint(void)
{
	__asm__("int3; ret");
}

__attribute__((naked)) static void lock_prefix(void)
{
	__asm__(".byte 0xf0, 0x90; ret"); /* lock nop */
}

__attribute__((naked)) static void into_32bit(void)
{
	__asm__(".byte 0xce; ret"); /* into: not in 64-bit mode */
}

__attribute__((naked)) static void single_step(void)
{
	__asm__("pushf; orl $0x100, (%rsp); popf; nop; nop; ret");
}

__attribute__((naked)) static void far_jump(void)
{
	/* To the kernel's code segment: a pointer of 32 + 16 bits. */
	__asm__("lea 1f(%rip), %rax; movabs $0x800000000, %rdx;"
		"or %rdx, %rax; push %rax; ljmp *(%rsp); 1: pop %rax; ret");
}

__attribute__((naked)) static void x87_divide(void)
{
	__asm__("fninit; push $0x37b; fldcw (%rsp); pop %rax;"
		"fld1; fldz; fdivrp; fwait; fninit; ret");
}

static const struct {
	const char *what;
	void (*run)(void);
} table[] = {
	{ "1 / 0", divide_by_zero },
	{ "INT_MIN / -1", divide_overflow },
	{ "ud2", undefined },
	{ "lock nop", lock_prefix },
	{ "into", into_32bit },
	{ "int3", breakpoint },
	{ "trap flag", single_step },
	{ "far jump to a kernel segment", far_jump },
};

static void die(void)
{
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	table[0].run();
}

static void die_ill(void)
{
	signal(SIGILL, SIG_DFL);
	undefined();
}

static void die_trap(void)
{
	signal(SIGTRAP, SIG_DFL);
	breakpoint();
}

static void die_ignored(void)
{
	/* An exception cannot be ignored, or the program would never go on. */
	signal(SIGFPE, SIG_IGN);
	divide_by_zero();
}

static void die_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	undefined();
}

int main(void)
{
	catch_install();
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		catch_call((void *)(uintptr_t)table[i].run);
		say("%s: %s, trap %ld, address %s\n", table[i].what,
		    caught_text(), (long)caught.trap,
		    caught.address == 0		? "0" :
		    caught.address == caught.ip ? "of the instruction" :
						  "WRONG");
	}
	catch_call((void *)(uintptr_t)x87_divide);
	say("1.0 / 0.0, unmasked: %s\n", caught_text());
	say("without a handler: %s", how_ended(in_child(die)));
	say(", %s", how_ended(in_child(die_ill)));
	say(", %s\n", how_ended(in_child(die_trap)));
	say("ignored: %s\n", how_ended(in_child(die_ignored)));
	say("blocked: %s\n", how_ended(in_child(die_blocked)));
	run_check();
	return 0;
}
