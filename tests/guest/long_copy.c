/* guest-test: host=yes */
/*
 * A call that copies 2 GiB lets others run meanwhile, and dies when it is
 * killed.  The copy's position in the file is only told at its end.
 */
#include "guest.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

int main(void)
{
	volatile int *is_started = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int from = memfd_create("holes", 0);
	int to = open("/dev/null", O_WRONLY);
	int status;
	pid_t pid;

	CHECK_OK(ftruncate(from, 1UL << 40));
	pid = fork();
	if (pid == 0) {
		*is_started = 1;
		for (;;)
			sendfile(to, from, NULL, 1UL << 31);
	}
	while (!*is_started)
		sched_yield();
	/* On Linux the first call may be over: its CPUs are fast. */
	CHECK(!on_calf() || lseek(from, 0, SEEK_CUR) == 0);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(!on_calf() || lseek(from, 0, SEEK_CUR) < 1L << 31);
	say("others run while it copies\n");
	run_check();
	return 0;
}
