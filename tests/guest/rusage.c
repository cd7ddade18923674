/* guest-test: host=yes */
/* getrusage: minor faults to the number, of this process and its children. */
#include "guest.h"

#include <pthread.h>

enum { PAGES = 50 };

static volatile char *area;

static long children_faults(void)
{
	struct rusage usage;

	CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
	return usage.ru_minflt;
}

static void child(void)
{
	struct faults now;

	faults_now(&now);
	CHECK(now.minor < 200); /* counted from 0, not from the parent's */
	write_pages(area, 0, PAGES, 'c');
}

static struct rusage thread_usage;

static long thread_faults(void)
{
	CHECK_OK(getrusage(RUSAGE_THREAD, &thread_usage));
	return thread_usage.ru_minflt;
}

/* As /proc says it. */
static long stat_faults(void)
{
	static char path[64], text[1024];
	long faults;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat",
		 syscall(SYS_gettid));
	CHECK(file_read(path, text, sizeof(text)) > 0);
	CHECK_EQ(sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %ld",
			&faults),
		 1);
	return faults;
}

static void *thread(void *unused)
{
	long before = thread_faults();

	(void)unused;
	write_pages(area, PAGES, 2 * PAGES, 't');
	CHECK_EQ(thread_faults() - before, PAGES);
	stat_faults(); /* what it needs is there now */
	CHECK_EQ(stat_faults(), thread_faults());
	return NULL;
}

static void threads(void)
{
	long before = thread_faults();
	struct rusage usage;
	pthread_t other;

	CHECK_EQ(pthread_create(&other, NULL, thread, NULL), 0);
	CHECK_EQ(pthread_join(other, NULL), 0);
	CHECK(thread_faults() - before < PAGES);
	CHECK_OK(getrusage(RUSAGE_SELF, &usage));
	CHECK(usage.ru_minflt >= thread_faults() + PAGES);
	say("each thread counts its own\n");
}

int main(void)
{
	struct rusage usage;
	long before;

	area = map_pages(2 * PAGES, MAP_PRIVATE);
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), PAGES);
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'p'), 0);
	say("%d pages: %d minor faults\n", PAGES, PAGES);
	threads();
	before = children_faults();
	in_child_well(child);
	CHECK(children_faults() - before >= PAGES);
	say("a child's count when it has been waited for\n");
	CHECK_OK(getrusage(RUSAGE_SELF, &usage));
	if (on_calf()) /* Linux counts a fault it had to retry as major */
		CHECK_EQ(usage.ru_majflt, 0);
	CHECK_ERRNO(getrusage(99, &usage), EINVAL);
	run_check();
	return 0;
}
