// SPDX-License-Identifier: MIT
/*
 * user/cow.c - the tour: one page, shared and parted, step by step.
 *
 *	cow [-w]
 *
 * With -w it waits after each step until a line is typed, so that the map of
 * memory can be looked at meanwhile.
 *
 * A parent and its child take turns.  Each step is one action of one of them
 * on the same page; then both say what their own page table holds for it.
 * They talk through two pipes, so the order is always the same.
 *
 * The same program runs on Linux, which tells less: the frame and its number
 * of mappings only to root, the R/W bit and the reference count to nobody.
 */
#include <errno.h>
#include <sys/wait.h>

#include "calf.h"

/* ---- The script ----------------------------------------------------- */

enum who { PARENT, CHILD };

enum action {
	LOOK, /* do nothing, only report */
	READ, /* read the page */
	WRITE, /* write a value to it */
	READ_PIPE, /* let the kernel write to it: read(2) from a pipe */
	DROP, /* give the memory back: madvise(MADV_DONTNEED) */
	FORK_CHILD, /* the parent starts the child ... */
	END_CHILD, /* ... and waits until it has ended */
	FORK_THIRD, /* the child starts a third process, that only waits ... */
	END_THIRD, /* ... until it is told to end */
};

static const struct step {
	const char *name;
	enum who who;
	enum action action;
	char value;
	const char *why;
} script[] = {
	{ "map a page", PARENT, LOOK, 0,
	  "The kernel notes an area of addresses; there is no frame yet." },
	{ "parent reads it", PARENT, READ, 0,
	  "Nothing was written: one frame of zeros (Z) serves all readers." },
	{ "parent writes 1", PARENT, WRITE, 1,
	  "Z belongs to everybody: the write gets a copy of it, frame A." },
	{ "parent drops it", PARENT, DROP, 0,
	  "madvise(MADV_DONTNEED): the area stays, the frame is free again." },
	{ "parent writes 2", PARENT, WRITE, 2,
	  "Written before it was read: a new frame of zeros, no detour by Z." },
	{ "fork", PARENT, FORK_CHILD, 0,
	  "Nothing is copied: two owners now, so neither may write (R/-)." },
	{ "child reads it", CHILD, READ, 0, "Reading a shared frame is free." },
	{ "child writes 3", CHILD, WRITE, 3,
	  "R/- stops the write; there are 2 owners: copy. The child gets its "
	  "own." },
	{ "parent writes 4", PARENT, WRITE, 4,
	  "R/- stops this one too, but 1 owner is left: reuse, just set R/W." },
	{ "parent writes 5", PARENT, WRITE, 5,
	  "The entry is R/W again: no fault, the kernel does not notice." },
	{ "child ends", PARENT, END_CHILD, 0,
	  "Its frame is freed; the parent's was never touched by it." },
	{ "fork again", PARENT, FORK_CHILD, 0, "Shared once more ..." },
	{ "child forks", CHILD, FORK_THIRD, 0,
	  "... and by a third process: a count, not a flag, is what we need." },
	{ "kernel writes 6", CHILD, READ_PIPE, 6,
	  "The child calls read(2): the kernel's write obeys the rule too." },
	{ "third one ends", CHILD, END_THIRD, 0,
	  "One owner is left, but its entry still says R/-: nobody told it." },
	{ "parent writes 7", PARENT, WRITE, 7,
	  "The fault finds the count at 1: reuse. No copy was wasted." },
	{ "child ends", PARENT, END_CHILD, 0,
	  "Back where we began: one process, one frame." },
};

/* ---- What a process does with the page ------------------------------ */

struct answer {
	struct page_view view;
	char value; /* what the page holds, if there is one */
	char fault[32]; /* the kind of fault that the action took */
};

