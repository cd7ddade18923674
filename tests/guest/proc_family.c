/* guest-test: host="no: needs frame numbers, and Linux shares in batches" */
/*
 * A family of three that shares in known ways: anonymous memory, shared memory,
 * a file mapped privately and a file mapped shared.  What smaps, pagemap and
 * kpagecount say of each area of each process must be what the family did, to
 * the page, and one another's.
 */
#include "guest.h"

#include <sys/stat.h>

enum { PAGES = 12, KIB = PAGE_SIZE / 1024, AREAS = 4 };
enum { ANONYMOUS, SHARED, FILE_PRIVATE, FILE_SHARED };

static const char *const names[AREAS] = { "anonymous", "shared memory",
					  "file, private", "file, shared" };
static volatile char *area[AREAS];
static struct gate child_step, other_step, done;
static long zero; /* the frame of zeros: it counts nowhere */

/* The number behind @name in the part of smaps about @start, in KiB. */
static long smaps(const volatile char *start, const char *name)
{
	static char text[131072];
	char head[32];
	const char *at;

	CHECK_OK(file_read("/proc/self/smaps", text, sizeof(text)));
	snprintf(head, sizeof(head), "%08lx-", (unsigned long)start);
	at = strstr(text, head);
	CHECK(at);
	at = strstr(at, name);
	CHECK(at);
	return strtol(at + strlen(name), NULL, 10);
}

struct sums {
	long rss, shared, private, pss_bytes; /* pages, but for the last */
};

/* The same from pagemap and kpagecount. */
static struct sums look(const volatile char *start)
{
	struct sums sums = { .rss = 0 };

	for (int i = 0; i < PAGES; i++) {
		struct page_view view = page_look(start + i * PAGE_SIZE);

		if (!view.present || view.pfn == zero)
			continue;
		CHECK(view.maps >= 1 && view.refs >= view.maps);
		sums.rss++;
		if (view.maps > 1)
			sums.shared++;
		else
			sums.private ++;
		sums.pss_bytes += PAGE_SIZE / view.maps;
	}
	return sums;
}

static void show(const char *who, int i)
{
	struct sums sums = look(area[i]);
	long shared = smaps(area[i], "\nShared_Clean:") +
		      smaps(area[i], "\nShared_Dirty:");
	long private = smaps(area[i], "\nPrivate_Clean:") +
		       smaps(area[i], "\nPrivate_Dirty:");
	long pss = smaps(area[i], "\nPss:");

	CHECK_EQ(smaps(area[i], "\nRss:"), sums.rss * KIB);
	CHECK_EQ(shared, sums.shared * KIB);
	CHECK_EQ(private, sums.private * KIB);
	CHECK_EQ(pss, sums.pss_bytes / 1024);
	say("%s, %s: %ld pages, %ld shared, %ld of its own, Pss %ld KiB\n", who,
	    names[i], sums.rss, sums.shared, sums.private, pss);
}

static void show_all(const char *who)
{
	for (int i = 0; i < AREAS; i++)
		show(who, i);
}

/* The younger ones: read and write what they are told, then wait. */
static void member(const char *who, struct gate *step, int reads, int writes)
{
	for (int i = 0; i < AREAS; i++) {
		for (int page = 0; page < reads; page++)
			CHECK(area[i][page * PAGE_SIZE] != 'z');
		write_pages(area[i], 0, writes, who[0]);
	}
	gate_open(&done);
	gate_wait(step);
	show_all(who);
	gate_open(&done);
	gate_wait(step);
	_exit(0);
}

static volatile char *map_file(int fd, int flags)
{
	void *start = mmap(NULL, (size_t)PAGES * PAGE_SIZE,
			   PROT_READ | PROT_WRITE, flags, fd, 0);

	CHECK(start != MAP_FAILED);
	return start;
}

static void map_all(void)
{
	static const char path[] = "/tmp/proc_family";
	static char page[PAGE_SIZE] = "file";
	int fd = open(path, O_CREAT | O_RDWR, 0600);

	CHECK_OK(fd);
	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(write(fd, page, sizeof(page)), PAGE_SIZE);
	area[ANONYMOUS] = map_pages(PAGES, MAP_PRIVATE);
	area[SHARED] = map_pages(PAGES, MAP_SHARED);
	area[FILE_PRIVATE] = map_file(fd, MAP_PRIVATE);
	area[FILE_SHARED] = map_file(fd, MAP_SHARED);
	close(fd);
	CHECK_OK(unlink(path));
}

int main(void)
{
	volatile char *nothing = map_pages(1, MAP_PRIVATE);
	pid_t child, other;

	CHECK_EQ(*nothing, 0);
	zero = pfn_of(nothing);
	child_step = gate_make();
	other_step = gate_make();
	done = gate_make();
	map_all();
	for (int i = 0; i < AREAS; i++)
		write_pages(area[i], 0, 8, 'p');
	show_all("parent alone");
	child = check_fork();
	if (child == 0)
		member("child", &child_step, 10, 2);
	gate_wait(&done);
	other = check_fork();
	if (other == 0)
		member("other", &other_step, 8, 4);
	gate_wait(&done);
	show_all("parent of two");
	/* One looks at a time. */
	gate_open(&child_step);
	gate_wait(&done);
	gate_open(&other_step);
	gate_wait(&done);
	gate_open(&child_step);
	gate_open(&other_step);
	wait_well(child);
	wait_well(other);
	show_all("parent alone again");
	run_check();
	return 0;
}
