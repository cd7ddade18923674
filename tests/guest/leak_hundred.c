/* guest-test: host=yes timeout=120 mem=128M */
/* A hundred children at once, half of them killed, leave no frame behind. */
#include "guest.h"

enum { CHILDREN = 100, PAGES = 16 };

static volatile char *area;
static struct gate ready, leave;

static void a_hundred(void)
{
	static pid_t pid[CHILDREN];

	for (int i = 0; i < CHILDREN; i++) {
		pid[i] = check_fork();
		if (pid[i] == 0) {
			write_pages(area, 0, i % PAGES, 'c');
			gate_open(&ready);
			gate_wait(&leave);
			_exit(0);
		}
	}
	for (int i = 0; i < CHILDREN; i++)
		gate_wait(&ready);
	run_check();
	for (int i = 0; i < CHILDREN; i += 2)
		CHECK_OK(kill(pid[i], SIGKILL));
	for (int i = 0; i < CHILDREN; i += 2)
		wait_for(pid[i]);
	for (int i = 1; i < CHILDREN; i += 2)
		gate_open(&leave);
	for (int i = 1; i < CHILDREN; i += 2)
		wait_well(pid[i]);
	write_pages(area, 0, PAGES, 'p');
}

int main(void)
{
	long before;

	ready = gate_make();
	leave = gate_make();
	area = map_pages(PAGES, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'p');
	a_hundred();
	settle();
	before = free_frames();
	a_hundred();
	a_hundred();
	settle();
	if (on_calf())
		CHECK_EQ(free_frames(), before);
	say("2 x %d children: no frame lost\n", CHILDREN);
	run_check();
	return 0;
}
