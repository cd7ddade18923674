/*
 * fork_write - two writes to one shared page, for the sessions of tests/gdb/
 *
 *	fork_write		the child writes, then the parent
 *	fork_write check	... and then the kernel checks its counts
 *	fork_write check apart	likewise, and after fork() they are on two CPUs
 *
 * The child's write is answered with a copy; the parent's finds nobody else
 * left and keeps the frame.  Before and after each, the program asks /proc
 * about the page, and GDB compares that with what it reads itself.
 *
 * GDB finds places in this file by the words "gdb:" in their comments.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/wait.h>

#include "../../user/calf.h"

#define BEFORE_FORK 0x0b0b0b0bL
#define BY_CHILD 0x0c0c0c0cL
#define BY_PARENT 0x0d0d0d0dL

enum { PARENT_CPU = 1, CHILD_CPU = 2 };

/* For GDB; what /proc says. */
static volatile struct page_view before, after;
static volatile long faults_before[FAULT_KINDS], faults_after[FAULT_KINDS];

/* One instruction stores, on a page that nothing else is on. */
__attribute__((noipa)) static void store(volatile long *where, long value)
{
	*where = value; /* gdb: store */
}

__attribute__((noipa)) static void write_page(volatile long *page, long value)
{
	static struct faults now;
	volatile long values[3] = { BEFORE_FORK, value, value - BEFORE_FORK };
	volatile int name = value == BY_CHILD ? 'c' : 'p';

	faults_now(&now);
	for (int i = 0; i < FAULT_KINDS; i++)
		faults_before[i] = now.kind[i];
	before = page_look(page);

	store(page, values[1]); /* gdb: call */

	after = page_look(page);
	faults_now(&now);
	for (int i = 0; i < FAULT_KINDS; i++)
		faults_after[i] = now.kind[i];
	printf("%c wrote %#lx\n", name, *page); /* gdb: look */
}

/* Until the parent is in waitpid(): it sleeps nowhere else. */
static void wait_for_sleep(pid_t parent)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/status", parent);
	while (file_read(path, text, sizeof(text)) > 0 &&
	       !strstr(text, "\nState:\tS"))
		sched_yield();
}

static int run_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

int main(int argc, char **argv)
{
	bool is_apart = argc > 2 && strcmp(argv[2], "apart") == 0;
	volatile long *page = map_pages(1, MAP_PRIVATE);
	int status = 1;
	pid_t child;

	if (is_apart && run_on(CHILD_CPU) != 0)
		return 1;
	settle();
	store(page, BEFORE_FORK);
	child = fork();
	if (child == 0) {
		wait_for_sleep(getppid());
		settle();
		write_page(page, BY_CHILD);
		return 0;
	}
	if (is_apart && run_on(PARENT_CPU) != 0)
		return 1;
	if (waitpid(child, &status, 0) != child || status != 0)
		return 1;
	settle();
	write_page(page, BY_PARENT);
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "check") == 0) /* gdb: check */
		return file_write("/proc/sys/vm/check", "1") < 0;
	return 0;
}
