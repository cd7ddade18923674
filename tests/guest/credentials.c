/* guest-test: host=root */
/* Who a process is: changing ids, what root's departure takes along. */
#include "guest.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum { USER = 1000, GROUP = 2000 };

static void say_ids(const char *what)
{
	uid_t uid[3];
	gid_t gid[3];

	CHECK_OK(getresuid(&uid[0], &uid[1], &uid[2]));
	CHECK_OK(getresgid(&gid[0], &gid[1], &gid[2]));
	CHECK_EQ(getuid(), uid[0]);
	CHECK_EQ(geteuid(), uid[1]);
	CHECK_EQ(getgid(), gid[0]);
	CHECK_EQ(getegid(), gid[1]);
	say("%s: uid %u %u %u, gid %u %u %u\n", what, uid[0], uid[1], uid[2],
	    gid[0], gid[1], gid[2]);
}

/* The low words of the effective and the permitted set. */
static void say_capabilities(const char *what)
{
	struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, 0 };
	uint32_t data[6];

	CHECK_OK(syscall(SYS_capget, &header, data));
	say("%s: %s effective, %s permitted\n", what, data[0] ? "some" : "none",
	    data[1] ? "some" : "none");
}

static void drop_for_good(void)
{
	say_ids("root");
	CHECK_OK(setgid(GROUP));
	CHECK_OK(setuid(USER));
	say_ids("setgid, setuid");
	say_capabilities("somebody");
	CHECK_ERRNO(setuid(0), EPERM);
	CHECK_ERRNO(setgid(0), EPERM);
	CHECK_ERRNO(setresuid(-1, 0, -1), EPERM);
	CHECK_ERRNO(setreuid(0, -1), EPERM);
	CHECK_ERRNO(setgroups(0, NULL), EPERM);
	CHECK_OK(setuid(USER));
	CHECK_OK(setresuid(USER, -1, USER));
	CHECK_ERRNO(sethostname("x", 1), EPERM);
	CHECK_ERRNO(syscall(SYS_reboot, 0, 0, 0, 0), EPERM);
	CHECK_ERRNO(chroot("/"), EPERM);
	say("there is no way back\n");
}

static void drop_for_a_while(void)
{
	CHECK_OK(setresuid(-1, USER, -1));
	say_ids("seteuid");
	say_capabilities("for a while");
	CHECK_ERRNO(sethostname("x", 1), EPERM);
	CHECK_OK(setresuid(-1, 0, -1));
	say_capabilities("root again");
	CHECK_OK(setreuid(USER, 0));
	say_ids("setreuid");
	CHECK_OK(setreuid(0, USER));
	say_ids("swapped");
	CHECK_OK(setreuid(USER, 0));
}

static void keep_capabilities(void)
{
	CHECK_EQ(prctl(PR_GET_KEEPCAPS), 0);
	CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
	CHECK_OK(setuid(USER));
	say_capabilities("kept");
	CHECK_ERRNO(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
}

static void groups(void)
{
	gid_t list[3] = { 5, 6, 7 }, got[4] = { 0 };

	CHECK_OK(setgroups(3, list));
	CHECK_EQ(getgroups(0, NULL), 3);
	CHECK_ERRNO(getgroups(2, got), EINVAL);
	CHECK_EQ(getgroups(4, got), 3);
	say("groups: %u %u %u\n", got[0], got[1], got[2]);
	CHECK_ERRNO(syscall(SYS_setgroups, 65537, list), EINVAL);
	CHECK_ERRNO(syscall(SYS_setgroups, 3, 1L), EFAULT);
	CHECK_ERRNO(syscall(SYS_getgroups, -1, got), EINVAL);
	CHECK_EQ(syscall(SYS_setfsuid, USER), 0);
	CHECK_EQ(syscall(SYS_setfsuid, -1), USER);
	CHECK_EQ(syscall(SYS_setfsuid, 0), USER);
	CHECK_OK(setgroups(0, NULL));
	CHECK_EQ(getgroups(0, NULL), 0);
}

/* ---- Signals --------------------------------------------------------------- */

static struct gate alive;

/* Until nobody holds the other end any more. */
static void gate_end(const struct gate *gate)
{
	char byte;

	while (read(gate->fd[0], &byte, 1) != 0)
		;
}

static void no_signal_to_others(void)
{
	pid_t root = getppid(), other;

	other = check_fork();
	if (other == 0) {
		CHECK_OK(setuid(USER + 1));
		close(alive.fd[1]);
		gate_end(&alive); /* as long as the test runs */
		_exit(0);
	}
	usleep(100000); /* it has changed by then */
	CHECK_OK(setuid(USER));
	CHECK_ERRNO(kill(root, 0), EPERM);
	CHECK_ERRNO(kill(root, SIGTERM), EPERM);
	CHECK_ERRNO(kill(other, SIGKILL), EPERM);
	CHECK_ERRNO(syscall(SYS_tkill, other, SIGKILL), EPERM);
	CHECK_ERRNO(kill(32000, SIGTERM), ESRCH);
	CHECK_OK(kill(other, SIGCONT)); /* the same session */
	CHECK_OK(kill(getpid(), 0));
	say("kill of somebody else's process: EPERM\n");
}

static void signal_to_ones_own(void)
{
	pid_t child;

	CHECK_OK(setuid(USER));
	child = check_fork();
	if (child == 0)
		for (;;)
			pause();
	CHECK_OK(kill(child, SIGTERM));
	say("one's own: %s\n", how_ended(wait_for(child)));
}

/* ---- Files ----------------------------------------------------------------- */

static void make(const char *name, int mode, uid_t uid, gid_t gid)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);

	CHECK_OK(fd);
	CHECK_OK(fchown(fd, uid, gid));
	CHECK_OK(fchmod(fd, mode));
	close(fd);
}

