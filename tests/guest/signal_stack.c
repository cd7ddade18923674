/* guest-test: host=yes */
/*
 * sigaltstack: a handler on a stack of its own can catch the overflow of the
 * other one; without a usable stack there is only SIGSEGV.
 */
#include "guest.h"

static char stack_bytes[32 * 1024] __attribute__((aligned(16)));
static volatile bool on_stack;
static sigjmp_buf back;

static bool inside(const volatile void *address)
{
	return (const volatile char *)address >= stack_bytes &&
	       (const volatile char *)address <
		       stack_bytes + sizeof(stack_bytes);
}

static void handler(int signo)
{
	char here;
	stack_t now;

	(void)signo;
	on_stack = inside(&here);
	CHECK_OK(sigaltstack(NULL, &now));
	CHECK_EQ((now.ss_flags & SS_ONSTACK) != 0, on_stack);
	if (on_stack) { /* nobody pulls it from under its own feet */
		now.ss_flags = SS_DISABLE;
		CHECK_ERRNO(sigaltstack(&now, NULL), EPERM);
	}
	if (signo == SIGSEGV)
		siglongjmp(back, 1);
}

static int recurse(volatile int depth)
{
	volatile char frame[PAGE_SIZE];

	frame[0] = (char)depth;
	return depth == -1 ? 0 : recurse(depth + 1) + frame[0];
}

static void install(int signo, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	CHECK_OK(sigaction(signo, &action, NULL));
}

static void no_stack_for_it(void)
{
	stack_t off = { .ss_flags = SS_DISABLE };

	CHECK_OK(sigaltstack(&off, NULL));
	install(SIGSEGV, 0);
	recurse(0);
}

static void bad_stack_pointer(void)
{
	signal(SIGSEGV, SIG_DFL);
	install(SIGUSR1, 0);
	__asm__ volatile("mov $8, %%rsp; syscall"
			 :
			 : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
			 : "rcx", "r11", "memory");
}

static void bad_return(void)
{
	signal(SIGSEGV, SIG_DFL);
	__asm__ volatile("mov $8, %%rsp; syscall"
			 :
			 : "a"(SYS_rt_sigreturn)
			 : "rcx", "r11", "memory");
}

static void bad_alternative(void)
{
	stack_t kernel = { .ss_sp = (void *)0xffff888000000000,
			   .ss_size = 65536 };

	signal(SIGSEGV, SIG_DFL);
	CHECK_OK(sigaltstack(&kernel, NULL));
	install(SIGUSR1, SA_ONSTACK);
	raise(SIGUSR1);
}

int main(void)
{
	stack_t stack = { .ss_sp = stack_bytes,
			  .ss_size = sizeof(stack_bytes) };
	stack_t now;

	CHECK_OK(sigaltstack(NULL, &now));
	CHECK(now.ss_flags & SS_DISABLE);
	CHECK_OK(sigaltstack(&stack, NULL));
	CHECK_OK(sigaltstack(NULL, &now));
	CHECK(now.ss_sp == stack_bytes && now.ss_flags == 0);
	install(SIGUSR1, 0);
	raise(SIGUSR1);
	CHECK(!on_stack);
	install(SIGUSR1, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(on_stack);
	say("SA_ONSTACK: there; without: here\n");

	on_stack = false;
	install(SIGSEGV, SA_ONSTACK);
	if (sigsetjmp(back, 1) == 0)
		recurse(0);
	CHECK(on_stack);
	say("stack overflow: caught\n");
	CHECK_OK(sigaltstack(NULL, &now));
	CHECK_EQ(now.ss_flags, 0);

	stack.ss_size = 100;
	CHECK_ERRNO(sigaltstack(&stack, NULL), ENOMEM);
	stack.ss_size = sizeof(stack_bytes);
	stack.ss_flags = 0x10;
	CHECK_ERRNO(sigaltstack(&stack, NULL), EINVAL);
	say("too small: ENOMEM, unknown flags: EINVAL\n");

	say("overflow and no other stack: %s\n",
	    how_ended(in_child(no_stack_for_it)));
	say("handler, but a bad stack pointer: %s\n",
	    how_ended(in_child(bad_stack_pointer)));
	say("handler, but the other stack is the kernel's: %s\n",
	    how_ended(in_child(bad_alternative)));
	say("rt_sigreturn out of nowhere: %s\n",
	    how_ended(in_child(bad_return)));
	run_check();
	return 0;
}
