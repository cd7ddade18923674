/* guest-test: host=yes */
/*
 * mmap of files: what is refused and why, what a mapping may become later,
 * and that reading, writing and both kinds of mapping see the same bytes.
 */
#include "guest.h"

enum { PAGES = 4, SIZE = PAGES * PAGE_SIZE };

#define VALIDATE 3 /* MAP_SHARED_VALIDATE */

static int file; /* opened for both, … */
static int reader; /* … and the same file for one */
static int writer;

static void open_file(void)
{
	char path[40];

	file = memfd_create("map", 0);
	CHECK_OK(file);
	CHECK_OK(ftruncate(file, SIZE));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	reader = open(path, O_RDONLY);
	writer = open(path, O_WRONLY);
	CHECK_OK(reader);
	CHECK_OK(writer);
}

static char *map(int prot, int flags, int fd)
{
	char *area = mmap(NULL, SIZE, prot, flags, fd, 0);

	CHECK(area != MAP_FAILED);
	return area;
}

/* Straight to the kernel: the C library checks some arguments itself. */
static long raw_map(size_t size, int prot, int flags, int fd, unsigned long at)
{
	return syscall(SYS_mmap, NULL, size, prot, flags, fd, at);
}

static void test_refused(void)
{
	struct gate pipe = gate_make();
	int directory = open("/", O_RDONLY);
	int place = open("/", O_PATH);

	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE, writer, 0), EACCES);
	CHECK_ERRNO(raw_map(SIZE, PROT_WRITE, MAP_SHARED, writer, 0), EACCES);
	CHECK_ERRNO(raw_map(SIZE, PROT_WRITE, MAP_SHARED, reader, 0), EACCES);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE, directory, 0),
		    ENODEV);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE, pipe.fd[0], 0),
		    ENODEV);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE, pipe.fd[1], 0),
		    EACCES);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE, place, 0), EBADF);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);

	CHECK_ERRNO(raw_map(0, PROT_READ, MAP_PRIVATE, file, 0), EINVAL);
	CHECK_ERRNO(raw_map(0, PROT_READ, MAP_PRIVATE, directory, 0), EINVAL);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE, file, 1), EINVAL);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, 0, file, 0), EINVAL);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, 7, file, 0), EINVAL);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, 0, -1, 0), EBADF);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, file,
			    0),
		    EINVAL);
	/* The last byte a file can have is at 2^63 - 2. */
	CHECK_ERRNO(raw_map(PAGE_SIZE, PROT_READ, MAP_PRIVATE, file,
			    0x7ffffffffffff000),
		    EOVERFLOW);
	CHECK_ERRNO(raw_map(PAGE_SIZE, PROT_WRITE, MAP_SHARED, reader,
			    -PAGE_SIZE),
		    EOVERFLOW);
	CHECK_ERRNO(raw_map(PAGE_SIZE, PROT_READ, MAP_PRIVATE, pipe.fd[0],
			    -PAGE_SIZE),
		    EOVERFLOW);
	CHECK_OK(raw_map(PAGE_SIZE, PROT_READ, MAP_PRIVATE, file,
			 0x7fffffffffffe000));
	/* Unknown flags are ignored, unless they are to be validated. */
	CHECK_OK(raw_map(SIZE, PROT_READ, MAP_SHARED | (1 << 22), file, 0));
	CHECK_OK(raw_map(SIZE, PROT_READ, VALIDATE, file, 0));
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, VALIDATE | (1 << 22), file, 0),
		    EOPNOTSUPP);
	CHECK_ERRNO(raw_map(SIZE, PROT_READ, VALIDATE | MAP_ANONYMOUS, -1, 0),
		    EINVAL);
	CHECK_OK(close(directory));
	CHECK_OK(close(place));
	say("refused as they should be\n");
}

