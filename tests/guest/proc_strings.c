/* guest-test: host=yes */
/* /proc/PID/cmdline and environ: what execve was given, byte for byte. */
#include "guest.h"

static char text[4096];

static void show(const char *path, const char *want, size_t size)
{
	CHECK_EQ(file_read(path, text, sizeof(text)), (long)size);
	CHECK(!memcmp(text, want, size));
}

static void check_own(char **argv)
{
	static const char words[] = "first\0two words\0\0last";
	static const char variables[] = "A=1\0EMPTY=\0C=x y";
	char path[64];

	show("/proc/self/cmdline", words, sizeof(words));
	show("/proc/self/environ", variables, sizeof(variables));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", getpid());
	show(path, words, sizeof(words));
	say("as execve was told\n");
	argv[1][0] = 'T';
	CHECK_OK(file_read("/proc/self/cmdline", text, sizeof(text)));
	say("read from the process's own memory: %s\n",
	    text + strlen(text) + 1);
}

/* What has ended has no strings any more, but still a name. */
static void check_ended(void)
{
	siginfo_t info;
	pid_t pid = check_fork();
	char path[64];

	if (pid == 0)
		_exit(0);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	CHECK_EQ(file_read(path, text, sizeof(text)), 0);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	CHECK_OK(file_read(path, text, sizeof(text)));
	CHECK(text[0] != '\n');
	wait_well(pid);
	CHECK_EQ(file_read(path, text, sizeof(text)), -1);
	say("ended: no strings; waited for: nothing at all\n");
}

int main(int argc, char **argv)
{
	static char *words[] = { "first", "two words", "", "last", NULL };
	static char *variables[] = { "A=1", "EMPTY=", "C=x y", NULL };
	pid_t pid;

	if (argc == 4) {
		check_own(argv);
		return 0;
	}
	pid = check_fork();
	if (pid == 0) {
		execve("/proc/self/exe", words, variables);
		FAIL("execve: %s", errno_name(errno));
	}
	wait_well(pid);
	check_ended();
	return 0;
}
