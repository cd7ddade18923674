// SPDX-License-Identifier: MIT
/*
 * user/init.c - the first program: process 1.
 *
 * With arguments it runs that one program and ends with its status.  Without,
 * it runs a shell, busybox, and ends with the shell's status; where there is
 * no busybox it is a small prompt itself.  Either way it waits for every child
 * that ends, its own or an orphan that the kernel gave it.  When init ends,
 * the machine powers off.  With --count before the program, the log says
 * afterwards what it has left behind (left_behind.h).
 *
 * File descriptors 0, 1 and 2 are open on the console before main() starts.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "left_behind.h"

enum {
	LINE_SIZE = 1024,
	WORDS_MAX = 64,
	/* What every shell answers when a program cannot be started. */
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
	STATUS_SIGNAL = 128, /* plus the number of the signal */
};

static const char busybox[] = "/bin/busybox";
static const char terminal[] = "/dev/ttyS0";

/* Become the program @argv[0]: a path, or a name to look up in /bin. */
static _Noreturn void exec_program(char **argv)
{
	char path[LINE_SIZE + sizeof("/bin/")];
	bool is_path = strchr(argv[0], '/') != NULL;

	snprintf(path, sizeof(path), "%s%s", is_path ? "" : "/bin/", argv[0]);
	signal(SIGINT, SIG_DFL);
	execv(path, argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

/* Wait until @child ends; returns its wait status. */
static int wait_for(pid_t child)
{
	int status = 0;
	pid_t ended;

	do
		ended = wait(&status); /* orphans end here as well */
	while (ended != child && (ended > 0 || errno == EINTR));
	return status;
}

static pid_t fork_or_complain(void)
{
	pid_t child;

	fflush(NULL); /* or the child inherits, and prints, our buffer */
	child = fork();
	if (child < 0)
		perror("fork");
	return child;
}

/* Run a program and wait until it ends; returns its wait status. */
static int run_program(char **argv)
{
	pid_t child = fork_or_complain();

	if (child < 0)
		return STATUS_NOT_EXECUTABLE << 8;
	if (child == 0)
		exec_program(argv);
	return wait_for(child);
}

static int run_and_count(char **argv)
{
	struct counts before = counts_before(argv[0]);
	int status = run_program(argv);

	report_left_behind(&before);
	return status;
}

/* The status a shell would give: 128 + signal for a program that was killed. */
static int exit_code(int status)
{
	return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* ---- The shell ------------------------------------------------------ */

/*
 * Become a shell that leads a session of its own, with the serial line as its
 * terminal: it can then move jobs between foreground and background.  (Opened
 * as /dev/console, the line would be nobody's: background jobs could read it.)
 */
static _Noreturn void exec_shell(void)
{
	int fd;

	signal(SIGINT, SIG_DFL);
	setsid();
	fd = open(terminal, O_RDWR); /* controlling: we lead, it is free */
	for (int i = STDIN_FILENO; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
	setenv("PS1", "calf> ", 1);
	execl(busybox, "sh", (char *)NULL);
	perror(busybox);
	_exit(STATUS_NOT_EXECUTABLE);
}

/* Returns the wait status of the shell. */
static int run_shell(void)
{
	pid_t child;

	puts("Welcome to Calf.  The tour is cow; ls /bin shows what else there "
	     "is.");
	child = fork_or_complain();
	if (child < 0)
		return STATUS_NOT_EXECUTABLE << 8;
	if (child == 0)
		exec_shell();
	return wait_for(child);
}

/* ---- The prompt, where there is no shell ---------------------------- */

/*
 * Cut @line into words, in place; returns how many, -1 for an open quote.
 * Single and double quotes keep spaces; there is nothing else to know.
 */
static int split_words(char *line, char **words)
{
	char *from = line, *to;
	int count = 0;

	for (;;) {
		char quote = 0;

		while (isspace((unsigned char)*from))
			from++;
		if (!*from || count == WORDS_MAX)
			break;
		words[count++] = to = from;
		while (*from && (quote || !isspace((unsigned char)*from))) {
			if (*from == quote)
				quote = 0;
			else if (!quote && (*from == '"' || *from == '\''))
				quote = *from;
			else
				*to++ = *from;
			from++;
		}
		if (quote)
			return -1;
		if (*from)
			from++;
		*to = '\0';
	}
	words[count] = NULL;
	return count;
}

/* Read one line without its end; returns false at the end of the input. */
static bool read_line(char *line, size_t size)
{
	size_t length = 0;
	char c;

	for (;;) {
		long got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 && length == 0)
			return false;
		if (got <= 0 || c == '\n')
			break;
		if (length < size - 1)
			line[length++] = c;
	}
	line[length] = '\0';
	return true;
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void help(void)
{
	char *names[WORDS_MAX];
	int count = 0, column = 0;
	struct dirent *entry;
	DIR *bin = opendir("/bin");

	puts("Type the name of a program and its arguments, for example: cow\n"
	     "Built in: help, exit [STATUS].  Ctrl-D powers off as well.");
	if (!bin) {
		puts("Programs live in /bin.");
		return;
	}
	while (count < WORDS_MAX && (entry = readdir(bin)))
		if (entry->d_name[0] != '.')
			names[count++] = strdup(entry->d_name);
	closedir(bin);
	qsort(names, (size_t)count, sizeof(names[0]), by_name);
	puts("Programs in /bin:");
	for (int i = 0; i < count; i++) {
		column += printf("  %-16s", names[i]);
		if (column > 60 || i == count - 1) {
			puts("");
			column = 0;
		}
		free(names[i]);
	}
}

static void report_end(const char *name, int status)
{
	if (WIFSIGNALED(status))
		printf("%s: %s\n", name, strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		printf("%s: exit status %d\n", name, WEXITSTATUS(status));
}

static int prompt(void)
{
	char line[LINE_SIZE];
	char *words[WORDS_MAX + 1];

	puts("Welcome to Calf.  Type help for help, cow for the tour.");
	for (;;) {
		int count;

		printf("calf> ");
		fflush(stdout);
		if (!read_line(line, sizeof(line))) {
			puts("");
			return 0;
		}
		count = split_words(line, words);
		if (count < 0)
			puts("This line opens a quote and does not close it.");
		else if (count == 0)
			continue;
		else if (!strcmp(words[0], "exit"))
			return words[1] ? atoi(words[1]) : 0;
		else if (!strcmp(words[0], "help"))
			help();
		else
			report_end(words[0], run_program(words));
	}
}

int main(int argc, char **argv)
{
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the program, not for us */
	setenv("PATH", "/bin", 0);
	setenv("HOME", "/", 0);
	if (argc == 1 && access(busybox, X_OK) == 0)
		return exit_code(run_shell());
	/* Ours, so that Ctrl-C has somebody to go to. */
	ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	if (argc > 2 && !strcmp(argv[1], "--count"))
		return exit_code(run_and_count(argv + 2));
	return argc > 1 ? exit_code(run_program(argv + 1)) : prompt();
}