/* What mprotect may add depends on how the file was opened. */
static void test_protect(void)
{
	char *shared = map(PROT_READ, MAP_SHARED, reader);
	char *private = map(PROT_READ, MAP_PRIVATE, reader);
	char *both = map(PROT_NONE, MAP_SHARED, file);

	CHECK_ERRNO(mprotect(shared, PAGE_SIZE, PROT_READ | PROT_WRITE),
		    EACCES);
	CHECK_ERRNO(mprotect(shared, SIZE, PROT_WRITE), EACCES);
	CHECK_OK(mprotect(shared, PAGE_SIZE, PROT_NONE));
	CHECK_OK(mprotect(shared, PAGE_SIZE, PROT_READ));
	CHECK_OK(mprotect(private, SIZE, PROT_READ | PROT_WRITE));
	private[0] = 'p';
	CHECK_EQ(shared[0], 0);
	CHECK_OK(mprotect(both, SIZE, PROT_READ | PROT_WRITE));
	both[0] = 's';
	CHECK_EQ(shared[0], 's');
	CHECK_EQ(private[0], 'p');
	catch_write(shared);
	say("write to a shared mapping of a file opened for reading: %s\n",
	    caught_text());
	CHECK_OK(munmap(shared, SIZE));
	CHECK_OK(munmap(private, SIZE));
	CHECK_OK(munmap(both, SIZE));
}

/* One page cache: each way to write is seen by each way to read. */
static void test_coherence(void)
{
	char *shared = map(PROT_READ | PROT_WRITE, MAP_SHARED, file);
	char *other = map(PROT_READ, MAP_SHARED, reader);
	char *private = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, file);
	char *once = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, file);
	char byte;

	once[0] = 'o'; /* its own page from here on */
	CHECK_EQ(private[0], 's'); /* seen, but not written: still the file's */
	shared[0] = '1';
	CHECK(other[0] == '1' && private[0] == '1' && once[0] == 'o');
	CHECK_EQ(pread(reader, &byte, 1, 0), 1);
	CHECK_EQ(byte, '1');
	CHECK_EQ(pwrite(writer, "2", 1, 0), 1);
	CHECK(shared[0] == '2' && other[0] == '2' && private[0] == '2');
	CHECK_EQ(once[0], 'o');
	private[1] = 'p'; /* a copy of the whole page, at this moment */
	CHECK_EQ(pwrite(writer, "3", 1, 0), 1);
	CHECK(shared[0] == '3' && private[0] == '2' && shared[1] == 0);
	/* Beyond what was there: the file grows under its mappings. */
	CHECK_OK(ftruncate(file, PAGE_SIZE));
	CHECK_EQ(pwrite(writer, "4", 1, 3 * PAGE_SIZE), 1);
	CHECK(shared[3 * PAGE_SIZE] == '4' && other[3 * PAGE_SIZE] == '4' &&
	      private[3 * PAGE_SIZE] == '4' && shared[2 * PAGE_SIZE] == 0);
	CHECK_OK(munmap(shared, SIZE));
	CHECK_OK(munmap(other, SIZE));
	CHECK_OK(munmap(private, SIZE));
	CHECK_OK(munmap(once, SIZE));
	say("all see the same bytes\n");
}

static void test_msync(void)
{
	char *area = map(PROT_READ | PROT_WRITE, MAP_SHARED, file);

	CHECK_OK(msync(area, SIZE, MS_SYNC));
	CHECK_OK(msync(area, 1, MS_ASYNC | MS_INVALIDATE));
	CHECK_OK(msync(area, SIZE, 0));
	CHECK_OK(msync(area, 0, MS_SYNC));
	CHECK_ERRNO(msync(area, SIZE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERRNO(msync(area, SIZE, 8), EINVAL);
	CHECK_ERRNO(msync(area + 1, SIZE, MS_SYNC), EINVAL);
	CHECK_ERRNO(msync(area, -2 * PAGE_SIZE, MS_SYNC), ENOMEM);
	CHECK_OK(munmap(area + PAGE_SIZE, PAGE_SIZE));
	CHECK_ERRNO(msync(area, SIZE, MS_SYNC), ENOMEM);
	CHECK_ERRNO(msync(area + PAGE_SIZE, PAGE_SIZE, MS_ASYNC), ENOMEM);
	CHECK_OK(msync(area, PAGE_SIZE, MS_SYNC));
	CHECK_OK(msync(area + 2 * PAGE_SIZE, 2 * PAGE_SIZE, MS_SYNC));
	CHECK_OK(munmap(area, SIZE));
	say("msync checks its arguments\n");
}

int main(void)
{
	catch_install();
	open_file();
	test_refused();
	test_protect();
	test_coherence();
	test_msync();
	run_check();
	say("ok\n");
	return 0;
}
