/* guest-test: host=yes */
/* Process numbers: the child's is new, the parent's is the parent's. */
#include "guest.h"

int main(void)
{
	pid_t self = getpid(), last = self;

	for (int i = 0; i < 20; i++) {
		pid_t pid = check_fork();

		if (pid == 0) {
			CHECK(getpid() != self);
			CHECK_EQ(getppid(), self);
			CHECK_EQ(syscall(SYS_gettid), getpid());
			_exit(0);
		}
		CHECK(pid > 0 && pid != self && pid != last);
		last = pid;
		wait_well(pid);
	}
	CHECK_EQ(getpid(), self);
	CHECK_EQ(syscall(SYS_set_tid_address, &last), self);
	say("pids of 20 children: their own, and new\n");
	run_check();
	return 0;
}
