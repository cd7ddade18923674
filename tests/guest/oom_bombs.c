/*
 * guest-test: release=yes host="no: takes all memory" mem=32M timeout=120
 * append="check=0 sysctl.vm.oom_dump_tasks=0 sysctl.vm.overcommit_memory=1"
 */
/*
 * Fork bombs: processes that write what they have and fork, and so on.  The
 * machine lives through it; and a limit for the user makes it a harmless one.
 */
#include "oom.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static volatile bool *stop; /* shared: tells all of them to end */

#define BOMBER 54321 /* a user */

static int bomb_pages;

static void bomb(void)
{
	volatile char *area = map_pages((size_t)bomb_pages, MAP_PRIVATE);

	while (!*stop) {
		write_pages(area, 0, bomb_pages, 'b');
		if (fork() < 0)
			usleep(1000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void fork_bomb(void)
{
	long before = oom_free();
	long kills = oom_kills();
	pid_t pid;

	bomb_pages = 50;
	*stop = false;
	pid = oom_child("0", bomb);
	while (oom_kills() < kills + 20)
		usleep(1000);
	*stop = true;
	(void)wait_for(pid);
	say("a fork bomb: twenty kills, and the machine lives\n");
	oom_is_quiet(before);
}

/* The same bomb of a user who may have 20 processes: they all fit. */
static void limited_bomb(void)
{
	struct rlimit limit = { 20, 20 };

	CHECK_OK(setrlimit(RLIMIT_NPROC, &limit));
	CHECK_OK(setresuid(BOMBER, BOMBER, BOMBER));
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1)); /* shows whose it is */
	bomb();
}

/* Processes of that user. */
static int count_bombers(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	struct stat status;
	int count = 0;

	CHECK(processes != NULL);
	while ((entry = readdir(processes)))
		if (fstatat(dirfd(processes), entry->d_name, &status, 0) == 0)
			count += status.st_uid == BOMBER;
	closedir(processes);
	return count;
}

static void fork_bomb_with_limit(void)
{
	long before = oom_free();
	long kills = oom_kills();
	int seen = 0;
	pid_t pid;

	*stop = false;
	pid = oom_child("0", limited_bomb);
	while (count_bombers() < 20)
		usleep(1000);
	for (int i = 0; i < 50; i++) {
		int count = count_bombers();

		seen = count > seen ? count : seen;
		usleep(1000);
	}
	CHECK_EQ(seen, 20);
	*stop = true;
	CHECK_EQ(wait_for(pid), 0);
	CHECK_EQ(oom_kills(), kills);
	say("with RLIMIT_NPROC at 20: 20 processes, nobody is killed\n");
	oom_is_quiet(before);
}

int main(void)
{
	stop = map_pages(1, MAP_SHARED);
	*stop = false;
	oom_adjust(NEVER);
	settle();
	(void)oom_kills();
	(void)oom_free();
	(void)count_bombers(); /* has its heap now */
	fork_bomb();
	fork_bomb_with_limit();
	return 0;
}
