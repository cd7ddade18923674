/* guest-test: host=yes release=yes */
/* A pseudo-terminal: what is typed, what is shown, and what a program reads. */
#include "pty.h"

/* Type; this must be shown, and this be read, in one read. */
static void line(const char *typed, const char *echo, const char *got)
{
	type(typed);
	expect(master, echo);
	expect_read(got);
}

static void defaults(void)
{
	struct termios termios;

	CHECK_OK(tcgetattr(slave, &termios));
	say("defaults: %o %o %o %o", termios.c_iflag, termios.c_oflag,
	    termios.c_cflag, termios.c_lflag);
	for (int i = 0; i < 17; i++)
		say(" %d", termios.c_cc[i]);
	say("\n");
}

static void editing(void)
{
	struct termios before;

	line("hello\n", "hello\r\n", "hello\n");
	line("hex\x7flp\n", "hex\b \blp\r\n", "help\n");
	line("\x7f\x7fx\n", "x\r\n", "x\n");
	line("one two\x17zwei\n", "one two\b \b\b \b\b \bzwei\r\n",
	     "one zwei\n");
	line("no\x15yes\n", "no\b \b\b \byes\r\n", "yes\n");
	line("a\tb\x7f\x7f"
	     "c\n",
	     "a\tb\b \b\b\b\b\b\b\b\bc\r\n", "ac\n");
	line("ab\x16\x03"
	     "c\x7f\x7f"
	     "d\n",
	     "ab^\b^Cc\b \b\b \b\b \bd\r\n", "abd\n");
	line("\x16\x04"
	     "ab\x12"
	     "c\n",
	     "^\b^Dab^R\r\n^Dabc\r\n",
	     "\x04"
	     "abc\n");
	line("cr\r", "cr\r\n", "cr\n");
	say("erase, word, kill, tab, quote, reprint\n");

	before = change(0, ECHOKE, 0, 0);
	line("no\x15yes\n", "no^U\r\nyes\r\n", "yes\n");
	change(0, ECHOE, 0, 0);
	line("ab\x7f"
	     "c\n",
	     "ab^?c\r\n", "ac\n");
	change(0, ECHOCTL, 0, 0);
	line("a\x01"
	     "b\n",
	     "a\x01"
	     "b\r\n",
	     "a\x01"
	     "b\n");
	change(ECHONL, ECHO, 0, 0);
	line("secret\n", "\r\n", "secret\n");
	restore(&before);
	say("ECHOKE, ECHOE, ECHOCTL, ECHO off; ECHONL on\n");

	/* A letter of two bytes and one of three. */
	change(0, 0, IUTF8, 0);
	line("\xc3\xa9\x7f\xe2\x82\xac\x7fx\n",
	     "\xc3\xa9\b \b\xe2\x82\xac\b \bx\r\n", "x\n");
	change(0, 0, 0, IUTF8);
	line("\xc3\xa9\x7f\x7fx\n", "\xc3\xa9\b \b\b \bx\r\n", "x\n");
	restore(&before);
	say("IUTF8: one key wipes a letter\n");
}

static void ends(void)
{
	struct termios before, termios;
	char byte;

	type("part\x04");
	expect(master, "part");
	expect_read("part");
	type("\x04");
	CHECK(has_input(slave, 5000));
	CHECK_EQ(read(slave, &byte, 1), 0);
	/* The rest of a line waits for the next read. */
	type("abc\n");
	expect(master, "abc\r\n");
	CHECK(has_input(slave, 5000));
	CHECK_EQ(read(slave, &byte, 1), 1);
	CHECK_EQ(byte, 'a');
	expect_read("bc\n");
	type("one\ntwo\n");
	expect(master, "one\r\ntwo\r\n");
	expect_read("one\n");
	expect_read("two\n");
	CHECK_OK(tcgetattr(slave, &before));
	termios = before;
	termios.c_cc[VEOL] = ';';
	restore(&termios);
	line("x;", "x;", "x;");
	restore(&before);
	say("end of file, end of line, half a line\n");

	before = change(0, 0, INLCR, ICRNL);
	type("a\nb\x04");
	expect(master, "a^Mb");
	expect_read("a\rb");
	change(0, 0, IGNCR, INLCR);
	line("a\rb\n", "ab\r\n", "ab\n");
	change(0, 0, ISTRIP, 0);
	line("\xe1\n", "a\r\n", "a\n");
	restore(&before);
	say("INLCR, IGNCR, ISTRIP\n");
}

static void output(void)
{
	struct termios before, termios;

	CHECK_OK(tcgetattr(slave, &before));
	CHECK_EQ(write(slave, "a\nb\n", 4), 4);
	expect(master, "a\r\nb\r\n");
	termios = before;
	termios.c_oflag |= XTABS;
	restore(&termios);
	CHECK_EQ(write(slave, "ab\tc\t\n", 6), 6);
	expect(master, "ab      c       \r\n");
	termios.c_oflag |= OCRNL | ONOCR;
	restore(&termios);
	CHECK_EQ(write(slave, "\rx\r\n", 4), 4);
	expect(master, "x\n\r\n");
	termios.c_oflag = OPOST | OLCUC;
	restore(&termios);
	CHECK_EQ(write(slave, "up\n", 3), 3);
	expect(master, "UP\n");
	termios.c_oflag = 0;
	restore(&termios);
	CHECK_EQ(write(slave, "raw\n", 4), 4);
	expect(master, "raw\n");
	restore(&before);
	say("ONLCR, XTABS, OCRNL, ONOCR, OLCUC, no OPOST\n");
}

static void set_times(cc_t least, cc_t time)
{
	struct termios termios;

	CHECK_OK(tcgetattr(slave, &termios));
	termios.c_cc[VMIN] = least;
	termios.c_cc[VTIME] = time;
	restore(&termios);
}

