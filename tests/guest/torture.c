/* guest-test: host=yes mem=64M timeout=240 release=yes args="1 3000" */
/*
 * A random walk over all memory calls, in a growing and dying family of
 * processes.  Beside the memory each process keeps a model of it: for each
 * page, whether it is mapped, what it allows, and which value it holds.  After
 * each step some page must behave as its model says.
 *
 *	torture [SEED [STEPS]]
 *
 * The same seed makes the same walk.
 */
#include "guest.h"

enum { PAGES = 64, FAMILY = 4 };

enum right { UNMAPPED, NO_ACCESS, READ_ONLY, READ_WRITE };

static const int prot_of[] = { 0, PROT_NONE, PROT_READ,
			       PROT_READ | PROT_WRITE };

struct page {
	enum right right;
	char value;
};

static struct page model[PAGES];
static char *arena;
static unsigned long seed = 1;
static int depth, step;

static unsigned int draw(unsigned int below)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned int)(seed >> 33) % below;
}

static char *address(int page)
{
	return arena + page * PAGE_SIZE;
}

static size_t bytes(int pages)
{
	return (size_t)pages * PAGE_SIZE;
}

/* ---- The steps, each on the model and on the memory ------------------- */

static void do_map(int first, int count, enum right right)
{
	CHECK(mmap(address(first), bytes(count), prot_of[right],
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == address(first));
	for (int i = first; i < first + count; i++)
		model[i] = (struct page){ right, 0 };
}

static void do_unmap(int first, int count)
{
	CHECK_OK(munmap(address(first), bytes(count)));
	for (int i = first; i < first + count; i++)
		model[i] = (struct page){ UNMAPPED, 0 };
}

/* Where there is a hole, mprotect stops: ENOMEM. */
static void do_protect(int first, int count, enum right right)
{
	int end = first;

	while (end < first + count && model[end].right != UNMAPPED)
		model[end++].right = right;
	if (end == first + count)
		CHECK_OK(
			mprotect(address(first), bytes(count), prot_of[right]));
	else
		CHECK_ERRNO(mprotect(address(first), bytes(count),
				     prot_of[right]),
			    ENOMEM);
}

/* Holes do not stop madvise, but it tells. */
static void do_drop(int first, int count)
{
	bool hole = false;

	for (int i = first; i < first + count; i++) {
		hole |= model[i].right == UNMAPPED;
		model[i].value = 0;
	}
	if (hole)
		CHECK_ERRNO(madvise(address(first), bytes(count),
				    MADV_DONTNEED),
			    ENOMEM);
	else
		CHECK_OK(madvise(address(first), bytes(count), MADV_DONTNEED));
}

/* Move one page elsewhere; what was there goes. */
static void do_move(int from, int to)
{
	if (model[from].right == UNMAPPED || from == to)
		return;
	CHECK(mremap(address(from), PAGE_SIZE, PAGE_SIZE,
		     MREMAP_MAYMOVE | MREMAP_FIXED,
		     address(to)) == address(to));
	model[to] = model[from];
	model[from] = (struct page){ UNMAPPED, 0 };
}

static void do_write(int page)
{
	catch_write(address(page));
	CHECK_EQ(caught.signo, model[page].right == READ_WRITE ? 0 : SIGSEGV);
	if (caught.signo)
		CHECK_EQ(caught.code, model[page].right == UNMAPPED ?
					      SEGV_MAPERR :
					      SEGV_ACCERR);
	else
		*address(page) = model[page].value = (char)(1 + draw(127));
}

/* The kernel writes it: read(2) from a pipe. */
static void do_kernel_write(int page)
{
	static int data[2];
	char byte = (char)(1 + draw(127));

	CHECK_OK(pipe(data));
	CHECK_EQ(write(data[1], &byte, 1), 1);
	if (model[page].right == READ_WRITE) {
		CHECK_EQ(read(data[0], address(page), 1), 1);
		model[page].value = byte;
	} else {
		CHECK_ERRNO(read(data[0], address(page), 1), EFAULT);
	}
	close(data[0]);
	close(data[1]);
}

static void look(int page)
{
	catch_read(address(page));
	if (model[page].right < READ_ONLY) {
		CHECK_EQ(caught.signo, SIGSEGV);
		return;
	}
	CHECK_EQ(caught.signo, 0);
	CHECK_EQ(*address(page), model[page].value);
}

static void walk(int steps);

static pid_t children[FAMILY];

/* A child goes its own way, at the same time. */
static void do_fork(int slot, int steps)
{
	if (children[slot]) {
		wait_well(children[slot]);
		children[slot] = 0;
		return;
	}
	if (depth >= 3)
		return;
	children[slot] = check_fork();
	if (children[slot] == 0) {
		memset(children, 0, sizeof(children));
		depth++;
		seed += (unsigned long)slot + 1;
		walk(steps);
		_exit(0);
	}
}

static void one_step(int steps_left)
{
	int first = (int)draw(PAGES);
	int count = 1 + (int)draw((unsigned int)(PAGES - first));
	enum right right = NO_ACCESS + draw(3);

	if (count > 12)
		count = 12;
	switch (draw(16)) {
	case 0:
		do_map(first, count, right);
		break;
	case 1:
		do_unmap(first, count / 3 + 1);
		break;
	case 2:
	case 3:
		do_protect(first, count, right);
		break;
	case 4:
		do_drop(first, count / 2 + 1);
		break;
	case 5:
		do_move(first, (int)draw(PAGES));
		break;
	case 6:
		do_kernel_write(first);
		break;
	case 7:
		if (draw(4) == 0)
			do_fork((int)draw(FAMILY), steps_left / 4);
		break;
	default:
		do_write(first);
		break;
	}
}

static void walk(int steps)
{
	for (step = 0; step < steps; step++) {
		one_step(steps - step);
		look((int)draw(PAGES));
		if (step % 500 == 499)
			run_check();
	}
	for (int page = 0; page < PAGES; page++)
		look(page);
	for (int slot = 0; slot < FAMILY; slot++)
		if (children[slot])
			wait_well(children[slot]);
}

int main(int argc, char **argv)
{
	int steps = 3000;

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		steps = atoi(argv[2]);
	catch_install();
	arena = map_pages(PAGES, MAP_PRIVATE);
	do_map(0, PAGES, READ_WRITE);
	walk(steps);
	say("%d steps, and their children's: as the model says\n", steps);
	run_check();
	return 0;
}
