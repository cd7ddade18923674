/* guest-test: host="no: the host's orphans may go to another process than 1" */
/* A process whose parent ends becomes a child of init, which waits for it. */
#include "guest.h"

static struct gate adopted, leave;

static void sleep_ms(int ms)
{
	struct timespec nap = { 0, ms * 1000000L };

	nanosleep(&nap, NULL);
}

static void leave_orphan(void)
{
	pid_t parent = getpid();

	if (check_fork() == 0) {
		CHECK(getppid() == parent || getppid() == 1);
		while (getppid() == parent)
			sleep_ms(1);
		CHECK_EQ(getppid(), 1);
		gate_open(&adopted);
		gate_wait(&leave);
		_exit(0);
	}
}

/* Children that have ended already, but for which nobody has waited. */
static void leave_zombies(void)
{
	for (int i = 0; i < 10; i++)
		if (check_fork() == 0)
			_exit(i);
	sleep_ms(20);
}

static void a_round(void)
{
	in_child_well(leave_orphan);
	gate_wait(&adopted);
	gate_open(&leave);
	in_child_well(leave_zombies);
	sleep_ms(100);
}

int main(void)
{
	long before;

	adopted = gate_make();
	leave = gate_make();
	CHECK(getppid() == 1);
	a_round();
	before = free_frames();
	for (int i = 0; i < 5; i++)
		a_round();
	CHECK_EQ(free_frames(), before);
	CHECK_ERRNO(wait(NULL), ECHILD);
	say("orphans and zombies went to init, and are gone\n");
	run_check();
	return 0;
}
