/*
 * guest-test: release=yes host="no: takes all memory" mem=32M timeout=120
 * append="sysctl.vm.overcommit_memory=1"
 * log="oom_reaper: reaped process"
 */
/*
 * A victim that waits for a mutex cannot die, as a mutex does not know
 * signals.  When the one who holds it waits for memory itself, the victim's
 * memory is taken before its end.
 */
#include "oom.h"

#include <fcntl.h>

static long frames; /* free ones, at the start */
static struct gate ready;

/*
 * We write a file when memory is nearly all taken, and hold its lock while we
 * wait for frames.  First dies a small process.  While we wait for that, the
 * big one tries to write the same file, and waits for the lock.  Then that
 * one is chosen.
 */
static void big_writer(void)
{
	int pages = (int)(frames / 3);
	int fd = open("/tmp/file", O_RDWR);
	volatile char *area = map_pages((size_t)pages, MAP_PRIVATE);

	write_pages(area, 0, pages, 'v');
	gate_open(&ready);
	for (;;) /* never asleep: it is the next to run */
		pwrite(fd, "v", 1, 0);
}

static void small_sleeper(void)
{
	gate_open(&ready);
	pause();
}

static void leave_free(long wanted)
{
	volatile char *ballast = map_pages((size_t)frames, MAP_PRIVATE);

	for (int i = 0; free_frames() > wanted; i++)
		ballast[(size_t)i * PAGE_SIZE] = 'l';
}

static void write_file(void)
{
	static char bytes[600 * PAGE_SIZE];
	int fd = open("/tmp/file", O_RDWR);
	long kills = oom_kills();
	pid_t big, small;

	memset(bytes, 'w', sizeof(bytes));
	big = oom_child("0", big_writer);
	gate_wait(&ready);
	small = oom_child("1000", small_sleeper);
	gate_wait(&ready);
	leave_free(400);
	CHECK_EQ(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	CHECK_EQ(oom_kills() - kills, 2);
	CHECK_EQ(wait_for(small), SIGKILL);
	CHECK_EQ(wait_for(big), SIGKILL);
	_exit(0);
}

static void behind_a_mutex(void)
{
	long before = oom_free();

	close(open("/tmp/file", O_CREAT | O_RDWR, 0600));
	CHECK_EQ(in_child(write_file), 0);
	CHECK_OK(unlink("/tmp/file"));
	say("a victim behind the lock that its killer holds: killed\n");
	oom_is_quiet(before);
}

int main(void)
{
	oom_adjust(NEVER);
	ready = gate_make();
	settle();
	(void)oom_kills();
	frames = oom_free();
	behind_a_mutex();
	return 0;
}
