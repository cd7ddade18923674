/* guest-test: host=yes release=yes */
/*
 * A file shrinks, or gets a hole, while processes map it.  Nobody may see the
 * lost pages any more, whatever his page table said: neither through a shared
 * mapping nor through a private one, and beyond the new end not even in a
 * copy of his own.
 */
#include "guest.h"

#include <sys/stat.h>

enum { PAGES = 6, SIZE = PAGES * PAGE_SIZE };

static int file;
static char *shared;
static char *private;

static long blocks(void)
{
	struct stat status;

	CHECK_OK(fstat(file, &status));
	return status.st_blocks * 512 / PAGE_SIZE;
}

/* Pages 'a', 'b' …; mapped twice and seen by both mappings. */
static void make_file(void)
{
	static char page[PAGE_SIZE];

	file = memfd_create("cut", 0);
	CHECK_OK(file);
	for (int i = 0; i < PAGES; i++) {
		memset(page, 'a' + i, PAGE_SIZE);
		CHECK_EQ(write(file, page, PAGE_SIZE), PAGE_SIZE);
	}
	shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	private =
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED);
	for (int i = 0; i < PAGES; i++)
		CHECK(shared[i * PAGE_SIZE] == 'a' + i &&
		      private[i * PAGE_SIZE] == 'a' + i);
}

static void end_file(void)
{
	CHECK_OK(munmap(shared, SIZE));
	CHECK_OK(munmap(private, SIZE));
	CHECK_OK(close(file));
}

/* One letter a page: what it begins with, 0 for zeros, - for SIGBUS. */
static void say_pages(const char *who, const char *what, const char *area)
{
	char text[PAGES + 1] = "";

	for (int i = 0; i < PAGES; i++) {
		const char *page = area + i * PAGE_SIZE;

		catch_read(page);
		if (caught.signo) {
			CHECK_EQ(caught.signo, SIGBUS);
			CHECK_EQ(caught.code, BUS_ADRERR);
			CHECK_EQ(caught.address, (unsigned long)page);
			CHECK_EQ(caught.error, 4); /* user read, not present */
			text[i] = '-';
		} else {
			text[i] = page[0] ? page[0] : '0';
		}
	}
	say("%s %s %s\n", who, what, text);
}

static void say_both(const char *who)
{
	say_pages(who, "shared ", shared);
	say_pages(who, "private", private);
}

/* What is done to the file, between two looks of parent and child. */
static void cut(void)
{
	CHECK_OK(ftruncate(file, 2 * PAGE_SIZE + 100));
}

static void grow(void)
{
	CHECK_OK(ftruncate(file, SIZE));
}

static void cut_and_grow(void)
{
	cut();
	grow();
}

static void punch(void)
{
	CHECK_OK(fallocate(file, 3 /* KEEP_SIZE | PUNCH_HOLE */, PAGE_SIZE,
			   3 * PAGE_SIZE));
}

static void open_truncating(void)
{
	char path[40];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	other = open(path, O_RDWR | O_TRUNC);
	CHECK_OK(other);
	CHECK_OK(close(other));
}

/*
 * Parent and child have a private copy each of page 3, and share one of page
 * 4.  Then the parent does @action.
 */
static void with_family(const char *name, void (*action)(void))
{
	struct gate done = gate_make();
	struct gate ready = gate_make();
	pid_t pid;

	say("%s\n", name);
	make_file();
	private[4 * PAGE_SIZE] = 'X';
	pid = check_fork();
	if (pid == 0) {
		private[3 * PAGE_SIZE] = 'C';
		CHECK_EQ(shared[4 * PAGE_SIZE], 'e');
		CHECK_EQ(private[4 * PAGE_SIZE], 'X');
		gate_open(&ready);
		gate_wait(&done);
		say_both("child ");
		_exit(0);
	}
	private[3 * PAGE_SIZE] = 'P';
	gate_wait(&ready);
	CHECK_EQ(blocks(), PAGES);
	action();
	run_check();
	say("the file has %ld pages\n", blocks());
	say_both("parent");
	gate_open(&done);
	wait_well(pid);
	end_file();
}

