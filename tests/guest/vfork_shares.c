/* guest-test: host=yes */
/*
 * vfork: the child runs in the parent's memory while the parent waits, until
 * it executes a program or exits.
 */
#include "guest.h"

static volatile int value, order;
static volatile char *page;
static volatile char *volatile nowhere = (char *)8;

static void until_exit(void)
{
	pid_t pid;

	value = 1;
	pid = vfork();
	if (pid == 0) {
		struct timespec nap = { 0, 50000000 };

		nanosleep(&nap, NULL);
		value = 2;
		*page = 'v';
		_exit(5);
	}
	CHECK(pid > 0);
	CHECK_EQ(value, 2);
	CHECK_EQ(*page, 'v');
	say("the child wrote to our memory, %s\n", how_ended(wait_for(pid)));
}

static void until_exec(const char *program)
{
	char *arguments[] = { (char *)program, "second", NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		value = 3;
		execv(program, arguments);
		_exit(9);
	}
	CHECK_EQ(value, 3);
	say("it executed a program, %s\n", how_ended(wait_for(pid)));
}

static void until_killed(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		value = 4;
		*nowhere = 0;
		_exit(9);
	}
	CHECK_EQ(value, 4);
	say("it was killed, we go on: %s\n", how_ended(wait_for(pid)));
}

/* vfork costs no copies: what we write was never shared. */
static void no_faults(void)
{
	pid_t pid;

	settle();
	*page = 'x';
	pid = vfork();
	if (pid == 0)
		_exit(0);
	CHECK_FAULTS(*page = 'y', 0);
	wait_well(pid);
	say("no page became shared\n");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "second"))
		return 6;
	page = map_pages(1, MAP_PRIVATE);
	until_exit();
	until_exec((const char *)getauxval(AT_EXECFN));
	until_killed();
	no_faults();
	run_check();
	return 0;
}
