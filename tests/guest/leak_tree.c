/* guest-test: host=yes timeout=120 mem=128M */
/* A tree of processes, all alive at once, leaves every frame where it was. */
#include "guest.h"

enum { DEPTH = 4, FANOUT = 3, PAGES = 16 };

static volatile char *area;

static void grow(int depth)
{
	pid_t pid[FANOUT];

	write_pages(area, depth, PAGES, (char)depth);
	if (depth == DEPTH)
		return;
	for (int i = 0; i < FANOUT; i++) {
		pid[i] = check_fork();
		if (pid[i] == 0) {
			grow(depth + 1);
			_exit(0);
		}
	}
	for (int i = 0; i < FANOUT; i++)
		wait_well(pid[i]);
	CHECK(pages_hold(area, depth, PAGES, (char)depth));
	for (int above = 0; above < depth; above++)
		CHECK(pages_hold(area, above, above + 1, (char)above));
}

int main(void)
{
	long before;

	area = map_pages(PAGES, MAP_PRIVATE);
	grow(0);
	settle();
	before = free_frames();
	for (int i = 0; i < 3; i++)
		grow(0);
	settle();
	if (on_calf())
		CHECK_EQ(free_frames(), before);
	say("3 trees of 121 processes: no frame lost\n");
	run_check();
	return 0;
}