static void files_of_others(void)
{
	gid_t list[1] = { 77 };

	CHECK_OK(setgroups(1, list));
	CHECK_OK(setgid(GROUP));
	CHECK_OK(setuid(USER));
	CHECK_ERRNO(open("of-root", O_RDONLY), EACCES);
	CHECK_ERRNO(open("for-group", O_RDWR), EACCES);
	CHECK_OK(open("for-group", O_RDONLY));
	CHECK_OK(open("for-77", O_WRONLY));
	CHECK_OK(open("mine", O_RDWR));
	CHECK_ERRNO(open("mine-not", O_RDONLY), EACCES); /* the owner's bits */
	CHECK_ERRNO(open("new", O_CREAT | O_WRONLY, 0600), EACCES);
	CHECK_ERRNO(mkdir("new", 0700), EACCES);
	CHECK_ERRNO(unlink("mine"), EACCES);
	CHECK_ERRNO(rename("mine", "new"), EACCES);
	CHECK_ERRNO(link("mine", "new"), EACCES);
	CHECK_ERRNO(truncate("for-group", 0), EACCES);
	CHECK_ERRNO(access("of-root", R_OK), EACCES);
	CHECK_OK(access("of-root", F_OK));
	CHECK_OK(access("mine", R_OK | W_OK));
	CHECK_ERRNO(access("mine", X_OK), EACCES);
	CHECK_ERRNO(chmod("of-root", 0777), EPERM);
	CHECK_OK(chmod("mine", 0640));
	CHECK_ERRNO(chown("mine", USER + 1, -1), EPERM);
	CHECK_OK(chown("mine", -1, 77));
	CHECK_ERRNO(chown("mine", -1, 78), EPERM);
	CHECK_ERRNO(open("closed/file", O_RDONLY), EACCES);
	CHECK_ERRNO(chdir("closed"), EACCES);
	CHECK_ERRNO(utimensat(AT_FDCWD, "of-root", NULL, 0), EACCES);
	CHECK_OK(open("sticky/new", O_CREAT | O_EXCL | O_WRONLY, 0));
	CHECK_ERRNO(unlink("sticky/of-root"), EPERM);
	CHECK_OK(unlink("sticky/new"));
	CHECK_ERRNO(mknod("sticky/null", S_IFCHR | 0666, 0x103), EPERM);
	say("files: as owner, group and others may\n");
}

static void run_file(void)
{
	struct stat stat_of;

	CHECK_OK(chown("mine", USER, GROUP));
	CHECK_OK(chmod("mine", 06755));
	CHECK_OK(chown("mine", USER, GROUP));
	CHECK_OK(stat("mine", &stat_of));
	say("chown takes set-user-ID away: mode %o\n", stat_of.st_mode & 07777);
	CHECK_OK(chmod("mine", 0644));
	CHECK_ERRNO(execl("mine", "mine", NULL), EACCES);
}