/* The last page that stays is cleared behind the end, for everybody. */
static void test_tail(void)
{
	char byte = 1;

	make_file();
	private[2 * PAGE_SIZE + 1] = 'p'; /* a copy before the cut */
	cut();
	CHECK_EQ(shared[2 * PAGE_SIZE + 99], 'c');
	CHECK_EQ(shared[2 * PAGE_SIZE + 100], 0);
	CHECK_EQ(shared[3 * PAGE_SIZE - 1], 0);
	CHECK_EQ(private[2 * PAGE_SIZE + 100], 'c'); /* nobody else's */
	CHECK_OK(ftruncate(file, 2 * PAGE_SIZE + 50));
	grow();
	CHECK_EQ(pread(file, &byte, 1, 2 * PAGE_SIZE + 50), 1);
	CHECK_EQ(byte, 0);
	CHECK_EQ(pread(file, &byte, 1, 2 * PAGE_SIZE + 49), 1);
	CHECK_EQ(byte, 'c');
	end_file();
}

/* Bytes at the edges of a hole go, the rest of their pages stays. */
static void test_edges(void)
{
	static char bytes[SIZE];

	make_file();
	CHECK_OK(fallocate(file, 3, 100, 2 * PAGE_SIZE));
	CHECK_OK(fallocate(file, 3, 3 * PAGE_SIZE + 5, 10));
	CHECK_OK(fallocate(file, 3, 5 * PAGE_SIZE + 5, 100 * PAGE_SIZE));
	CHECK_EQ(blocks(), PAGES - 1);
	CHECK_EQ(pread(file, bytes, SIZE, 0), SIZE);
	CHECK_EQ(blocks(), PAGES - 1); /* read(2) of a hole takes no frame … */
	for (int i = 0; i < SIZE; i++) {
		int page = i / PAGE_SIZE, at = i % PAGE_SIZE;
		bool is_zero = (i >= 100 && i < 100 + 2 * PAGE_SIZE) ||
			       (page == 3 && at >= 5 && at < 15) ||
			       (page == 5 && at >= 5);

		CHECK_EQ(bytes[i], is_zero ? 0 : 'a' + page);
		CHECK_EQ(shared[i], bytes[i]);
		CHECK_EQ(private[i], bytes[i]);
	}
	CHECK_EQ(blocks(), PAGES); /* … but mapping it does */
	CHECK_ERRNO(fallocate(file, 2, 0, PAGE_SIZE), EOPNOTSUPP);
	CHECK_ERRNO(fallocate(file, 8, 0, PAGE_SIZE), EOPNOTSUPP);
	CHECK_ERRNO(fallocate(file, 16, 0, PAGE_SIZE), EOPNOTSUPP);
	CHECK_ERRNO(fallocate(file, 3, 0, 0), EINVAL);
	end_file();
}

/* The kernel copies to and from lost pages, too: then it is EFAULT. */
static void test_kernel_copies(void)
{
	struct gate pipe = gate_make();
	char *edge;

	make_file();
	private[2 * PAGE_SIZE] = 'p';
	CHECK_OK(ftruncate(file, 2 * PAGE_SIZE));
	edge = shared + 2 * PAGE_SIZE;
	CHECK_ERRNO(write(pipe.fd[1], edge, 1), EFAULT);
	CHECK_ERRNO(write(pipe.fd[1], private + 2 * PAGE_SIZE, 1), EFAULT);
	gate_open(&pipe);
	CHECK_ERRNO(read(pipe.fd[0], edge, 1), EFAULT);
	CHECK_ERRNO(open(edge, O_RDONLY), EFAULT);
	CHECK_ERRNO(syscall(SYS_fstat, file, edge), EFAULT);
	/* Half of it can be written: a pipe takes that. */
	CHECK_EQ(write(file, "", 0), 0);
	CHECK_EQ(pwrite(file, edge - 10, 20, 0), 10);
	CHECK_ERRNO(pwrite(file, edge, 10, 0), EFAULT);
	end_file();
}

/* A file shrinks to nothing and grows back, a hundred times. */
static void test_again(void)
{
	make_file();
	for (int i = 0; i < 100; i++) {
		CHECK_OK(ftruncate(file, 0));
		CHECK_EQ(blocks(), 0);
		CHECK_OK(ftruncate(file, SIZE));
		CHECK(pages_hold(shared, 0, PAGES, 0));
		CHECK(pages_hold(private, 0, PAGES, 0));
		write_pages(shared, 0, PAGES, (char)i);
		CHECK(pages_hold(private, 0, PAGES, (char)i));
		write_pages(private, 0, PAGES, 'p');
		CHECK(pages_hold(shared, 0, PAGES, (char)i));
		CHECK_EQ(blocks(), PAGES);
	}
	end_file();
}

int main(void)
{
	catch_install();
	with_family("cut", cut);
	with_family("cut and grow", cut_and_grow);
	with_family("hole", punch);
	with_family("O_TRUNC", open_truncating);
	test_tail();
	test_edges();
	test_kernel_copies();
	test_again();
	say("ok\n");
	return 0;
}
