/* guest-test: host=yes mem=64M timeout=180 release=yes */
/* A thousand forks, each with its copies, leave every frame where it was. */
#include "guest.h"

enum { FORKS = 1000, PAGES = 32 };

static volatile char *area;

static void one_fork(int round)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		write_pages(area, 0, round % PAGES, 'c');
		if (round % 7 == 0)
			raise(SIGKILL);
		_exit(0);
	}
	wait_for(pid);
	write_pages(area, 0, PAGES, (char)round);
}

int main(void)
{
	long before;

	area = map_pages(PAGES, MAP_PRIVATE);
	settle();
	for (int i = 0; i < 20; i++) /* warm up: caches fill once */
		one_fork(i);
	settle();
	before = free_frames();
	for (int i = 0; i < FORKS; i++)
		one_fork(i);
	settle();
	if (on_calf())
		CHECK_EQ(free_frames(), before);
	CHECK(pages_hold(area, 0, PAGES, (char)(FORKS - 1)));
	say("%d forks: no frame lost\n", FORKS);
	run_check();
	return 0;
}
