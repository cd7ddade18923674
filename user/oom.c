// SPDX-License-Identifier: MIT
/*
 * user/oom.c - memory runs out: who dies, and why?
 *
 *	oom [SCENE...]
 *
 * Three processes have memory: a bystander with data, a small one that is
 * protected, and a hog that takes all there is left.  Each scene gives them
 * other values of oom_score_adj.  Just before the end we read the oom_score of
 * each, say who has the highest, and see whether the kernel agrees.
 *
 * On Linux: as root, and in a virtual machine of little memory - it is meant
 * to run out.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "calf.h"

enum { BYSTANDER, PROTECTED, HOG, ROLES };

static const char *const role_names[ROLES] = { "bystander", "protected",
					       "hog" };

struct scene {
	const char *what;
	int adjustment[ROLES];
};

static const struct scene scenes[] = {
	{ "nobody is special: the largest goes", { 0, -1000, 0 } },
	{ "the bystander is at 600: a small one can be worth more",
	  { 600, -1000, 0 } },
	{ "the hog is protected: somebody else pays", { 0, -1000, -1000 } },
};

/* Seen by all. */
struct shared {
	volatile bool is_ready; /* the latest child has what it shall have */
	volatile bool may_go_on; /* the hog */
};

static struct shared *shared;

static long memory_pages; /* free at the start */

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static long oom_kills(void)
{
	return file_value("/proc/vmstat", "oom_kill");
}

static void adjust(int adjustment)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", adjustment);
	if (file_write("/proc/self/oom_score_adj", text) < 0)
		die("oom_score_adj (are you root?)");
}

/* ---- The three ------------------------------------------------------ */

static volatile unsigned long *take(long pages)
{
	volatile unsigned long *area = map_pages((size_t)pages, MAP_PRIVATE);

	for (long i = 0; i < pages; i++)
		area[i * (PAGE_SIZE / 8)] = (unsigned long)i;
	return area;
}

static bool is_intact(volatile unsigned long *area, long pages)
{
	for (long i = 0; i < pages; i++)
		if (area[i * (PAGE_SIZE / 8)] != (unsigned long)i)
			return false;
	return true;
}

static volatile sig_atomic_t asked;

static void on_term(int number)
{
	(void)number;
	asked = true;
}

/* Has data, and can say in the end whether it still has. */
static void hold(long pages)
{
	struct sigaction action = { .sa_handler = on_term };
	volatile unsigned long *area = take(pages);
	sigset_t term, before;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	sigaction(SIGTERM, &action, NULL);
	shared->is_ready = true;
	while (!asked)
		sigsuspend(&before);
	_exit(is_intact(area, pages) ? 0 : 1);
}

/*
 * Takes half, lets us look at everyone, and goes on until somebody is killed:
 * perhaps it is not the one.
 */
static void hog(void)
{
	long kills = oom_kills();
	volatile char *area = map_pages((size_t)memory_pages, MAP_PRIVATE);

	for (long i = 0; i < memory_pages; i++) {
		if (i == memory_pages / 2) {
			shared->is_ready = true;
			while (!shared->may_go_on)
				usleep(1000);
		}
		area[i * PAGE_SIZE] = 'h';
		if (i % 64 == 0 && oom_kills() != kills)
			_exit(0);
	}
	_exit(2);
}

static pid_t start(int role, int adjustment)
{
	pid_t pid;

	shared->is_ready = false;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_NAME, role_names[role]);
		adjust(adjustment);
		if (role == HOG)
			hog();
		hold(role == BYSTANDER ? memory_pages / 4 : 16);
	}
	while (!shared->is_ready)
		usleep(1000);
	return pid;
}

/* ---- What can be known before --------------------------------------- */

static long number_in(pid_t pid, const char *name)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return file_read(path, text, sizeof(text)) < 0 ? -1 : atol(text);
}

static long status_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return file_value(path, name);
}

/* Return: the role that is to go, by what /proc says. */
static int show(const pid_t *pid)
{
	int worst = 0;
	long worst_score = -1;

	printf("  %-10s %5s %14s %9s %7s %10s\n", "process", "pid",
	       "oom_score_adj", "VmRSS", "VmPTE", "oom_score");
	for (int role = 0; role < ROLES; role++) {
		long score = number_in(pid[role], "oom_score");

		printf("  %-10s %5d %14ld %5ld KiB %3ld KiB %10ld\n",
		       role_names[role], pid[role],
		       number_in(pid[role], "oom_score_adj"),
		       status_of(pid[role], "VmRSS"),
		       status_of(pid[role], "VmPTE"), score);
		if (score >= worst_score) {
			worst = role;
			worst_score = score;
		}
	}
	return worst;
}

/* ---- One scene ------------------------------------------------------- */

static int wait_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return status;
}

static void play(const struct scene *scene)
{
	long kills = oom_kills();
	pid_t pid[ROLES];
	int expected;
	int dead = -1;

	printf("\n%s\n", scene->what);
	fflush(stdout);
	shared->may_go_on = false;
	for (int role = 0; role < ROLES; role++)
		pid[role] = start(role, scene->adjustment[role]);
	expected = show(pid);
	fflush(stdout);
	shared->may_go_on = true;

	for (int role = ROLES - 1; role >= 0; role--) {
		int status;

		if (role != HOG)
			kill(pid[role], SIGTERM);
		status = wait_status(pid[role]);
		if (WIFSIGNALED(status))
			dead = role;
		printf("  %-10s %s\n", role_names[role],
		       WIFSIGNALED(status) ? "killed" :
		       role == HOG	   ? "went on" :
		       status		   ? "LOST DATA" :
					     "has all its data");
	}
	printf("  the highest oom_score was the %s's: %s\n",
	       role_names[expected],
	       dead == expected && oom_kills() - kills == 1 ?
		       "it died, and nobody else" :
		       "but that is not what happened");
	fflush(stdout);
}

/* The kernel's own words, from its log. */
static void show_log(void)
{
	static char record[1024];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	long length;

	if (fd < 0)
		return;
	printf("\nThe kernel's log says:\n");
	while ((length = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (length < 0 && errno == EPIPE)) {
		char *text;

		if (length < 0)
			continue; /* overwritten meanwhile */
		record[length] = '\0';
		text = strchr(record, ';');
		if (text && strstr(text, "Killed process"))
			printf("  %.*s\n", (int)strcspn(text + 1, "\n"),
			       text + 1);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	shared = map_pages(1, MAP_SHARED);
	adjust(-1000);
	settle();
	memory_pages = free_frames();
	printf("%ld KiB free; the bystander has a quarter, the hog takes the "
	       "rest\n",
	       memory_pages * (PAGE_SIZE / 1024));
	for (int i = 0; i < (int)(sizeof(scenes) / sizeof(*scenes)); i++) {
		bool wanted = argc == 1;

		for (int arg = 1; arg < argc; arg++)
			wanted |= atoi(argv[arg]) == i + 1;
		if (wanted)
			play(&scenes[i]);
	}
	show_log();
	return 0;
}
