// SPDX-License-Identifier: MIT
/*
 * linux_init.c - process 1 on Linux, for tools/run-linux
 *
 *	linux_init PROGRAM [ARG...]
 *
 * Makes /proc, /sys, /dev and /tmp, runs the program with its output on the
 * first serial port, unchanged, tells how it ended on the second one, and
 * switches the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int open_port(const char *path)
{
	struct termios settings;
	int fd = open(path, O_RDWR | O_NOCTTY);

	if (fd >= 0 && tcgetattr(fd, &settings) == 0) {
		cfmakeraw(&settings);
		tcsetattr(fd, TCSANOW, &settings);
	}
	return fd;
}

static _Noreturn void run(char **argv, int console)
{
	int null = open("/dev/null", O_RDONLY);

	dup2(null, STDIN_FILENO);
	dup2(console, STDOUT_FILENO);
	dup2(console, STDERR_FILENO);
	for (int fd = STDERR_FILENO + 1; fd < 10; fd++)
		close(fd);
	setsid();
	execv(argv[1], argv + 1);
	fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	int console, log, status = 0;
	pid_t child, ended;

	(void)argc;
	mkdir("/proc", 0555);
	mkdir("/sys", 0555);
	mkdir("/dev", 0755);
	mkdir("/tmp", 01777);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/shm", 01777);
	mount("shm", "/dev/shm", "tmpfs", 0, NULL);
	mkdir("/dev/pts", 0755);
	mount("pts", "/dev/pts", "devpts", 0, NULL);
	console = open_port("/dev/ttyS0");
	log = open_port("/dev/ttyS1");
	child = fork();
	if (child == 0)
		run(argv, console);
	do
		ended = wait(&status);
	while (ended != child && (ended > 0 || errno == EINTR));
	tcdrain(console);
	dprintf(log, "linux_init: status %d\n",
		WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				      WEXITSTATUS(status));
	tcdrain(log);
	reboot(RB_AUTOBOOT);
	return 0;
}
