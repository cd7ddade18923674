/* guest-test: host="no: Linux would spend gigabytes on page tables" */
/*
 * MAP_POPULATE of far more than there is takes long; meanwhile others run, and
 * the process can be killed.
 */
#include "guest.h"

#include <sys/mman.h>

int main(void)
{
	pid_t pid = check_fork();
	int status;

	if (pid == 0) {
		mmap(NULL, 1UL << 40, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_NORESERVE,
		     -1, 0);
		pause();
	}
	usleep(50000);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_OK(kill(pid, SIGKILL));
	say("a child that populates 1 TiB: %s\n", how_ended(wait_for(pid)));
	run_check();
	return 0;
}
