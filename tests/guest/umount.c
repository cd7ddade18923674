/* guest-test: host=mounts release=yes */
/*
 * umount(2) of a file system in memory: the files in it are gone, and so is
 * what they took, as soon as nobody uses it; until then EBUSY, or with
 * MNT_DETACH, out of sight.
 */
#include "guest.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define FILE_PAGES 100

static char place[] = "/tmp/umount-XXXXXX";

static void fill(void)
{
	static char bytes[FILE_PAGES * PAGE_SIZE];
	int fd;

	CHECK_OK(mount("x", place, "tmpfs", 0, NULL));
	CHECK_OK(chdir(place));
	fd = open("big", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	CHECK_OK(mkdir("d", 0700));
	CHECK_OK(mkdir("d/e", 0700));
	CHECK_OK(mkfifo("d/e/fifo", 0600));
	CHECK_OK(symlink("nowhere", "d/e/link"));
	CHECK_OK(link("big", "d/e/same"));
	CHECK_OK(link("big", "other"));
	CHECK_OK(unlink("other")); /* its latest name */
	CHECK_OK(chdir("/"));
}

/* As in fail_nth.h: the frames of caches of kernel objects count as free. */
struct room {
	long frames;
	long objects;
};

static struct room room_now(void)
{
	const char *file = "/proc/vmstat";
	struct room room = { 0, 0 };

	if (on_calf()) {
		room.objects = file_value(file, "kmem_objects");
		room.frames = free_frames() +
			      file_value(file, "nr_slab_unreclaimable");
	}
	return room;
}

static void check_room(const struct room *before)
{
	struct room now = room_now();

	CHECK_EQ(now.frames, before->frames);
	CHECK_EQ(now.objects, before->objects);
}

static void plain(void)
{
	for (int i = 0; i < 3; i++) {
		struct room before = room_now();
		struct room full;

		fill();
		full = room_now();
		if (on_calf())
			CHECK(before.frames - full.frames >= FILE_PAGES);
		CHECK_OK(umount(place));
		check_room(&before);
		CHECK_ERRNO(umount(place), EINVAL);
	}
	say("files go with the file system\n");
}

static char *map_big(int flags)
{
	int fd;
	char *start;

	CHECK_OK(chdir(place));
	fd = open("big", O_RDWR);
	CHECK_OK(chdir("/"));
	CHECK_OK(fd);
	start = mmap(NULL, PAGE_SIZE, PROT_READ, flags, fd, 0);
	CHECK(start != MAP_FAILED);
	close(fd);
	return start;
}

static void busy(void)
{
	char *area;
	char path[64];
	int fd;

	fill();
	CHECK_OK(chdir(place));
	fd = open("d/e/same", O_RDONLY);
	CHECK_OK(chdir("/"));
	CHECK_ERRNO(umount(place), EBUSY);
	snprintf(path, sizeof(path), "%s/big", place);
	CHECK_OK(unlink(path));
	snprintf(path, sizeof(path), "%s/d/e/same", place);
	CHECK_OK(unlink(path));
	CHECK_ERRNO(umount(place), EBUSY);
	close(fd);
	CHECK_OK(umount(place));
	say("busy with an open file, though it has no name\n");

	fill();
	snprintf(path, sizeof(path), "%s/d", place);
	CHECK_OK(chdir(path));
	CHECK_ERRNO(umount(place), EBUSY);
	CHECK_OK(chdir("/"));
	CHECK_OK(umount(place));
	say("busy with a working directory\n");

	for (int flags = MAP_SHARED; flags <= MAP_PRIVATE; flags++) {
		fill();
		area = map_big(flags);
		CHECK_ERRNO(umount(place), EBUSY);
		snprintf(path, sizeof(path), "%s/d/e/same", place);
		CHECK_OK(unlink(path));
		snprintf(path, sizeof(path), "%s/big", place);
		CHECK_OK(unlink(path));
		CHECK_ERRNO(umount(place), EBUSY);
		CHECK_OK(munmap(area, PAGE_SIZE));
		CHECK_OK(umount(place));
	}
	say("busy with a mapping, shared or private\n");

	fill();
	snprintf(path, sizeof(path), "%s/d", place);
	CHECK_OK(mount("y", path, "tmpfs", 0, NULL));
	CHECK_ERRNO(umount(place), EBUSY);
	CHECK_OK(umount(path));
	CHECK_OK(umount(place));
	say("busy with a mount in it\n");
}

static void chrooted(void)
{
	CHECK_OK(chroot(place));
	CHECK_OK(chdir("/"));
	raise(SIGSTOP);
	_exit(0);
}

static void root_of_another(void)
{
	pid_t child;
	int status;

	fill();
	child = check_fork();
	if (child == 0)
		chrooted();
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	CHECK_ERRNO(umount(place), EBUSY);
	CHECK_OK(kill(child, SIGCONT));
	wait_well(child);
	CHECK_OK(umount(place));
	say("busy with another's root\n");
}

/* Out of sight; who has something of it open can go on with it. */
static void detached(void)
{
	struct room before = room_now();
	char name[64];
	char *area;
	int directory, fd;

	fill();
	area = map_big(MAP_SHARED);
	directory = open(place, O_RDONLY | O_DIRECTORY);
	CHECK_OK(umount2(place, MNT_DETACH));
	CHECK_ERRNO(umount2(place, MNT_DETACH), EINVAL);
	CHECK_OK(chdir(place));
	CHECK_ERRNO(access("big", F_OK), ENOENT);
	CHECK_OK(faccessat(directory, "d/e/fifo", F_OK, 0));
	fd = openat(directory, "d/new", O_RDWR | O_CREAT, 0600);
	CHECK_OK(fd);
	CHECK_OK(fchdir(directory));
	CHECK_ERRNO(mount("y", "d", "tmpfs", 0, NULL), ENOENT);
	CHECK_OK(chdir("d"));
	close(directory);
	CHECK_OK(access("../big", F_OK));
	CHECK_OK(access("../../big", F_OK)); /* the top: no way out */
	CHECK_EQ(syscall(SYS_getcwd, name, sizeof(name)) > 0 && name[0] == '/',
		 0);
	CHECK_OK(chdir("/"));
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd); /* the last one: the files go */
	if (on_calf()) /* but for the one that is mapped */
		CHECK(before.frames - room_now().frames >= FILE_PAGES);
	CHECK_EQ(area[0], 0);
	CHECK_OK(munmap(area, PAGE_SIZE));
	check_room(&before);
	say("detached: goes with its last user\n");
}

