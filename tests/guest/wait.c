/* guest-test: host=yes */
/* wait4: statuses, WNOHANG, whom to wait for, and when nobody is left. */
#include <sched.h>

#include "guest.h"

static pid_t start(int status)
{
	pid_t pid = check_fork();

	if (pid == 0)
		_exit(status);
	return pid;
}

static void sleep_ms(int ms)
{
	struct timespec nap = { 0, ms * 1000000L };

	nanosleep(&nap, NULL);
}

static void statuses(void)
{
	static const int codes[] = { 0, 1, 127, 255, 256, -1 };
	int status;

	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		status = wait_for(start(codes[i]));
		say("_exit(%d): status 0x%x\n", codes[i], status);
	}
}

static void nobody(void)
{
	CHECK_ERRNO(wait(NULL), ECHILD);
	CHECK_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
	CHECK_ERRNO(waitpid(getpid(), NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(1, NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(0x3fffffff, NULL, 0), ECHILD);
	CHECK_ERRNO(waitpid(-1, NULL, 0x1000), EINVAL);
	say("no child: ECHILD\n");
}

static void no_hang(void)
{
	struct gate gate = gate_make();
	pid_t pid = check_fork(), got;

	if (pid == 0) {
		gate_wait(&gate);
		_exit(3);
	}
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_EQ(waitpid(-1, NULL, WNOHANG), 0);
	gate_open(&gate);
	while ((got = waitpid(pid, NULL, WNOHANG)) == 0)
		sched_yield();
	CHECK_EQ(got, pid);
	CHECK_ERRNO(waitpid(pid, NULL, WNOHANG), ECHILD);
	say("WNOHANG: 0 until it has ended, and once only\n");
}

static void which(void)
{
	pid_t first = start(1), second = start(2), third = start(3);
	int status, sum = 0;

	sleep_ms(50);
	CHECK_EQ(waitpid(second, &status, 0), second);
	CHECK_EQ(WEXITSTATUS(status), 2);
	CHECK_EQ(waitpid(third, &status, 0), third);
	CHECK_EQ(waitpid(-1, &status, 0), first);
	for (int i = 0; i < 20; i++)
		start(i);
	for (int i = 0; i < 20; i++) {
		CHECK(wait(&status) > 0);
		sum += WEXITSTATUS(status);
	}
	CHECK_EQ(sum, 190);
	say("a certain one first, then any\n");
}

static void others_child(void)
{
	pid_t mine = start(0), pid;

	sleep_ms(20);
	pid = check_fork();
	if (pid == 0) {
		CHECK_ERRNO(waitpid(mine, NULL, 0), ECHILD);
		_exit(0);
	}
	wait_well(pid);
	wait_well(mine);
	say("somebody else's child: ECHILD\n");
}

static void grandchildren(void)
{
	if (check_fork() == 0) {
		sleep_ms(30);
		_exit(0);
	}
}

static void usage(void)
{
	volatile char *area = map_pages(32, MAP_PRIVATE);
	struct rusage usage;
	pid_t pid = check_fork();
	int status;

	if (pid == 0) {
		write_pages(area, 0, 32, 'c');
		_exit(0);
	}
	CHECK_EQ(wait4(pid, &status, 0, &usage), pid);
	CHECK(usage.ru_minflt >= 32);
	say("its faults are in its usage\n");
}

int main(void)
{
	nobody();
	statuses();
	no_hang();
	which();
	others_child();
	in_child_well(grandchildren);
	CHECK_ERRNO(wait(NULL), ECHILD);
	say("a grandchild is not ours\n");
	usage();
	sleep_ms(50);
	run_check();
	return 0;
}
