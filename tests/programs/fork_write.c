/*
 * fork_write - two writes to one shared page, for the sessions of tests/gdb/
 *
 *	fork_write		the child writes, then the parent
 *	fork_write check	... and then the kernel checks its counts
 *
 * The child's write is answered with a copy; the parent's finds nobody else
 * left and keeps the frame.  Before and after each, the program asks /proc
 * about the page, and GDB compares that with what it reads itself.
 *
 * GDB finds places in this file by the words "gdb:" in their comments.
 */
#include <sys/wait.h>

#include "../../user/calf.h"

#define BEFORE_FORK 0x0b0b0b0bL
#define BY_CHILD 0x0c0c0c0cL
#define BY_PARENT 0x0d0d0d0dL

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

int main(int argc, char **argv)
{
	volatile long *page = map_pages(1, MAP_PRIVATE);
	int status = 1;
	pid_t child;

	settle();
	store(page, BEFORE_FORK);
	child = fork();
	if (child == 0) {
		settle();
		write_page(page, BY_CHILD);
		return 0;
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		return 1;
	settle();
	write_page(page, BY_PARENT);
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "check") == 0) /* gdb: check */
		return file_write("/proc/sys/vm/check", "1") < 0;
	return 0;
}
