/* guest-test: host="no: /proc/sys/vm/trace is Calf's" smp=4 release=yes */
/*
 * What the trace keeps changes 24 times, by a change of the kernel's code,
 * while three processes fork, copy, and map on other CPUs.
 */
#include "guest.h"

#include <sys/mman.h>

enum { CHANGES = 24, WORKERS = 3, PAGES = 8 };

static const char setting[] = "/proc/sys/vm/trace";

static void work(char *area, volatile int *is_over)
{
	while (!*is_over) {
		pid_t pid = check_fork();

		if (pid == 0) {
			write_pages(area, 0, PAGES, 'c');
			_exit(pages_hold(area, 0, PAGES, 'c') ? 0 : 1);
		}
		write_pages(area, 0, PAGES, 'p');
		wait_well(pid);
		CHECK(pages_hold(area, 0, PAGES, 'p'));
	}
}

int main(void)
{
	volatile int *is_over = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *area = map_pages(PAGES, MAP_PRIVATE);
	char before[32] = "", text[32];
	pid_t workers[WORKERS];

	CHECK(file_read(setting, before, sizeof(before)) > 0);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = check_fork();
		if (workers[i] == 0) {
			work(area, is_over);
			_exit(0);
		}
	}
	for (int i = 0; i < CHANGES; i++) {
		CHECK_OK(file_write(setting, i % 2 ? "255" : "0"));
		CHECK(file_read(setting, text, sizeof(text)) > 0);
		CHECK_EQ(atoi(text), i % 2 ? 255 : 0);
		usleep(1000);
	}
	*is_over = 1;
	for (int i = 0; i < WORKERS; i++)
		wait_well(workers[i]);
	CHECK_OK(file_write(setting, before));
	say("%d changes\n", CHANGES);
	run_check();
	return 0;
}
