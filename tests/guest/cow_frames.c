/* guest-test: host=yes */
/*
 * Which frame ends up where: the first writer gets a new one, the last owner
 * keeps the old one.  Both orders: child first, parent first.
 */
#include "guest.h"

static volatile char *page;

/* A frame number can only be compared by those who may see it. */
static void check_frame(long pfn, bool same)
{
	if (sees_frames())
		CHECK((pfn_of(page) == pfn) == same);
}

static void child_first(void)
{
	struct gate wrote = gate_make(), done = gate_make();
	long pfn = pfn_of(page);
	pid_t pid = check_fork();

	if (pid == 0) {
		check_frame(pfn, true);
		*page = 'c';
		check_frame(pfn, false);
		gate_open(&wrote);
		gate_wait(&done);
		CHECK_EQ(*page, 'c');
		_exit(0);
	}
	gate_wait(&wrote);
	CHECK_EQ(*page, 'p');
	*page = 'P';
	check_frame(pfn, true);
	gate_open(&done);
	wait_well(pid);
	CHECK_EQ(*page, 'P');
	say("child first: child moved, parent kept the frame\n");
}

static void parent_first(void)
{
	struct gate wrote = gate_make();
	long pfn = pfn_of(page);
	pid_t pid = check_fork();

	if (pid == 0) {
		gate_wait(&wrote);
		CHECK_EQ(*page, 'p');
		*page = 'c';
		check_frame(pfn, true);
		_exit(0);
	}
	*page = 'P';
	check_frame(pfn, false);
	gate_open(&wrote);
	wait_well(pid);
	CHECK_EQ(*page, 'P');
	say("parent first: parent moved, child kept the frame\n");
}

/* A page-table entry must point to the frame it says, and nobody else may. */
static void check_counts(long maps)
{
	struct page_view view = page_look(page);

	CHECK(view.present);
	if (view.maps != UNKNOWN)
		CHECK_EQ(view.maps, maps);
	if (view.refs != UNKNOWN)
		CHECK_EQ(view.refs, maps);
}

static void see_two(void)
{
	check_counts(2);
	*page = 'c';
	check_counts(1);
}

int main(void)
{
	page = map_pages(1, MAP_PRIVATE);
	*page = 'p';
	child_first();
	*page = 'p';
	parent_first();
	*page = 'p';
	check_counts(1);
	in_child_well(see_two);
	check_counts(1);
	say("counts: 1, shared 2, after the copy 1\n");
	run_check();
	return 0;
}
