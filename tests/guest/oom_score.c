/*
 * guest-test: release=yes linux=yes mem=128M
 *             host="no: in a container root may lack the right"
 */
/*
 * oom_score and oom_score_adj of /proc: what may be written, by whom, what
 * comes of it for the score.
 */
#include "oom.h"

#include <sys/prctl.h>

/* What Linux makes of badness; all figures are in pages. */
static long expected_score(long adjustment)
{
	const char *status = "/proc/self/status";
	long total = file_value("/proc/meminfo", "MemTotal") / 4;
	long badness = file_value(status, "VmRSS") / 4 +
		       file_value(status, "VmPTE") / 4 +
		       adjustment * (total / 1000);

	return (1000 + badness * 1000 / total) * 2 / 3;
}

static void show_adjustment(const char *text)
{
	int error = file_write(OOM_ADJ, text) ? errno : 0;
	char now[16], score[16];

	CHECK_OK(file_read(OOM_ADJ, now, sizeof(now)));
	CHECK_OK(file_read("/proc/self/oom_score", score, sizeof(score)));
	say("oom_score_adj %s: %s, is %d\n", text, errno_name(error),
	    atoi(now));
	CHECK_EQ(atoi(score),
		 atoi(now) == -1000 ? 0 : expected_score(atoi(now)));
}

static void check_inherited(void)
{
	char text[16];

	CHECK_OK(file_read(OOM_ADJ, text, sizeof(text)));
	CHECK_EQ(atoi(text), 300);
}

static void files(void)
{
	static const char *const values[] = {
		"0",	"500",	 "-500", "1000",     "-1000",
		"1001", "-1001", "junk", "99999999", "300",
	};

	(void)expected_score(0); /* touches what it needs */
	for (size_t i = 0; i < COUNT_OF(values); i++)
		show_adjustment(values[i]);
	in_child_well(check_inherited);
	oom_adjust("0");
}

/* The older scale of 17 steps is only another view, a coarser one. */
static void old_file(const char *write, const char *want, int then)
{
	char text[16];

	CHECK_OK(file_write("/proc/self/oom_adj", write));
	CHECK_OK(file_read(OOM_ADJ, text, sizeof(text)));
	text[strlen(text) - 1] = '\0';
	if (strcmp(text, want) != 0)
		FAIL("oom_adj %s became %s, not %s", write, text, want);
	CHECK_OK(file_read("/proc/self/oom_adj", text, sizeof(text)));
	CHECK_EQ(atoi(text), then);
}

static void old_files(void)
{
	old_file("0", "0", 0);
	old_file("15", "1000", 15);
	old_file("-17", "-1000", -17);
	old_file("-8", "-470", -7);
	CHECK_ERRNO(file_write("/proc/self/oom_adj", "16"), EINVAL);
	CHECK_ERRNO(file_write("/proc/self/oom_adj", "-18"), EINVAL);
	oom_adjust("0");
	say("oom_adj: the same on the older scale\n");
}

/* Say how it ended, and where the process stands now. */
static void write_as_user(const char *file, const char *text)
{
	char now[16];
	int error = file_write(file, text) ? errno : 0;

	CHECK_OK(file_read(OOM_ADJ, now, sizeof(now)));
	say("  %s = %s: %s, is %d\n", strrchr(file, '/') + 1, text,
	    errno_name(error), atoi(now));
}

static void child_of_user(void)
{
	say("  its child\n");
	write_as_user(OOM_ADJ, "99");
	write_as_user(OOM_ADJ, "100");
}

/* Root has put it at 100: a user may go up, and down again to that. */
static void user(void)
{
	oom_adjust("100");
	CHECK_OK(setresuid(54321, 54321, 54321));
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1)); /* its files are its own again */
	say("a user, at 100\n");
	write_as_user(OOM_ADJ, "300");
	write_as_user(OOM_ADJ, "200");
	write_as_user(OOM_ADJ, "99");
	write_as_user(OOM_ADJ, "-1000");
	write_as_user(OOM_ADJ, "1001");
	in_child_well(child_of_user);
	write_as_user("/proc/self/oom_adj", "3"); /* 176 */
	write_as_user("/proc/self/oom_adj", "8");
	write_as_user("/proc/self/oom_adj", "7");
	write_as_user(OOM_ADJ, "100");
	CHECK_ERRNO(file_write("/proc/1/oom_score_adj", "500"), EACCES);
}

/* Of another process. */
static void of_another(void)
{
	char path[64], text[16];
	pid_t pid = check_fork();

	if (pid == 0)
		pause();
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	CHECK_OK(file_write(path, "-300"));
	CHECK_OK(file_read(path, text, sizeof(text)));
	CHECK_EQ(atoi(text), -300);
	CHECK_OK(file_read(OOM_ADJ, text, sizeof(text)));
	CHECK_EQ(atoi(text), 0);
	say("of another process: that one's own\n");
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(wait_for(pid), SIGKILL);
}

int main(void)
{
	files();
	old_files();
	in_child_well(user);
	of_another();
	return 0;
}
