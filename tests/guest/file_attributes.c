/* guest-test: host=yes */
/* statx, statfs, owners, times, link counts, sizes of directories. */
#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <utime.h>

/* tmpfs on Linux, too. */
#define PLACE "/dev/shm/calf-test"

/* As struct statx, which older headers lack. */
struct extended {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, uid, gid;
	uint16_t mode, padding;
	uint64_t inode, size, blocks, attributes_mask;
	struct {
		int64_t seconds;
		uint32_t nanoseconds;
		int32_t padding;
	} accessed, born, changed, modified;
	uint32_t rdev_major, rdev_minor, major, minor;
	uint64_t rest[14];
};

static long directory_size(const char *path)
{
	struct stat stat_;

	CHECK_OK(stat(path, &stat_));
	return stat_.st_size;
}

static long links(const char *path)
{
	struct stat stat_;

	CHECK_OK(stat(path, &stat_));
	return (long)stat_.st_nlink;
}

static void names(void)
{
	say("directory: %ld bytes, %ld links", directory_size("."), links("."));
	close(open("file", O_RDWR | O_CREAT, 0644));
	CHECK_OK(mkdir("sub", 0755));
	CHECK_OK(link("file", "sub/again"));
	say("; with two names: %ld, %ld; file: %ld", directory_size("."),
	    links("."), links("file"));
	CHECK_OK(unlink("sub/again"));
	CHECK_OK(rmdir("sub"));
	say("; with one: %ld, %ld; file: %ld\n", directory_size("."),
	    links("."), links("file"));
}

static void extended(void)
{
	struct extended x;
	struct stat stat_;

	CHECK_OK(stat("file", &stat_));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x7ff, &x));
	CHECK_EQ(x.mask & 0x7ff, 0x7ff);
	CHECK_EQ(x.mode, stat_.st_mode);
	CHECK_EQ(x.inode, stat_.st_ino);
	CHECK_EQ(x.links, stat_.st_nlink);
	CHECK_EQ(x.modified.seconds, stat_.st_mtim.tv_sec);
	CHECK_EQ(x.modified.nanoseconds, stat_.st_mtim.tv_nsec);
	CHECK_OK(syscall(SYS_statx, 1, "", AT_EMPTY_PATH, 0x7ff, &x));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, 0x7ff, &x));
	say("statx: /dev/null is %u:%u\n", x.rdev_major, x.rdev_minor);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "", 0, 0, &x), ENOENT);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "file", 1, 0, &x), EINVAL);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "file", 0, 0, 8), EFAULT);
}

static void whole_system(void)
{
	struct statfs statfs_;
	int fd = open("file", O_RDONLY);

	CHECK_OK(statfs("/dev/shm", &statfs_));
	say("statfs: tmpfs is 0x%lx, block %ld, names %ld",
	    (long)statfs_.f_type, (long)statfs_.f_bsize,
	    (long)statfs_.f_namelen);
	CHECK(statfs_.f_bfree <= statfs_.f_blocks && statfs_.f_bfree > 0);
	CHECK_OK(fstatfs(fd, &statfs_));
	CHECK_EQ(statfs_.f_type, 0x01021994);
	CHECK_OK(statfs("/proc", &statfs_));
	say(", proc 0x%lx\n", (long)statfs_.f_type);
	CHECK_ERRNO(statfs("missing", &statfs_), ENOENT);
	close(fd);
}

static void owners(void)
{
	int fd = open("file", O_RDONLY);
	struct stat stat_;

	CHECK_OK(chmod("file", 06755));
	CHECK_OK(chown("file", 12, -1));
	CHECK_OK(fchown(fd, -1, 34));
	CHECK_OK(symlink("file", "link"));
	CHECK_OK(lchown("link", 56, 78));
	CHECK_OK(stat("file", &stat_));
	say("owner %u:%u, mode %o", stat_.st_uid, stat_.st_gid, stat_.st_mode);
	CHECK_OK(lstat("link", &stat_));
	say("; of the link %u:%u\n", stat_.st_uid, stat_.st_gid);
	CHECK_ERRNO(chown("missing", 0, 0), ENOENT);
	CHECK_OK(chown("file", 0, 0));
	CHECK_OK(unlink("link"));
	close(fd);
}

static void say_times(void)
{
	struct stat stat_;

	CHECK_OK(stat("file", &stat_));
	say(" %ld.%ld %ld.%ld", (long)stat_.st_atim.tv_sec,
	    stat_.st_atim.tv_nsec, (long)stat_.st_mtim.tv_sec,
	    stat_.st_mtim.tv_nsec);
}

static void times(void)
{
	struct timespec two[2] = { { 1000, 5 }, { 2000, 6 } };
	struct timeval micro[2] = { { 11, 7 }, { 22, 8 } };
	struct utimbuf old = { 33, 44 };
	int fd = open("file", O_RDONLY);

	say("times:");
	CHECK_OK(utimensat(AT_FDCWD, "file", two, 0));
	say_times();
	two[0].tv_nsec = UTIME_OMIT;
	two[1].tv_sec = 3000;
	CHECK_OK(futimens(fd, two));
	say_times();
	CHECK_OK(syscall(SYS_utimes, "file", micro));
	say_times();
	CHECK_OK(syscall(SYS_utime, "file", &old));
	say_times();
	say("\n");
	two[1].tv_nsec = 1000000000;
	CHECK_ERRNO(utimensat(AT_FDCWD, "file", two, 0), EINVAL);
	CHECK_ERRNO(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
	CHECK_OK(utimensat(AT_FDCWD, "file", NULL, 0));
	close(fd);
}

/* Every name once, whatever the buffer; and again from a remembered place. */
static void listing(void)
{
	long middle = 0;
	int seen = 0, again = 0;
	struct dirent *entry;
	char name[32];
	DIR *dir;

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	dir = opendir(".");
	while ((entry = readdir(dir))) {
		seen++;
		if (seen == 100)
			middle = telldir(dir);
	}
	seekdir(dir, middle);
	while (readdir(dir))
		again++;
	say("listing: %d names, %d of them after the 100th", seen, again);
	rewinddir(dir);
	for (seen = 0; readdir(dir); seen++)
		;
	say(", %d again\n", seen);
	closedir(dir);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		CHECK_OK(unlink(name));
	}
}

int main(void)
{
	umask(022);
	CHECK_OK(mkdir(PLACE, 0755));
	CHECK_OK(chdir(PLACE));
	names();
	extended();
	whole_system();
	owners();
	times();
	listing();
	CHECK_OK(unlink("file"));
	CHECK_OK(rmdir(PLACE));
	run_check();
	return 0;
}
