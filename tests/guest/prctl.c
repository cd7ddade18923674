/* guest-test: host=yes */
/* prctl: names, the death of a parent, orphans that find another one. */
#include "guest.h"

#include <fcntl.h>
#include <sys/prctl.h>

static void names(void)
{
	char name[16], text[64];

	CHECK_OK(prctl(PR_SET_NAME, "a name of more than fifteen bytes"));
	CHECK_OK(prctl(PR_GET_NAME, name));
	CHECK(file_read("/proc/self/comm", text, sizeof(text)) > 0);
	say("name: %s, comm: %s", name, text);
	CHECK_OK(file_write("/proc/self/comm", "another"));
	CHECK_OK(prctl(PR_GET_NAME, name));
	say("after a write to comm: %s\n", name);
	CHECK_ERRNO(prctl(PR_SET_NAME, 1L), EFAULT);
	CHECK_ERRNO(prctl(PR_GET_NAME, 1L), EFAULT);
}

static void switches(void)
{
	int value = 7;

	CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
	CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
	CHECK_ERRNO(prctl(PR_SET_DUMPABLE, 3), EINVAL);
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	CHECK_OK(prctl(PR_SET_TIMERSLACK, 1));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 1);
	CHECK_OK(prctl(PR_SET_TIMERSLACK, 0));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	CHECK_EQ(prctl(PR_CAPBSET_READ, 0), 1);
	CHECK_ERRNO(prctl(PR_CAPBSET_READ, 1000), EINVAL);
	CHECK_OK(prctl(PR_GET_PDEATHSIG, &value));
	CHECK_EQ(value, 0);
	CHECK_ERRNO(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
	CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(123456), EINVAL);
	say("switches keep their values; nonsense: EINVAL\n");
}

static struct gate gate;

/* A grandchild is orphaned, and tells on the pipe what came of it. */
static void orphan_dies(void)
{
	int value;

	CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGTERM));
	if (check_fork() == 0) {
		CHECK_OK(prctl(PR_GET_PDEATHSIG, &value));
		CHECK_EQ(value, 0); /* not inherited */
		CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
		gate_open(&gate);
		for (;;)
			pause();
	}
	gate_wait(&gate);
}

static void death_of_the_parent(void)
{
	pid_t middle, orphan;
	int status;

	gate = gate_make();
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	middle = check_fork();
	if (middle == 0) {
		orphan_dies();
		_exit(5);
	}
	say("parent: %s", how_ended(wait_for(middle)));
	orphan = wait(&status);
	CHECK(orphan > 0 && orphan != middle);
	say(", its child: %s, and it came to us\n", how_ended(status));
	CHECK_ERRNO(wait(NULL), ECHILD);
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

static volatile sig_atomic_t children;

static void on_child(int signo)
{
	(void)signo;
	children++;
}

/* One that has ended already when its parent does: reaped all the same. */
static void orphaned_zombie(void)
{
	int value = 0;
	pid_t middle, grandchild = 0;
	int status;

	signal(SIGCHLD, on_child);
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &value));
	CHECK_EQ(value, 1);
	middle = check_fork();
	if (middle == 0) {
		CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &value));
		CHECK_EQ(value, 0); /* not inherited */
		signal(SIGCHLD, SIG_DFL);
		if (check_fork() == 0)
			_exit(9);
		usleep(50000);
		_exit(4);
	}
	CHECK_EQ(WEXITSTATUS(wait_for(middle)), 4);
	while (grandchild <= 0)
		grandchild = wait(&status);
	CHECK_EQ(WEXITSTATUS(status), 9);
	CHECK(children >= 1);
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
	signal(SIGCHLD, SIG_DFL);
	say("a zombie finds a new parent too\n");
}

static void child_looks(void)
{
	char name[16];

	CHECK_OK(prctl(PR_GET_NAME, name));
	say("a child is called %s\n", name);
}

int main(void)
{
	names();
	switches();
	in_child_well(child_looks);
	death_of_the_parent();
	orphaned_zombie();
	run_check();
	return 0;
}
