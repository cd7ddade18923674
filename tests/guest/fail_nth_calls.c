/*
 * guest-test: host="no: vm.fail_nth is Calf's" mem=64M timeout=240
 *             append="sysctl.vm.overcommit_memory=1"
 */
/*
 * Each allocation of a system call about files, descriptors, signals and
 * terminals fails in turn; see fail_nth.h.  The call says so and has done
 * nothing, or it does without.
 */
#include "fail_nth.h"

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

static char bytes[3 * PAGE_SIZE];
static int fd, other;
static char *file_area;

/* ---- What is there before the call ---------------------------------- */

static void make_file(void)
{
	CHECK_OK(fd = open("file", O_CREAT | O_RDWR, 0600));
	CHECK_EQ(write(fd, bytes, sizeof(bytes)), (long)sizeof(bytes));
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
}

static void make_hole(void)
{
	CHECK_OK(fd = open("file", O_CREAT | O_RDWR, 0600));
	CHECK_OK(ftruncate(fd, sizeof(bytes)));
}

static void map_file(int flags)
{
	make_hole();
	file_area =
		mmap(NULL, sizeof(bytes), PROT_READ | PROT_WRITE, flags, fd, 0);
	CHECK(file_area != MAP_FAILED);
}

static void map_file_private(void)
{
	map_file(MAP_PRIVATE);
}

static void map_file_shared(void)
{
	map_file(MAP_SHARED);
}

static void make_file_and_pipe(void)
{
	int ends[2];

	make_file();
	CHECK_OK(pipe(ends));
	other = ends[1];
}

static void make_file_and_copy(void)
{
	make_file();
	CHECK_OK(other = open("copy", O_CREAT | O_RDWR, 0600));
}

static void make_epoll(void)
{
	CHECK_OK(fd = epoll_create1(0));
	CHECK_OK(other = eventfd(1, 0));
}

static void make_script(void)
{
	static const char text[] = "#!/bin/fail_nth_calls again\n";

	CHECK_OK(fd = open("script", O_CREAT | O_WRONLY, 0700));
	CHECK_EQ(write(fd, text, sizeof(text) - 1), (long)sizeof(text) - 1);
	CHECK_OK(close(fd));
}

static void block_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

/* ---- Names and files ------------------------------------------------- */

static int do_open_created(void)
{
	int error = error_of(open("new", O_CREAT | O_EXCL | O_RDWR, 0600));

	/* Nothing is made that was not opened (ENOMEM: nor looked for). */
	if (error)
		CHECK(access("new", F_OK) != 0);
	return error;
}

/* The next descriptor needs a larger table. */
static void fill_descriptors(void)
{
	for (int last = 0; last < 31;) {
		last = dup(0);
		CHECK_OK(last);
	}
}

static int do_mkdir(void)
{
	return error_of(mkdir("folder", 0700));
}

static int do_mknod(void)
{
	return error_of(mknod("pipe", S_IFIFO | 0600, 0));
}

static int do_symlink(void)
{
	return error_of(symlink("a/very/far/place", "link"));
}

static int do_link(void)
{
	return error_of(link("file", "second"));
}

static int do_rename(void)
{
	return error_of(rename("file", "renamed"));
}

static int do_exchange(void)
{
	return error_of(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD,
				"copy", 2)); /* RENAME_EXCHANGE */
}

static int do_unlink(void)
{
	return error_of(unlink("file"));
}

static int do_stat(void)
{
	struct stat status;

	return error_of(stat("/proc/self/status", &status));
}

static int do_chdir(void)
{
	return error_of(chdir("/proc/self"));
}

static int do_listing(void)
{
	static char entries[4096];
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);

	if (dir < 0)
		return errno;
	return error_of(syscall(SYS_getdents64, dir, entries, sizeof(entries)));
}

static int do_readlink(void)
{
	return error_of(readlink("/proc/self/exe", bytes, sizeof(bytes)));
}

/* What is mounted is given back with all that fails on the way. */
static int do_mount(void)
{
	int error;

	if (mount("none", "folder", "tmpfs", 0, NULL) != 0)
		return errno;
	error = error_of(umount("folder"));
	if (error)
		CHECK_OK(umount("folder"));
	return error;
}

static void make_folder(void)
{
	CHECK_OK(mkdir("folder", 0700));
}

/* ---- Bytes ----------------------------------------------------------- */

static int do_write(void)
{
	return error_of(write(fd, bytes, sizeof(bytes)));
}

static int do_writev(void)
{
	struct iovec parts[20];

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		parts[i] = (struct iovec){ bytes, 100 };
	return error_of(pwritev(fd, parts, COUNT_OF(parts), PAGE_SIZE));
}

static int do_fallocate(void)
{
	return error_of(fallocate(fd, 0, 0, sizeof(bytes)));
}

static int do_sendfile(void)
{
	return error_of(sendfile(other, fd, NULL, sizeof(bytes)));
}

static int do_copy_range(void)
{
	return error_of(
		copy_file_range(fd, NULL, other, NULL, sizeof(bytes), 0));
}

static int do_flock(void)
{
	return error_of(flock(fd, LOCK_EX));
}

static int do_record_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };

	return error_of(fcntl(fd, F_SETLK, &lock));
}

/* Cuts the lock in two. */
static int do_record_unlock(void)
{
	struct flock lock = { .l_type = F_UNLCK, .l_start = 14, .l_len = 2 };

	return error_of(fcntl(fd, F_SETLK, &lock));
}

static void make_locked(void)
{
	make_file();
	CHECK_EQ(do_record_lock(), 0);
}

/* ---- Files in memory ------------------------------------------------- */

static int do_map_file(void)
{
	return error_of(
		(long)mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0));
}

