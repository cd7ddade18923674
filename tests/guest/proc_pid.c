/* guest-test: host=yes */
/* A process's own files: links, comm, oom_score_adj, stat, status, limits. */
#include "guest.h"

#include <sys/resource.h>
#include <sys/stat.h>

static char text[8192];

static const char *link_of(const char *path)
{
	static char target[256];
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	CHECK_OK(length);
	target[length] = '\0';
	return target;
}

static void check_links(void)
{
	char own[32], self[40], pid[16];
	struct stat by_link, by_path;

	snprintf(pid, sizeof(pid), "%d", getpid());
	CHECK(!strcmp(link_of("/proc/self"), pid));
	CHECK_OK(chdir("/tmp"));
	CHECK(!strcmp(link_of("/proc/self/cwd"), "/tmp"));
	CHECK(!strcmp(link_of("/proc/self/root"), "/"));
	CHECK(strstr(link_of("/proc/self/exe"), "/proc_pid"));
	CHECK_OK(stat("/proc/self/cwd/.", &by_link));
	CHECK_OK(stat("/tmp", &by_path));
	CHECK_EQ(by_link.st_ino, by_path.st_ino);
	CHECK_OK(access("/proc/self/cwd/../proc/self/root/tmp", F_OK));
	snprintf(own, sizeof(own), "/proc/%d/exe", getpid());
	snprintf(self, sizeof(self), "%s/x", own);
	CHECK_ERRNO(open(self, O_RDONLY), ENOTDIR);
	CHECK_ERRNO(readlink("/proc/self/fd/77", self, 9), ENOENT);
	CHECK_ERRNO(readlink("/proc/self/fd/00", self, 9), ENOENT);
	say("cwd, root, exe: links that lead there\n");
}

static void check_descriptors(void)
{
	int fds[2], fd, again;
	char path[32], c;

	CHECK_OK(pipe(fds));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[1]);
	CHECK(!strncmp(link_of(path), "pipe:[", 6));
	CHECK_OK(again = open(path, O_WRONLY));
	CHECK_EQ(write(again, "x", 1), 1);
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(c, 'x');
	close(again);
	close(fds[0]);
	close(fds[1]);
	say("fd: a pipe opened once more\n");

	CHECK_OK(fd = open("/tmp/proc_pid", O_RDWR | O_CREAT | O_TRUNC, 0600));
	CHECK_EQ(write(fd, "kept", 4), 4);
	CHECK_OK(unlink("/tmp/proc_pid"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(strstr(link_of(path), "(deleted)"));
	CHECK_OK(again = open(path, O_RDONLY | O_CREAT, 0600));
	CHECK_EQ(read(again, text, 9), 4);
	CHECK(!memcmp(text, "kept", 4));
	close(again);
	close(fd);
	CHECK_ERRNO(open(path, O_RDONLY), ENOENT);
	say("fd: a deleted file opened once more\n");
}

static void check_comm(void)
{
	CHECK_OK(file_write("/proc/self/comm", "renamed"));
	CHECK_OK(file_read("/proc/self/comm", text, sizeof(text)));
	say("comm: %s", text);
	CHECK_OK(file_write("/proc/self/comm", "a name that is too long"));
	CHECK_OK(file_read("/proc/self/comm", text, sizeof(text)));
	say("comm: %s", text);
	CHECK_OK(file_read("/proc/self/stat", text, sizeof(text)));
	CHECK(strstr(text, "(a name that is )"));
}

static void child_adjustment(void)
{
	CHECK_OK(file_read("/proc/self/oom_score_adj", text, sizeof(text)));
	say("oom_score_adj of the child: %s", text);
}

static void check_oom(void)
{
	const char *file = "/proc/self/oom_score_adj";
	long before;

	CHECK_OK(file_write(file, "200\n"));
	CHECK_OK(file_read("/proc/self/oom_score", text, sizeof(text)));
	before = atol(text);
	CHECK_OK(file_write(file, "500"));
	CHECK_OK(file_read("/proc/self/oom_score", text, sizeof(text)));
	/* 300 of 1000 are 200 points; Linux rounds memory to 1000 parts. */
	CHECK(labs(atol(text) - before - 200) <= 20);
	CHECK_ERRNO(file_write(file, "1001"), EINVAL);
	CHECK_ERRNO(file_write(file, "-1001"), EINVAL);
	CHECK_ERRNO(file_write(file, "words"), EINVAL);
	in_child_well(child_adjustment);
	say("oom_score follows; beyond 1000: EINVAL\n");
}

static void check_stat(void)
{
	int pid, parent, group, session, fields = 2;
	long pages, resident;
	const char *at;

	CHECK_OK(file_read("/proc/self/stat", text, sizeof(text)));
	CHECK_EQ(sscanf(text, "%d", &pid), 1);
	at = strrchr(text, ')') + 2;
	CHECK_EQ(*at, 'R');
	CHECK_EQ(sscanf(at + 1, "%d %d %d", &parent, &group, &session), 3);
	CHECK_EQ(pid, getpid());
	CHECK_EQ(parent, getppid());
	CHECK_EQ(group, getpgrp());
	CHECK_EQ(session, getsid(0));
	for (; at; at = strchr(at + 1, ' '))
		fields++;
	CHECK_EQ(fields, 52);
	CHECK_OK(file_read("/proc/self/statm", text, sizeof(text)));
	CHECK_EQ(sscanf(text, "%ld %ld", &pages, &resident), 2);
	CHECK(pages >= resident && resident > 10);
	say("stat: 52 fields\n");
}

/* Each name begins a line, in this order; there may be more between. */
static void check_order(const char *path, const char *const *names)
{
	const char *at = text;

	CHECK_OK(file_read(path, text, sizeof(text)));
	for (; *names; names++) {
		at = strstr(at, *names);
		if (!at || (at > text && at[-1] != '\n'))
			FAIL("%s: %s is not there or not there", path, *names);
	}
}

static void check_limits(void)
{
	static const char *const names[] = {
		"Limit                     Soft Limit           "
		"Hard Limit           Units     \n",
		"Max cpu time ",
		"Max file size ",
		"Max data size ",
		"Max stack size ",
		"Max core file size",
		"Max resident set ",
		"Max processes ",
		"Max open files ",
		"Max locked memory ",
		"Max address space ",
		NULL
	};
	struct rlimit files;
	unsigned long soft = 0;

	check_order("/proc/self/limits", names);
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &files));
	sscanf(strstr(text, "Max open files "), "Max open files %lu", &soft);
	CHECK_EQ(soft, files.rlim_cur);
	say("limits: as getrlimit says\n");
}

int main(void)
{
	static const char *const status[] = {
		"Name:\t",    "Umask:\t",  "State:\t",	    "Tgid:\t",
		"Pid:\t",     "PPid:\t",   "TracerPid:\t",  "Uid:\t",
		"Gid:\t",     "FDSize:\t", "VmPeak:\t",	    "VmSize:\t",
		"VmHWM:\t",   "VmRSS:\t",  "RssAnon:\t",    "RssFile:\t",
		"VmData:\t",  "VmStk:\t",  "VmExe:\t",	    "VmPTE:\t",
		"Threads:\t", "SigPnd:\t", "SigBlk:\t",	    "SigIgn:\t",
		"SigCgt:\t",  "CapEff:\t", "NoNewPrivs:\t", NULL
	};

	check_links();
	check_descriptors();
	check_comm();
	check_oom();
	check_stat();
	check_order("/proc/self/status", status);
	say("status: in Linux's order\n");
	check_limits();
	run_check();
	return 0;
}
