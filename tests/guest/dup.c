/* guest-test: host=yes */
/* dup, dup2, dup3: the lowest number, one offset, and what fork shares. */
#include "guest.h"

static const char *program;

static long offset(int fd)
{
	return lseek(fd, 0, SEEK_CUR);
}

static int file, copy;

static void child(void)
{
	char four[4];

	CHECK_EQ(read(file, four, 4), 4);
	close(file);
	close(copy);
}

int main(void)
{
	char bytes[8];
	int fd, data[2];

	program = (const char *)getauxval(AT_EXECFN);
	CHECK_OK(file = open(program, O_RDONLY));
	CHECK_OK(copy = dup(file));
	CHECK_EQ(copy, file + 1);
	CHECK_EQ(read(file, bytes, 4), 4);
	CHECK(!memcmp(bytes, "\177ELF", 4));
	CHECK_EQ(offset(copy), 4);
	CHECK_EQ(lseek(copy, 1, SEEK_SET), 1);
	CHECK_EQ(read(file, bytes, 3), 3);
	CHECK(!memcmp(bytes, "ELF", 3));
	say("dup: one file, one offset\n");

	in_child_well(child);
	CHECK_EQ(offset(file), 8);
	say("fork: still one offset\n");

	CHECK_EQ(pread(file, bytes, 4, 0), 4);
	CHECK_EQ(offset(file), 8);
	CHECK_ERRNO(pread(file, bytes, 4, -1), EINVAL);
	CHECK_ERRNO(lseek(file, -1, SEEK_SET), EINVAL);
	CHECK_ERRNO(lseek(file, 0, 99), EINVAL);
	CHECK(lseek(file, 0, SEEK_END) > 10000);
	CHECK_EQ(read(file, bytes, 4), 0);
	say("pread: its own offset\n");

	CHECK_EQ(dup2(file, 20), 20);
	CHECK_OK(pipe(data));
	CHECK_EQ(dup2(data[0], 20), 20);
	close(data[1]);
	CHECK_EQ(read(20, bytes, 1), 0);
	CHECK_EQ(dup2(20, 20), 20);
	CHECK_OK(close(20));
	CHECK_ERRNO(close(20), EBADF);
	CHECK_ERRNO(dup(20), EBADF);
	CHECK_ERRNO(dup2(20, 21), EBADF);
	CHECK_ERRNO(dup2(file, -1), EBADF);
	CHECK_ERRNO(dup2(file, 1 << 30), EBADF);
	say("dup2: closes what it replaces\n");

	CHECK_ERRNO(dup3(file, file, 0), EINVAL);
	CHECK_EQ(dup3(file, 20, O_CLOEXEC), 20);
	CHECK_EQ(fcntl(20, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(file, F_GETFD), 0);
	CHECK_OK(close(20));
	CHECK_OK(close(file));
	CHECK_OK(fd = open(program, O_RDONLY));
	CHECK_EQ(fd, file);
	say("dup3: with its own flag; the lowest number is taken\n");
	run_check();
	return 0;
}
