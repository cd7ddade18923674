/* guest-test: host=yes log="SIGSEGV (?)" */
/*
 * Who sends a signal to himself may say of it what he likes, also what only a
 * fault can be: the kernel's log must be able to live with it.
 */
#include "guest.h"

static const int signals[] = {
	SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT
};
static const int codes[] = { 3, 7, 77, 0x7fffffff, SI_KERNEL };

static int signo, code;

static void die(void)
{
	siginfo_t info = { .si_signo = signo, .si_code = code };

	CHECK_OK(syscall(SYS_rt_sigqueueinfo, getpid(), signo, &info));
	pause();
}

int main(void)
{
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		signo = signals[i];
		for (size_t j = 0; j < COUNT_OF(codes); j++) {
			code = codes[j];
			CHECK_EQ(WTERMSIG(in_child(die)), signo);
		}
		say("%s: killed, whatever it is called\n", signal_name(signo));
	}
	return 0;
}
