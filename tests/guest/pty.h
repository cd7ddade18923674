/* SPDX-License-Identifier: MIT */
/*
 * tests/guest/pty.h - a pseudo-terminal pair, and typing at it.
 *
 * What is written to the master arrives at the slave a moment later on Linux:
 * so everything here waits for the bytes it expects.
 */
#pragma once

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "guest.h"

static int master = -1, slave = -1;

static inline const char *slave_path(void)
{
	static char path[32];
	int number = -1;

	CHECK_OK(ioctl(master, TIOCGPTN, &number));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	return path;
}

static inline void pty_open(void)
{
	int unlock = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK_OK(master);
	CHECK_OK(ioctl(master, TIOCSPTLCK, &unlock));
	slave = open(slave_path(), O_RDWR | O_NOCTTY);
	CHECK_OK(slave);
}

static inline void pty_close(void)
{
	close(slave);
	close(master);
}

/* Bytes as a reader wants to see them. */
static inline const char *shown(const char *bytes, long count)
{
	static char text[1024];
	size_t length = 0;

	for (long i = 0; i < count && length < sizeof(text) - 5; i++)
		length += (size_t)snprintf(
			text + length, 5,
			bytes[i] >= ' ' && bytes[i] < 127 ? "%c" : "\\x%02x",
			(unsigned char)bytes[i]);
	text[length] = '\0';
	return text;
}

static inline void type(const char *text)
{
	CHECK_EQ(write(master, text, strlen(text)), strlen(text));
}

static inline bool has_input(int fd, int ms)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };

	return poll(&ask, 1, ms) == 1 && (ask.revents & POLLIN);
}

/* Exactly these bytes must come from @fd. */
static inline void expect(int fd, const char *want)
{
	char got[512];
	size_t length = 0, size = strlen(want);

	while (length < size) {
		long count;

		if (!has_input(fd, 5000))
			break;
		count = read(fd, got + length, size - length);
		if (count <= 0)
			break;
		length += (size_t)count;
	}
	if (length == size && !memcmp(got, want, size))
		return;
	say("wanted \"%s\"\n", shown(want, (long)size));
	FAIL("got    \"%s\"", shown(got, (long)length));
}

/* One read from the slave must give exactly this. */
static inline void expect_read(const char *want)
{
	char got[512];
	long count;

	if (!has_input(slave, 5000))
		FAIL("nothing to read, not \"%s\"",
		     shown(want, (long)strlen(want)));
	count = read(slave, got, sizeof(got));
	if (count == (long)strlen(want) && !memcmp(got, want, (size_t)count))
		return;
	say("wanted \"%s\"\n", shown(want, (long)strlen(want)));
	FAIL("got    \"%s\"", shown(got, count));
}

/* Set and clear flags of the slave. */
static inline struct termios change(tcflag_t set_local, tcflag_t clear_local,
				    tcflag_t set_input, tcflag_t clear_input)
{
	struct termios termios, before;

	CHECK_OK(tcgetattr(slave, &before));
	termios = before;
	termios.c_lflag |= set_local;
	termios.c_lflag &= ~clear_local;
	termios.c_iflag |= set_input;
	termios.c_iflag &= ~clear_input;
	CHECK_OK(tcsetattr(slave, TCSANOW, &termios));
	return before;
}

static inline void restore(const struct termios *termios)
{
	CHECK_OK(tcsetattr(slave, TCSANOW, termios));
}
