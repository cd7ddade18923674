// SPDX-License-Identifier: MIT
/*
 * user/forktree.c - a tree of processes that share one array.
 *
 *	forktree [DEPTH [FANOUT]]
 *
 * Each process owns one page of the array and writes its number there, then
 * forks its children.  fork() is a photograph: a process sees what its
 * ancestors wrote before it was born, and nothing else, whatever the others
 * write at the same time.  Each one checks that, twice.
 */
#include <sys/wait.h>

#include "calf.h"

enum { DEPTH_MAX = 8, NODES_MAX = 4096 };

static int depth_max = 3, fanout = 2;
static int nodes; /* in a full tree of that size */

/* Node 0 is the root; the children of n are n * fanout + 1, + 2, ... */
static int parent_of(int node)
{
	return (node - 1) / fanout;
}

/* What a node reports to the root, through one pipe. */
struct report {
	int node;
	int depth;
	int foreign; /* pages that held what they should not */
	long faults; /* the node's own, while it wrote and checked */
};

static int *pages; /* one page for each node */
static int report_pipe[2];

static volatile int *slot(int node)
{
	return pages + (size_t)node * (PAGE_SIZE / sizeof(int));
}

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

/* Does @node see all its ancestors and itself, and nobody else? */
static int count_foreign(int self)
{
	int foreign = 0;
	int expect = self; /* walks up from self to the root */

	for (int node = nodes - 1; node >= 0; node--) {
		bool mine = node == expect;

		if (*slot(node) != (mine ? node + 1 : 0))
			foreign++;
		if (mine && node > 0)
			expect = parent_of(node);
	}
	return foreign;
}

static void grow(int self, int depth);

static void fork_children(int self, int depth)
{
	for (int i = 0; i < fanout; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			grow(self * fanout + 1 + i, depth + 1);
			_exit(0);
		}
	}
	for (int i = 0; i < fanout; i++)
		if (wait(NULL) < 0)
			die("wait");
}

static void grow(int self, int depth)
{
	struct report report = { .node = self, .depth = depth };
	struct faults before, after;

	settle();
	faults_now(&before);
	*slot(self) = self + 1;
	report.foreign = count_foreign(self);
	faults_now(&after);
	report.faults = after.minor - before.minor;

	if (depth < depth_max)
		fork_children(self, depth);
	report.foreign += count_foreign(self); /* all descendants are gone */
	if (write(report_pipe[1], &report, sizeof(report)) != sizeof(report))
		die("write");
}

static void print_tree(const struct report *reports, int node)
{
	const struct report *report = &reports[node];

	printf("%*snode %d: %s, %ld fault%s\n", report->depth * 4, "", node,
	       report->foreign ? "SAW FOREIGN WRITES" : "saw only its own",
	       report->faults, report->faults == 1 ? "" : "s");
	if (report->depth < depth_max)
		for (int i = 0; i < fanout; i++)
			print_tree(reports, node * fanout + 1 + i);
}

static int argument(char **argv, int index, int normal, int max)
{
	int value = argv[index] ? atoi(argv[index]) : normal;

	if (value < 1 || value > max) {
		fprintf(stderr, "usage: forktree [DEPTH (1-%d) [FANOUT]]\n",
			DEPTH_MAX);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	static struct report reports[NODES_MAX];
	struct report report;
	int foreign = 0, seen = 0, width = 1;
	long faults = 0;
	pid_t root;

	if (argc > 1)
		depth_max = argument(argv, 1, depth_max, DEPTH_MAX);
	if (argc > 2)
		fanout = argument(argv, 2, fanout, 16);
	for (int depth = 0; depth <= depth_max; depth++) {
		nodes += width;
		width *= fanout;
		if (nodes > NODES_MAX)
			return fprintf(stderr, "forktree: too many\n"), 2;
	}
	pages = map_pages((size_t)nodes, MAP_PRIVATE);
	for (int node = 0; node < nodes; node++)
		*slot(node) = 0; /* a frame each, to be shared from now on */
	if (pipe(report_pipe) < 0)
		die("pipe");

	root = fork();
	if (root < 0)
		die("fork");
	if (root == 0) {
		close(report_pipe[0]);
		grow(0, 0);
		_exit(0);
	}
	close(report_pipe[1]); /* or the pipe would never end */
	while (read(report_pipe[0], &report, sizeof(report)) > 0) {
		reports[report.node] = report;
		foreign += report.foreign;
		faults += report.faults;
		seen++;
	}
	waitpid(root, NULL, 0);
	for (int node = 0; node < nodes; node++)
		foreign += *slot(node) != 0; /* here nobody wrote */

	print_tree(reports, 0);
	printf("%d of %d processes, %d foreign writes seen, %ld faults\n", seen,
	       nodes, foreign, faults);
	return foreign || seen != nodes;
}