static void detached_tree(void)
{
	struct room before = room_now();
	char path[64];

	fill();
	snprintf(path, sizeof(path), "%s/d/e", place);
	CHECK_OK(mount("y", path, "tmpfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/d/e/f", place);
	CHECK_OK(mkdir(path, 0700));
	CHECK_OK(mount("z", path, "tmpfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/d/e/f/g", place);
	CHECK_OK(mkdir(path, 0700));
	CHECK_OK(umount2(place, MNT_DETACH));
	CHECK_ERRNO(access(path, F_OK), ENOENT);
	check_room(&before);
	say("detached with what is mounted in it\n");
}

/* A directory too deep for the stack of whoever goes through it. */
static void deep(void)
{
	struct room before = room_now();

	CHECK_OK(mount("x", place, "tmpfs", 0, NULL));
	CHECK_OK(chdir(place));
	for (int i = 0; i < 2000; i++) {
		CHECK_OK(mkdir("a", 0700));
		CHECK_OK(mkdir("b", 0700));
		CHECK_OK(chdir("b"));
	}
	CHECK_OK(chdir("/"));
	CHECK_OK(umount(place));
	check_room(&before);
	say("2000 directories deep\n");
}

int main(void)
{
	if (!on_calf()) { /* leave this machine's own mounts alone */
		CHECK_OK(unshare(CLONE_NEWNS));
		CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	}
	CHECK(mkdtemp(place));
	CHECK_ERRNO(umount2(place, 64), EINVAL);
	CHECK_ERRNO(umount(place), EINVAL);
	(void)room_now();
	plain();
	busy();
	root_of_another();
	detached();
	detached_tree();
	deep();
	CHECK_OK(rmdir(place));
	run_check();
	return 0;
}