static void set_user_id(void)
{
	static char buffer[1 << 20];
	char *arguments[] = { "of-user", "ids", NULL };
	int from = open("/proc/self/exe", O_RDONLY), to;
	ssize_t bytes = read(from, buffer, sizeof(buffer));

	CHECK(bytes > 0 && bytes < (ssize_t)sizeof(buffer));
	to = open("of-user", O_CREAT | O_EXCL | O_WRONLY, 0700);
	CHECK_EQ(write(to, buffer, (size_t)bytes), bytes);
	close(to);
	CHECK_OK(chown("of-user", USER, GROUP));
	CHECK_OK(chmod("of-user", 06755));
	if (check_fork() == 0) {
		CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
		execv("of-user", arguments);
		FAIL("exec: %s", errno_name(errno));
	}
	wait(NULL);
	if (check_fork() == 0) {
		CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0), EINVAL);
		CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
		execv("of-user", arguments);
		FAIL("exec: %s", errno_name(errno));
	}
	wait(NULL);
	CHECK_OK(unlink("of-user"));
}

static void files(void)
{
	umask(0);
	CHECK_OK(mkdir("box", 0755));
	CHECK_OK(chdir("box"));
	make("of-root", 0600, 0, 0);
	make("for-group", 0640, 0, GROUP);
	make("for-77", 0020, 0, 77);
	make("mine", 0600, USER, 0);
	make("mine-not", 0077, USER, GROUP);
	CHECK_OK(mkdir("closed", 0700));
	make("closed/file", 0666, 0, 0);
	CHECK_OK(mkdir("sticky", 01777));
	make("sticky/of-root", 0666, 0, 0);
	in_child_well(files_of_others);
	run_file();
	set_user_id();
	CHECK_OK(unlink("of-root"));
	CHECK_OK(unlink("for-group"));
	CHECK_OK(unlink("for-77"));
	CHECK_OK(unlink("mine"));
	CHECK_OK(unlink("mine-not"));
	CHECK_OK(unlink("closed/file"));
	CHECK_OK(rmdir("closed"));
	CHECK_OK(unlink("sticky/of-root"));
	CHECK_OK(rmdir("sticky"));
	CHECK_OK(chdir(".."));
	CHECK_OK(rmdir("box"));
}

/* chroot(2): nothing outside can be named, but what is open stays open. */
static void jail(void)
{
	char path[64];
	int outside = open(".", O_RDONLY | O_DIRECTORY);

	CHECK_OK(mkdir("jail", 0755));
	CHECK_OK(mkdir("jail/cell", 0755));
	CHECK_OK(symlink("/cell", "jail/link"));
	make("jail/cell/bed", 0644, 0, 0);
	CHECK_ERRNO(chroot("nothing"), ENOENT);
	CHECK_ERRNO(chroot("jail/cell/bed"), ENOTDIR);
	if (check_fork() == 0) {
		CHECK_OK(chdir("jail/cell"));
		CHECK_OK(chroot(".."));
		CHECK(getcwd(path, sizeof(path)));
		say("chroot: in %s", path);
		CHECK_OK(open("/../../cell/../link/bed", O_RDONLY));
		CHECK_ERRNO(open("/jail", O_RDONLY), ENOENT);
		CHECK_OK(faccessat(outside, "jail", F_OK, 0));
		CHECK_OK(readlink("/link", path, sizeof(path)));
		say(", .. of the root is the root\n");
		_exit(0);
	}
	wait(NULL);
	CHECK_OK(unlink("jail/cell/bed"));
	CHECK_OK(unlink("jail/link"));
	CHECK_OK(rmdir("jail/cell"));
	CHECK_OK(rmdir("jail"));
	close(outside);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		say_ids("set-user-ID");
		CHECK_EQ(getauxval(AT_UID), getuid());
		CHECK_EQ(getauxval(AT_EUID), geteuid());
		CHECK_EQ(getauxval(AT_GID), getgid());
		CHECK_EQ(getauxval(AT_EGID), getegid());
		CHECK_EQ(getauxval(AT_SECURE), geteuid() != getuid());
		return 0;
	}
	in_child_well(drop_for_good);
	in_child_well(drop_for_a_while);
	in_child_well(keep_capabilities);
	in_child_well(groups);
	alive = gate_make();
	in_child_well(no_signal_to_others);
	close(alive.fd[1]);
	in_child_well(signal_to_ones_own);
	files();
	jail();
	run_check();
	return 0;
}
