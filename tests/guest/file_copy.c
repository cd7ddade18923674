/* guest-test: host=yes */
/* sendfile, copy_file_range, fallocate, preadv, close_range, sync. */
#include "guest.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { BYTES = 10000 };

static char want[BYTES], got[2 * BYTES];
static int from, to;

static void start(void)
{
	for (int i = 0; i < BYTES; i++)
		want[i] = (char)(i * 7 % 251);
	from = open("from", O_RDWR | O_CREAT | O_TRUNC, 0600);
	to = open("to", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK_EQ(write(from, want, BYTES), BYTES);
}

static void send_file(void)
{
	off_t offset = 100;
	int data[2];

	CHECK_EQ(sendfile(to, from, &offset, BYTES), BYTES - 100);
	CHECK_EQ(offset, BYTES);
	CHECK_EQ(lseek(from, 0, SEEK_CUR), BYTES);
	CHECK_EQ(lseek(from, 10, SEEK_SET), 10);
	CHECK_EQ(sendfile(to, from, NULL, 90), 90);
	CHECK_EQ(lseek(from, 0, SEEK_CUR), 100);
	CHECK_EQ(pread(to, got, sizeof(got), 0), BYTES - 10);
	CHECK(!memcmp(got, want + 100, BYTES - 100));
	CHECK(!memcmp(got + BYTES - 100, want + 10, 90));
	CHECK_OK(pipe(data));
	offset = 0;
	CHECK_EQ(sendfile(data[1], from, &offset, 5000), 5000);
	CHECK_EQ(read(data[0], got, sizeof(got)), 5000);
	CHECK(!memcmp(got, want, 5000));
	CHECK_ERRNO(sendfile(from, data[1], NULL, 1), EBADF);
	CHECK_ERRNO(sendfile(data[0], from, NULL, 1), EBADF);
	offset = -1;
	CHECK_ERRNO(sendfile(to, from, &offset, 1), EINVAL);
	offset = 0;
	CHECK_ERRNO(sendfile(eventfd(0, 0), from, &offset, 8), EINVAL);
	close(data[0]);
	close(data[1]);
	say("sendfile: to a file and to a pipe\n");
}

static long copy_range(off_t *in, off_t *out, size_t bytes)
{
	return syscall(SYS_copy_file_range, from, in, to, out, bytes, 0);
}

static void copy_file(void)
{
	off_t in = 1000, out = 0;
	int null = open("/dev/null", O_RDWR);

	CHECK_OK(ftruncate(to, 0));
	CHECK_EQ(copy_range(&in, &out, BYTES), BYTES - 1000);
	CHECK_EQ(in, BYTES);
	CHECK_EQ(out, BYTES - 1000);
	CHECK_EQ(copy_range(&in, &out, BYTES), 0);
	CHECK_EQ(pread(to, got, sizeof(got), 0), BYTES - 1000);
	CHECK(!memcmp(got, want + 1000, BYTES - 1000));
	CHECK_ERRNO(syscall(SYS_copy_file_range, null, NULL, to, NULL, 1, 0),
		    EINVAL);
	CHECK_ERRNO(syscall(SYS_copy_file_range, from, NULL, to, NULL, 1, 1),
		    EINVAL);
	close(null);
	say("copy_file_range: from and to positions\n");
}

static long size_of(int fd)
{
	struct stat stat_;

	CHECK_OK(fstat(fd, &stat_));
	return stat_.st_size;
}

static void make_room(void)
{
	char *map;

	CHECK_OK(ftruncate(to, 0));
	CHECK_OK(fallocate(to, 0, 0, 5000));
	say("fallocate: size %ld", size_of(to));
	CHECK_OK(fallocate(to, FALLOC_FL_KEEP_SIZE, 5000, 9000));
	say(", kept %ld", size_of(to));
	CHECK_EQ(pread(to, got, sizeof(got), 0), 5000);
	for (int i = 0; i < 5000; i++)
		CHECK_EQ(got[i], 0);
	CHECK_EQ(pwrite(to, want, BYTES, 0), BYTES);
	map = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, to, 0);
	CHECK(map != MAP_FAILED && map[4999] == want[4999]);
	CHECK_OK(fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100,
			   8200));
	CHECK_EQ(pread(to, got, sizeof(got), 0), BYTES);
	CHECK(!memcmp(got, map, BYTES));
	memset(want + 100, 0, 8200);
	CHECK(!memcmp(got, want, BYTES));
	munmap(map, BYTES);
	say(", a hole is zero, in mappings as well\n");
	CHECK_ERRNO(fallocate(to, 0, 0, 0), EINVAL);
	CHECK_ERRNO(fallocate(to, 0, -1, 5), EINVAL);
	CHECK_ERRNO(fallocate(to, FALLOC_FL_PUNCH_HOLE, 0, 5), EOPNOTSUPP);
	CHECK_ERRNO(fallocate(99, 0, 0, 5), EBADF);
}

static void pieces(void)
{
	struct iovec two[2] = { { got, 3 }, { got + 10, 4 } };

	CHECK_OK(ftruncate(to, 0));
	CHECK_EQ(pwrite(to, "0123456789", 10, 0), 10);
	CHECK_EQ(lseek(to, 2, SEEK_SET), 2);
	CHECK_EQ(preadv(to, two, 2, 1), 7);
	CHECK(!memcmp(got, "123", 3) && !memcmp(got + 10, "4567", 4));
	CHECK_EQ(pwritev(to, two, 2, 8), 7);
	CHECK_EQ(pread(to, got, 100, 0), 15);
	CHECK(!memcmp(got, "012345671234567", 15));
	CHECK_EQ(lseek(to, 0, SEEK_CUR), 2);
	CHECK_EQ(syscall(SYS_preadv2, to, two, 2, -1L, 0L, 0L), 7);
	CHECK_EQ(lseek(to, 0, SEEK_CUR), 9);
	CHECK_ERRNO(preadv(to, two, 2, -2), EINVAL);
	say("preadv, pwritev: at a position of their own\n");
}

static void descriptors(void)
{
	int first = dup(from);

	while (dup(from) < first + 9)
		;
	CHECK_OK(syscall(SYS_close_range, first + 2, first + 5, 4));
	CHECK_EQ(fcntl(first + 1, F_GETFD), 0);
	CHECK_EQ(fcntl(first + 2, F_GETFD), FD_CLOEXEC);
	CHECK_OK(syscall(SYS_close_range, first + 1, first + 3, 0));
	CHECK_ERRNO(fcntl(first + 3, F_GETFD), EBADF);
	CHECK_EQ(fcntl(first + 4, F_GETFD), FD_CLOEXEC);
	CHECK_OK(syscall(SYS_close_range, first, ~0U, 0));
	CHECK_ERRNO(fcntl(first + 9, F_GETFD), EBADF);
	CHECK_ERRNO(syscall(SYS_close_range, 5, 4, 0), EINVAL);
	CHECK_OK(fdatasync(from));
	CHECK_OK(syncfs(from));
	CHECK_ERRNO(syncfs(99), EBADF);
	say("close_range: closes or marks\n");
}

int main(void)
{
	start();
	send_file();
	copy_file();
	make_room();
	pieces();
	descriptors();
	close(from);
	close(to);
	unlink("from");
	unlink("to");
	run_check();
	return 0;
}