static void raw(void)
{
	struct termios before = change(0, ICANON | ECHO, 0, 0);
	struct pollfd ask = { .fd = slave, .events = POLLIN };
	char bytes[16];
	int count;

	set_times(1, 0);
	type("x");
	expect_read("x");
	set_times(3, 0);
	type("ab");
	CHECK_EQ(poll(&ask, 1, 100), 0);
	type("c");
	expect_read("abc");
	set_times(0, 0);
	CHECK_EQ(read(slave, bytes, sizeof(bytes)), 0);
	set_times(0, 1);
	CHECK_EQ(read(slave, bytes, sizeof(bytes)), 0);
	/* The time runs from byte to byte. */
	set_times(5, 1);
	type("ab");
	CHECK_EQ(read(slave, bytes, sizeof(bytes)), 2);
	set_times(1, 0);
	CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(read(slave, bytes, 1), EAGAIN);
	CHECK_OK(fcntl(slave, F_SETFL, 0));
	type("three");
	CHECK(has_input(slave, 5000));
	while (ioctl(slave, FIONREAD, &count) == 0 && count < 5)
		;
	CHECK_EQ(count, 5);
	CHECK_OK(tcflush(slave, TCIFLUSH));
	CHECK_OK(ioctl(slave, FIONREAD, &count));
	CHECK_EQ(count, 0);
	/* What was typed before lines are made counts as one. */
	type("left");
	CHECK(has_input(slave, 5000));
	while (ioctl(slave, FIONREAD, &count) == 0 && count < 4)
		;
	restore(&before);
	expect_read("left");
	say("VMIN, VTIME, O_NONBLOCK, FIONREAD, tcflush\n");
}

static void flow(void)
{
	struct termios before;

	type("\x13");
	type("x");
	CHECK(!has_input(master, 100));
	type("\x11");
	type("\n");
	expect(master, "x\r\n");
	expect_read("x\n");
	before = change(0, 0, IXANY, 0);
	type("\x13");
	type("y\n");
	expect(master, "y\r\n");
	expect_read("y\n");
	restore(&before);
	CHECK_OK(tcflow(slave, TCIOFF));
	expect(master, "\x13");
	CHECK_OK(tcflow(slave, TCION));
	expect(master, "\x11");
	CHECK_OK(tcflow(slave, TCOOFF));
	CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(write(slave, "z", 1), EAGAIN);
	CHECK_OK(tcflow(slave, TCOON));
	CHECK_EQ(write(slave, "z", 1), 1);
	CHECK_OK(fcntl(slave, F_SETFL, 0));
	expect(master, "z");
	CHECK_ERRNO(ioctl(slave, TCXONC, 9), EINVAL);
	CHECK_ERRNO(ioctl(slave, TCFLSH, 9), EINVAL);
	CHECK_OK(tcdrain(slave));
	say("^S, ^Q, any key, tcflow\n");
}

/* More than fits anywhere: nothing is lost, in either direction. */
static void plenty(void)
{
	enum { LINES = 3000, BYTES = 64 };
	struct termios before = change(0, ECHO, 0, 0);
	char text[BYTES + 1], got[BYTES];
	pid_t pid = check_fork();

	memset(text, 'm', BYTES);
	text[BYTES - 1] = '\n';
	if (pid == 0) {
		for (int i = 0; i < LINES; i++) {
			CHECK_EQ(read(slave, got, BYTES), BYTES);
			CHECK_EQ(memcmp(got, text, BYTES), 0);
		}
		for (int i = 0; i < LINES; i++)
			CHECK_EQ(write(slave, text, BYTES), BYTES);
		_exit(0);
	}
	text[BYTES] = '\0';
	for (int i = 0; i < LINES; i++)
		type(text);
	text[BYTES - 1] = '\r';
	text[BYTES] = '\n';
	for (int i = 0; i < LINES; i++) {
		char line[BYTES + 2] = { 0 };

		memcpy(line, text, BYTES + 1);
		expect(master, line);
	}
	wait_well(pid);
	restore(&before);
	say("%d lines in, %d lines out\n", LINES, LINES);
}

static void openings(void)
{
	struct stat stat;
	char path[32], locked[32];
	int first = master;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	CHECK_OK(master);
	strcpy(locked, slave_path());
	CHECK_ERRNO(open(locked, O_RDWR | O_NOCTTY), EIO);
	close(master);
	CHECK_ERRNO(open(locked, O_RDWR | O_NOCTTY), ENOENT);
	master = first;
	strcpy(path, slave_path());
	CHECK_OK(fstat(slave, &stat));
	CHECK(S_ISCHR(stat.st_mode));
	CHECK_EQ(stat.st_rdev >> 8, 136);
	CHECK(isatty(slave) && isatty(master));
	/* All slaves closed: the end for the master, until one is opened. */
	CHECK_EQ(write(slave, "bye", 3), 3);
	close(slave);
	expect(master, "bye");
	CHECK_ERRNO(read(master, path + 16, 1), EIO);
	slave = open(path, O_RDWR | O_NOCTTY);
	CHECK_OK(slave);
	line("again\n", "again\r\n", "again\n");
	close(master);
	CHECK_EQ(read(slave, path + 16, 1), 0);
	CHECK_ERRNO(write(slave, "x", 1), EIO);
	CHECK_ERRNO(ioctl(slave, TCFLSH, 0), EIO);
	CHECK_ERRNO(open(path, O_RDWR | O_NOCTTY), ENOENT);
	close(slave);
	say("locked, closed on one side, then on the other\n");
}

int main(void)
{
	pty_open();
	defaults();
	editing();
	ends();
	output();
	raw();
	flow();
	plenty();
	openings();
	run_check();
	return 0;
}
