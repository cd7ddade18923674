/* guest-test: host=yes release=yes */
/* Handlers: what they get, when they run, and that the program goes on. */
#include "guest.h"

static volatile int got, order, depth, deepest;
static volatile siginfo_t info;

static void note(int signo, siginfo_t *given, void *context)
{
	(void)context;
	got = signo;
	memcpy((void *)&info, given, sizeof(info));
}

static void install(int signo, void (*handler)(int, siginfo_t *, void *),
		    int flags)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | flags };

	action.sa_sigaction = handler;
	CHECK_OK(sigaction(signo, &action, NULL));
}

static void mask(int how, int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	CHECK_OK(sigprocmask(how, &set, NULL));
}

static bool is_blocked(int signo)
{
	sigset_t set;

	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &set));
	return sigismember(&set, signo);
}

static void basic(void)
{
	install(SIGUSR1, note, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(got, SIGUSR1);
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, getpid());
	CHECK(!is_blocked(SIGUSR1));
	say("kill: the handler has run when the call returns\n");
}

static void blocked(void)
{
	got = 0;
	mask(SIG_BLOCK, SIGUSR1);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(got, 0);
	mask(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(got, SIGUSR1);
	say("blocked: it waits, and comes once\n");
}

static void nest(int signo, siginfo_t *given, void *context)
{
	(void)given;
	(void)context;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (deepest < 3)
		CHECK_OK(kill(getpid(), signo));
	depth--;
}

static void nested(void)
{
	depth = deepest = 0;
	install(SIGUSR2, nest, SA_NODEFER);
	CHECK_OK(kill(getpid(), SIGUSR2));
	CHECK_EQ(deepest, 3);
	say("SA_NODEFER: three handlers deep\n");
}

static volatile int runs;

static void again(int signo, siginfo_t *given, void *context)
{
	(void)given;
	(void)context;
	depth++;
	CHECK_EQ(depth, 1);
	CHECK(is_blocked(signo));
	if (++runs < 3)
		CHECK_OK(kill(getpid(), signo));
	depth--;
}

static void not_nested(void)
{
	install(SIGUSR1, again, 0);
	depth = runs = 0;
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(runs, 3);
	say("without it: one after the other\n");
}

static void outer(int signo, siginfo_t *given, void *context)
{
	(void)signo;
	(void)given;
	(void)context;
	order = 1;
	CHECK_OK(kill(getpid(), SIGUSR2)); /* in sa_mask: waits for us */
	CHECK_EQ(order, 1);
}

static void inner(int signo, siginfo_t *given, void *context)
{
	(void)signo;
	(void)given;
	(void)context;
	CHECK_EQ(order, 1);
	order = 2;
}

static void masked(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = outer;
	sigaddset(&action.sa_mask, SIGUSR2);
	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	install(SIGUSR2, inner, 0);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(order, 2);
	say("sa_mask: the second waits for the first\n");
}

static void once(void)
{
	struct sigaction now;

	install(SIGUSR1, note, SA_RESETHAND);
	CHECK_OK(kill(getpid(), SIGUSR1));
	CHECK_OK(sigaction(SIGUSR1, NULL, &now));
	CHECK(now.sa_handler == SIG_DFL);
	say("SA_RESETHAND: default again\n");
}

static void change_mask(int signo, siginfo_t *given, void *context)
{
	(void)signo;
	(void)given;
	sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGUSR2);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_R12] = 0x1234;
}

static void context_counts(void)
{
	register long r12 __asm__("r12") = 1;

	install(SIGUSR1, change_mask, 0);
	__asm__ volatile("syscall"
			 : "+r"(r12)
			 : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
			 : "rcx", "r11", "memory");
	CHECK_EQ(r12, 0x1234);
	CHECK(is_blocked(SIGUSR2));
	mask(SIG_UNBLOCK, SIGUSR2);
	say("what a handler writes to its context holds afterwards\n");
}

static void refused(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	CHECK_ERRNO(sigaction(SIGKILL, &action, NULL), EINVAL);
	CHECK_ERRNO(sigaction(SIGSTOP, &action, NULL), EINVAL);
	CHECK_ERRNO(sigaction(65, &action, NULL), EINVAL);
	CHECK_ERRNO(sigaction(0, &action, NULL), EINVAL);
	CHECK_ERRNO(kill(getpid(), 65), EINVAL);
	CHECK_ERRNO(kill(getpid(), -1), EINVAL);
	CHECK_ERRNO(kill(0x3fffffff, SIGTERM), ESRCH);
	CHECK_OK(kill(getpid(), 0));
	mask(SIG_BLOCK, SIGKILL);
	CHECK(!is_blocked(SIGKILL));
	say("SIGKILL cannot be caught, ignored or blocked\n");
}

int main(void)
{
	basic();
	blocked();
	nested();
	not_nested();
	masked();
	once();
	context_counts();
	refused();
	run_check();
	return 0;
}