static volatile char *page; /* the page; the same address in all processes */
static int data_pipe[2]; /* READ_PIPE reads from here */
static pid_t third;
static int third_gate[2]; /* closing it lets the third process end */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("cow: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void third_start(void)
{
	must(pipe(third_gate) == 0, "pipe");
	third = fork();
	must(third >= 0, "fork");
	if (third == 0) {
		char nothing;

		close(third_gate[1]);
		_exit((int)read(third_gate[0], &nothing, 1));
	}
}

static void third_end(void)
{
	close(third_gate[1]);
	close(third_gate[0]);
	waitpid(third, NULL, 0);
}

static void perform(enum action action, char value)
{
	switch (action) {
	case READ:
		(void)*page;
		break;
	case WRITE:
		*page = value;
		break;
	case READ_PIPE:
		must(write(data_pipe[1], &value, 1) == 1, "write");
		must(read(data_pipe[0], (char *)page, 1) == 1, "read");
		break;
	case DROP:
		must(madvise((char *)page, PAGE_SIZE, MADV_DONTNEED) == 0,
		     "madvise");
		break;
	case FORK_THIRD:
		third_start();
		break;
	case END_THIRD:
		third_end();
		break;
	case LOOK:
	case FORK_CHILD: /* main() does these two */
	case END_CHILD:
		break;
	}
}

/* Do one action, and tell what became of the page. */
static struct answer act(enum action action, char value)
{
	static struct faults before, after;
	static struct answer answer;
	bool touches = action == READ || action == WRITE || action == READ_PIPE;

	settle(); /* so that a fault on the page is the only one */
	faults_now(&before);
	perform(action, value);
	faults_now(&after);

	answer.view = page_look(page);
	answer.value = answer.view.present ? *page : 0;
	strcpy(answer.fault, touches ? faults_word(&before, &after) : "");
	return answer;
}

/* ---- The child ------------------------------------------------------ */

struct request {
	enum action action;
	char value;
};

static pid_t child; /* 0 while there is none */
static int to_child[2], from_child[2];

static _Noreturn void child_main(void)
{
	struct request request;
	struct answer answer;

	close(to_child[1]);
	while (read(to_child[0], &request, sizeof(request)) > 0) {
		answer = act(request.action, request.value);
		must(write(from_child[1], &answer, sizeof(answer)) > 0,
		     "write");
	}
	_exit(0);
}

static void child_start(void)
{
	must(pipe(to_child) == 0 && pipe(from_child) == 0, "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0)
		child_main();
}

static void child_end(void)
{
	close(to_child[1]); /* it reads the end of the file, and leaves */
	waitpid(child, NULL, 0);
	close(to_child[0]);
	close(from_child[0]);
	close(from_child[1]);
	child = 0;
}

static struct answer child_act(enum action action, char value)
{
	struct request request = { action, value };
	struct answer answer;

	must(write(to_child[1], &request, sizeof(request)) > 0, "write");
	must(read(from_child[0], &answer, sizeof(answer)) > 0, "read");
	return answer;
}

/* ---- The table ------------------------------------------------------ */

static long zero_pfn = UNKNOWN; /* learned in the step that reads first */

/* Frames get the letters A, B, C ... as they appear; the zero frame is Z. */
static char frame_letter(long pfn)
{
	static long known['Z' - 'A'];
	static int count;

	if (pfn == UNKNOWN)
		return '?';
	if (pfn == zero_pfn)
		return 'Z';
	for (int i = 0; i < count; i++)
		if (known[i] == pfn)
			return (char)('A' + i);
	if (count == 'Z' - 'A')
		return '*';
	known[count] = pfn;
	return (char)('A' + count++);
}

static const char *number(char *text, const char *format, long value)
{
	sprintf(text, value == UNKNOWN ? "?" : format, value);
	return text;
}

static void print_cell(const struct answer *answer)
{
	const struct page_view *view = &answer->view;
	char pfn[24], refs[24], maps[24];
	const char *entry = view->writable ? "R/W" : "R/-";

	if (!view->present) {
		printf("| %-22s ", "-");
		return;
	}
	printf("| %c %6s %3s %3s %3s %d ", frame_letter(view->pfn),
	       number(pfn, "%lx", view->pfn), number(refs, "%ld", view->refs),
	       number(maps, "%ld", view->maps),
	       view->writable == UNKNOWN ? "?" : entry, answer->value);
}

static void print_row(int number, const struct step *step,
		      const struct answer *parent, const struct answer *other)
{
	const struct answer *actor = step->who == PARENT ? parent : other;

	printf("%2d %-16s", number, step->name);
	print_cell(parent);
	if (other)
		print_cell(other);
	else
		printf("| %22s ", "");
	printf("|%s%s\n   %s\n", *actor->fault ? " " : "", actor->fault,
	       step->why);
}

static void print_head(void)
{
	puts("Copy-on-write, step by step: one page, a parent and its child.\n"
	     "  frame  the page of RAM behind it: a letter and its number\n"
	     "  ref    reasons to keep the frame   map  page-table entries to "
	     "it\n"
	     "  PTE    may this process write?     =    the value in the page"
	     "\n");
	printf("%19s|         parent         |         child          |\n"
	       "%-19s| frame    ref map PTE = | frame    ref map PTE = "
	       "| fault\n",
	       "", "step");
	for (int i = 0; i < 80; i++)
		putchar(i == 19 || i == 44 || i == 69 ? '+' : '-');
	putchar('\n');
}

static void wait_for_line(void)
{
	int c;

	do
		c = getchar();
	while (c != EOF && c != '\n');
}

int main(int argc, char **argv)
{
	bool waits = argc > 1 && !strcmp(argv[1], "-w");
	const int steps = sizeof(script) / sizeof(script[0]);

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	page = map_pages(1, MAP_PRIVATE);
	must(pipe(data_pipe) == 0, "pipe");
	print_head();
	for (int i = 0; i < steps; i++) {
		const struct step *step = &script[i];
		struct answer parent, other;

		if (step->action == FORK_CHILD)
			child_start();
		if (step->action == END_CHILD)
			child_end();
		if (step->who == CHILD) {
			other = child_act(step->action, step->value);
			parent = act(LOOK, 0);
		} else {
			parent = act(step->action, step->value);
			if (child)
				other = child_act(LOOK, 0);
		}
		if (step->action == READ && zero_pfn == UNKNOWN)
			zero_pfn = parent.view.pfn;
		print_row(i + 1, step, &parent, child ? &other : NULL);
		if (waits)
			wait_for_line();
	}
	if (!on_calf())
		puts("\n?: this kernel does not tell.");
	return 0;
}