static int do_touch_file(void)
{
	file_area[0] = 1;
	return 0;
}

static int do_populate_file(void)
{
	return error_of((long)mmap(NULL, sizeof(bytes), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_POPULATE, fd, 0)) ?
		       errno :
		       0;
}

static int do_madvise_populate(void)
{
	return error_of(madvise(file_area, sizeof(bytes), 23)); /* …_WRITE */
}

static int do_mlock(void)
{
	return error_of(mlock(file_area, sizeof(bytes)));
}

static int do_memfd(void)
{
	return error_of(memfd_create("some", 0));
}

/* ---- Descriptors ----------------------------------------------------- */

static int do_dup(void)
{
	return error_of(dup2(0, 700)); /* a larger table */
}

static int do_epoll_create(void)
{
	return error_of(epoll_create1(0));
}

static int do_epoll_add(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	return error_of(epoll_ctl(fd, EPOLL_CTL_ADD, other, &event));
}

static int do_eventfd(void)
{
	return error_of(eventfd(0, 0));
}

static int do_timerfd(void)
{
	return error_of(timerfd_create(CLOCK_MONOTONIC, 0));
}

static int do_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	return error_of(signalfd(-1, &set, 0));
}

static int do_poll(void)
{
	struct pollfd many[20];

	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = (struct pollfd){ 0, POLLIN, 0 };
	return error_of(poll(many, COUNT_OF(many), 0));
}

static int do_select(void)
{
	struct timeval now = { 0, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return error_of(select(FD_SETSIZE, &set, NULL, NULL, &now));
}

static int do_terminal(void)
{
	return error_of(open("/dev/ptmx", O_RDWR | O_NOCTTY));
}

/* ---- Processes, signals, timers -------------------------------------- */

static int do_script(void)
{
	char *arguments[] = { "script", NULL };
	char *environment[] = { NULL };

	return error_of(execve("script", arguments, environment));
}

static int do_sigqueue(void)
{
	return error_of(sigqueue(getpid(), SIGRTMIN, (union sigval){ 1 }));
}

static int do_timer(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	int timer;

	return error_of(
		syscall(SYS_timer_create, CLOCK_MONOTONIC, &none, &timer));
}

static int do_setgroups(void)
{
	gid_t groups[100] = { 1, 2, 3 };

	return error_of(setgroups(COUNT_OF(groups), groups));
}

static int do_proc_text(void)
{
	static char text[65536];

	return file_read("/proc/self/smaps", text, sizeof(text)) < 0 ? errno :
								       0;
}

/* clang-format off */
static const struct operation operations[] = {
	{ "open, new", NULL, do_open_created, true, false },
	{ "open, new, 33rd", fill_descriptors, do_open_created, true, false },
	{ "mkdir", NULL, do_mkdir, true, false },
	{ "mknod", NULL, do_mknod, true, false },
	{ "symlink", NULL, do_symlink, true, false },
	{ "link", make_file, do_link, true, false },
	{ "rename", make_file, do_rename, true, false },
	{ "rename, exchange", make_file_and_copy, do_exchange, true, false },
	{ "unlink", make_file, do_unlink, true, false },
	{ "stat", NULL, do_stat, true, false },
	{ "chdir", NULL, do_chdir, true, false },
	{ "getdents64", NULL, do_listing, true, false },
	{ "readlink", NULL, do_readlink, true, false },
	{ "mount, umount", make_folder, do_mount, true, false },
	{ "write", make_hole, do_write, true, false },
	{ "pwritev", make_hole, do_writev, true, false },
	{ "fallocate", make_hole, do_fallocate, true, false },
	{ "sendfile", make_file_and_pipe, do_sendfile, true, false },
	{ "copy_file_range", make_file_and_copy, do_copy_range, true, false },
	{ "flock", make_file, do_flock, true, false },
	{ "fcntl, lock", make_file, do_record_lock, true, false },
	{ "fcntl, cut a lock", make_locked, do_record_unlock, true, false },
	{ "mmap, file", make_file, do_map_file, true, false },
	{ "mmap, populate", make_hole, do_populate_file, true, false },
	{ "touch, private", map_file_private, do_touch_file, true, true },
	{ "touch, shared", map_file_shared, do_touch_file, true, true },
	{ "madvise, populate", map_file_private, do_madvise_populate, true, true },
	{ "mlock", map_file_private, do_mlock, true, false },
	{ "memfd_create", NULL, do_memfd, true, false },
	{ "dup2", NULL, do_dup, true, false },
	{ "epoll_create1", NULL, do_epoll_create, true, false },
	{ "epoll_ctl", make_epoll, do_epoll_add, true, false },
	{ "eventfd", NULL, do_eventfd, true, false },
	{ "timerfd_create", NULL, do_timerfd, true, false },
	{ "signalfd", NULL, do_signalfd, true, false },
	{ "poll", NULL, do_poll, true, false },
	{ "select", make_epoll, do_select, true, false },
	{ "ptmx", NULL, do_terminal, true, false },
	{ "execve, script", make_script, do_script, true, false },
	{ "sigqueue", block_signal, do_sigqueue, true, false },
	{ "timer_create", NULL, do_timer, true, false },
	{ "setgroups", NULL, do_setgroups, true, false },
	{ "read of smaps", NULL, do_proc_text, true, false },
};
/* clang-format on */

int main(int argc, char **argv)
{
	(void)argv;
	switch_fd = open("/proc/sys/vm/fail_nth", O_RDWR);
	if (argc > 1) /* do_script() got here */
		_exit(switch_fd < 0 || is_armed() ? NOT_REACHED : 0);
	CHECK_OK(switch_fd);
	fail_each(operations, COUNT_OF(operations));
	return 0;
}
