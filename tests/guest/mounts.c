/* guest-test: host="no: mounts over the host's own directories"
 * log="hello from a program" leaves="what it mounts, it mounts for good" */
/* mount, umount2, /proc/mounts, what is in /dev, the log in /dev/kmsg. */
#include "guest.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static void show(void)
{
	static char text[4096];

	CHECK(file_read("/proc/mounts", text, sizeof(text)) > 0);
	say("%s", text);
}

static void boot_script(void)
{
	mkdir("/sys", 0755);
	CHECK_OK(mount("sysfs", "/sys", "sysfs", 0, NULL));
	CHECK_OK(mount("dev", "/dev", "devtmpfs", 0, NULL));
	CHECK_OK(mount("devpts", "/dev/pts", "devpts", 0, "mode=620"));
	CHECK_OK(mount("shm", "/dev/shm", "tmpfs", MS_NOSUID, "size=1m"));
	CHECK_OK(mount(NULL, "/", NULL, MS_REMOUNT, NULL));
	CHECK_OK(access("/sys/kernel", F_OK));
	CHECK_OK(access("/dev/null", W_OK));
	show();
}

static void errors(void)
{
	CHECK_ERRNO(mount("x", "/tmp", "ext4", 0, NULL), ENODEV);
	CHECK_ERRNO(mount("x", "/missing", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERRNO(mount("x", "/init", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERRNO(mount("x", "/", "tmpfs", 0, NULL), EBUSY);
	CHECK_ERRNO(umount2("/tmp", 0), EINVAL);
	CHECK_ERRNO(umount2("/missing", 0), ENOENT);
	CHECK_ERRNO(rmdir("/sys"), EBUSY);
	say("errors as documented\n");
}

static void come_and_go(void)
{
	struct statfs before, inside;
	int fd;

	CHECK_OK(mkdir("/tmp/m", 0755));
	CHECK_OK(statfs("/tmp/m", &before));
	for (int i = 0; i < 50; i++) {
		CHECK_OK(mount("proc", "/tmp/m", "proc", 0, NULL));
		CHECK_OK(statfs("/tmp/m", &inside));
		CHECK_EQ(inside.f_type, 0x9fa0);
		fd = open("/tmp/m/uptime", O_RDONLY);
		CHECK_OK(fd);
		CHECK_ERRNO(umount2("/tmp/m", 0), EBUSY);
		close(fd);
		CHECK_OK(umount2("/tmp/m", 0));
		CHECK_OK(mount("x", "/tmp/m", "tmpfs", 0, NULL));
		CHECK_OK(chdir("/tmp/m"));
		CHECK_ERRNO(umount2("/tmp/m", 0), EBUSY);
		CHECK_OK(chdir("/"));
		CHECK_OK(umount2("/tmp/m", 0));
	}
	CHECK_ERRNO(access("/tmp/m/uptime", F_OK), ENOENT);
	CHECK_OK(rmdir("/tmp/m"));
	say("mounted and unmounted 50 times\n");
}

static void devices(void)
{
	static const char *const names[] = { "null",   "zero",	"full",
					     "random", "tty",	"console",
					     "kmsg",   "stdin", "fd" };
	struct stat stat_;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/%s", names[i]);
		CHECK_OK(lstat(path, &stat_));
		say("%s %o%s", names[i], stat_.st_mode,
		    i + 1 < COUNT_OF(names) ? ", " : "\n");
	}
}

static void log_lines(void)
{
	static const char line[] = "<6>hello from a program\n";
	char record[1024];
	int fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	long got;

	CHECK_OK(fd);
	got = read(fd, record, sizeof(record) - 1);
	CHECK(got > 0);
	record[got] = '\0';
	CHECK(strstr(record, ",0,-;calf: "));
	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
	CHECK_ERRNO(read(fd, record, sizeof(record)), EAGAIN);
	CHECK_EQ(write(fd, line, sizeof(line) - 1), sizeof(line) - 1);
	CHECK_ERRNO(read(fd, record, 5), EINVAL);
	got = read(fd, record, sizeof(record) - 1);
	CHECK(got > 0);
	record[got] = '\0';
	say("the log: %s", strchr(record, ';') + 1);
	close(fd);
}

int main(void)
{
	devices();
	boot_script();
	errors();
	come_and_go();
	log_lines();
	run_check();
	return 0;
}
