/*
 * family - four processes that share memory in known ways, for tests of maps
 *
 *	family
 *
 * A parent with 12 private pages and 5 shared ones has three children.  The
 * first writes 2 of the private pages, the second 4; each child has 3 pages of
 * its own, and everybody has read 2 pages that nobody wrote.  So of the frames
 * behind the private pages 2 are mapped by 2 processes, 2 by 3 and 8 by all.
 *
 * Each process says of each page which frame it is and what a map must show
 * for it; then all wait.  When the parent gets SIGUSR1, it writes all of its
 * private pages, and says where they are then.  When it gets SIGUSR2, it says
 * of all frames of the machine how often they are mapped and what they are
 * used for, and no frame is used for that.
 */
#include <signal.h>
#include <sys/wait.h>

#include "../../user/calf.h"

enum { PRIVATE = 12, SHARED = 5, OWN = 3, UNWRITTEN = 2, CHILDREN = 3 };

static const int written_by[CHILDREN] = { 2, 4, 0 };
static char *private, *shared, *own, *unwritten;
static int number; /* 0: the parent; 1, 2, 3: a child */
static int to_child[CHILDREN][2], to_parent[CHILDREN][2];

static void touch(char *memory, int pages)
{
	for (int i = 0; i < pages; i++)
		memory[i * PAGE_SIZE] = 'x';
}

/* Which of the three children (0, 1, 2) have written private page @page? */
static bool has_written(int child, int page)
{
	return page < written_by[child];
}

static char letter(void)
{
	return (char)('A' + (getpid() - 1) % 26);
}

/* What a map shows for the frame that this process has as private @page. */
static char private_mark(int page)
{
	int sharers = 1 + CHILDREN;

	if (number && has_written(number - 1, page))
		return letter();
	for (int i = 0; i < CHILDREN; i++)
		sharers -= has_written(i, page);
	return (char)('0' + sharers);
}

static void report_page(const char *what, char *page, char mark)
{
	printf("%s %d %lx %c\n", what, getpid(), page_look(page).pfn, mark);
}

static void report(void)
{
	for (int i = 0; i < PRIVATE; i++)
		report_page("private", private + i * PAGE_SIZE,
			    private_mark(i));
	for (int i = 0; i < SHARED; i++)
		report_page("shared", shared + i * PAGE_SIZE,
			    '0' + 1 + CHILDREN);
	for (int i = 0; i < OWN && number; i++)
		report_page("own", own + i * PAGE_SIZE, letter());
	for (int i = 0; i < UNWRITTEN; i++)
		report_page("zero", unwritten + i * PAGE_SIZE, 'z');
	fflush(stdout);
}

static void read_all(const char *memory, int pages)
{
	for (int i = 0; i < pages; i++)
		(void)((volatile const char *)memory)[i * PAGE_SIZE];
}

static void must_talk(long bytes)
{
	if (bytes != 1)
		_exit(1);
}

static _Noreturn void be_child(void)
{
	char token = 'x';

	touch(private, written_by[number - 1]);
	own = map_pages(OWN, MAP_PRIVATE);
	touch(own, OWN);
	read_all(shared, SHARED);
	read_all(unwritten, UNWRITTEN);
	must_talk(write(to_parent[number - 1][1], &token, 1));
	must_talk(read(to_child[number - 1][0], &token, 1));
	report();
	must_talk(write(to_parent[number - 1][1], &token, 1));
	for (;;)
		pause();
}

static void wait_for_child(int child)
{
	char token;

	must_talk(read(to_parent[child][0], &token, 1));
}

static void part(void)
{
	touch(private, PRIVATE);
	for (int i = 0; i < PRIVATE; i++)
		report_page("private", private + i * PAGE_SIZE, letter());
	fflush(stdout);
}

static void dump_frames(void)
{
	static unsigned long counts[512], flags[512];
	int count_file = open("/proc/kpagecount", O_RDONLY);
	int flag_file = open("/proc/kpageflags", O_RDONLY);
	unsigned long pfn = 0;
	long bytes;

	while ((bytes = read(count_file, counts, sizeof(counts))) > 0 &&
	       read(flag_file, flags, sizeof(flags)) == bytes)
		for (long i = 0; i < bytes / 8; i++)
			printf("f %lx %lu %lx\n", pfn++, counts[i], flags[i]);
	close(count_file);
	close(flag_file);
	printf("%lu frames\n", pfn);
	fflush(stdout);
}

int main(void)
{
	static char buffer[4096];
	sigset_t signals;
	int signal_number;

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	private = map_pages(PRIVATE, MAP_PRIVATE);
	shared = map_pages(SHARED, MAP_SHARED);
	unwritten = map_pages(UNWRITTEN, MAP_PRIVATE);
	touch(private, PRIVATE);
	touch(shared, SHARED);
	read_all(unwritten, UNWRITTEN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (int i = 0; i < CHILDREN; i++) {
		if (pipe(to_child[i]) < 0 || pipe(to_parent[i]) < 0)
			return 1;
		fflush(stdout);
		number = i + 1;
		if (fork() == 0)
			be_child();
		number = 0;
		wait_for_child(i);
	}
	report();
	for (int i = 0; i < CHILDREN; i++) {
		must_talk(write(to_child[i][1], "x", 1));
		wait_for_child(i);
	}
	printf("family %d is ready\n", getpid());
	fflush(stdout);
	while (sigwait(&signals, &signal_number) == 0) {
		if (signal_number == SIGUSR2) {
			dump_frames();
			continue;
		}
		part();
		printf("family %d has parted\n", getpid());
		fflush(stdout);
	}
	return 0;
}
