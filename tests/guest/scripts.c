/* guest-test: host=yes */
/* Programs that are text, and programs that are found by a descriptor. */
#include <fcntl.h>
#include <sys/stat.h>

#include "guest.h"

enum { LINE = 256 };

static char directory[32] = "/tmp/scripts-XXXXXX";
static char self[256];

static void make_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0777);

	CHECK_OK(fd);
	CHECK_OK(write(fd, text, strlen(text)));
	CHECK_OK(fchmod(fd, mode));
	CHECK_OK(close(fd));
}

static char *const arguments[] = { "zero", "one", "two words", NULL };
static char *const environment[] = { "HOW=path", NULL };
static char *const by_number[] = { "HOW=descriptor", NULL };

/* What became of it: the program itself says what it got. */
static void run(const char *path)
{
	pid_t pid;

	pid = check_fork();
	if (pid == 0) {
		execve(path, arguments, environment);
		say("%s: %s\n", path, errno_name(errno));
		_exit(0);
	}
	wait_well(pid);
}

static void make_and_run(const char *name, const char *text)
{
	make_file(name, text, 0755);
	run(name);
}

/* This is what the scripts run, as "me". */
static int show(int argc, char **argv)
{
	char name[17] = "", link[256] = "";

	CHECK_OK(readlink("/proc/self/exe", link, sizeof(link) - 1));
	CHECK(strstr(link, "scripts"));
	CHECK_OK(file_read("/proc/self/comm", name, sizeof(name)));
	name[strcspn(name, "\n")] = '\0';
	/* By a descriptor it differs between versions of Linux. */
	if (!strcmp(getenv("HOW"), "path"))
		say("%s:", name);
	for (int i = 0; i < argc; i++) {
		if (strlen(argv[i]) > 40)
			say(" [%zu bytes]", strlen(argv[i]));
		else
			say(" [%s]", argv[i]);
	}
	say("\n");
	return 0;
}

static void test_lines(void)
{
	make_and_run("plain", "#!me\n");
	make_and_run("argument", "#!me -x\n");
	make_and_run("spaces", "#! \t me\t -x  y z \t \nmore\n");
	make_and_run("no-newline", "#!me -x");
	make_and_run("blank-end", "#!me ");
	run("./plain");
	make_and_run("missing", "#!/no/such/program\n");
	make_and_run("directory", "#!/tmp\n");
	make_and_run("nothing", "#!\n");
	make_and_run("only-blanks", "#!  \t\nx\n");
	make_and_run("end-of-file", "#!");
	make_and_run("one-byte", "#");
	make_and_run("empty", "");
	make_and_run("text", "echo no\n");
	make_file("forbidden", "#!me\n", 0644);
	run("forbidden");
	make_and_run("other-forbidden", "#!forbidden\n");
}

/* The kernel looks at the first bytes only. */
static void test_long_lines(void)
{
	char text[2 * LINE];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "#!/", 3);
	make_and_run("long-name", text);
	memset(text + 2, ' ', LINE - 2);
	make_and_run("long-blank", text);
	memset(text, 'b', sizeof(text) - 1);
	memcpy(text, "#!me ", 5);
	make_and_run("long-argument", text);
}

static void test_nesting(void)
{
	char name[] = "nested0", text[] = "#!nested0 a\n";

	make_file(name, "#!me a\n", 0755);
	for (char i = '1'; i <= '5'; i++) {
		text[8] = (char)(i - 1);
		name[6] = i;
		make_file(name, text, 0755);
	}
	run("nested1");
	run("nested4");
	run("nested5");
	make_and_run("itself", "#!itself\n");
}

static void by_descriptor(const char *what, int fd, const char *path, int flags)
{
	pid_t pid = check_fork();

	if (pid == 0) {
		syscall(SYS_execveat, fd, path, arguments, by_number, flags);
		say("%s: %s\n", what, errno_name(errno));
		_exit(0);
	}
	wait_well(pid);
}

static void test_execveat(void)
{
	int folder = open(".", O_RDONLY | O_DIRECTORY);
	int script = open("plain", O_RDONLY);

	CHECK_OK(folder);
	CHECK_OK(dup2(folder, 20));
	CHECK_OK(dup2(script, 21));
	CHECK_OK(symlink("plain", "link"));
	by_descriptor("relative", 20, "plain", 0);
	by_descriptor("cwd", AT_FDCWD, "plain", 0);
	by_descriptor("link", AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW);
	by_descriptor("flags", 20, "plain", 1);
	by_descriptor("empty path", 21, "", 0);
	by_descriptor("no directory", 21, "plain", 0);
	by_descriptor("closed", 22, "", AT_EMPTY_PATH);
	by_descriptor("bad address", 21, (const char *)1, AT_EMPTY_PATH);
	by_descriptor("a directory", 20, "", AT_EMPTY_PATH);
	CHECK_OK(fcntl(20, F_SETFD, FD_CLOEXEC));
	CHECK_OK(fcntl(21, F_SETFD, FD_CLOEXEC));
	by_descriptor("close-on-exec", 20, "plain", 0);
	by_descriptor("close-on-exec", 21, "", AT_EMPTY_PATH);
}

static void test_program(void)
{
	int program = open("me", O_RDONLY | O_CLOEXEC);

	CHECK_OK(dup3(program, 22, O_CLOEXEC));
	by_descriptor("program", 22, "", AT_EMPTY_PATH);
}

int main(int argc, char **argv)
{
	if (getenv("HOW"))
		return show(argc, argv);
	CHECK_OK(readlink("/proc/self/exe", self, sizeof(self) - 1));
	CHECK(mkdtemp(directory));
	CHECK_OK(chdir(directory));
	CHECK_OK(symlink(self, "me"));
	test_lines();
	test_long_lines();
	test_nesting();
	test_execveat();
	test_program();
	run_check();
	return 0;
}
