// SPDX-License-Identifier: MIT
/*
 * tests/bench/all.c - run several benchmark programs, one after the other.
 *
 *	all [--quick] /PROGRAM...
 *
 * Says "all done" when each has ended with status 0.  On Linux it is the
 * initramfs's /init; words that are no path are Linux's own and are skipped.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *option = NULL;

	for (int i = 1; i < argc; i++) {
		char *const arguments[] = { argv[i], option, NULL };
		int status = 0;
		pid_t pid;

		if (!strcmp(argv[i], "--quick"))
			option = argv[i];
		if (argv[i][0] != '/')
			continue;
		pid = fork();
		if (pid == 0) {
			execv(argv[i], arguments);
			perror(argv[i]);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
			fprintf(stderr, "all: %s failed (wait status %d)\n",
				argv[i], status);
			return 1;
		}
	}
	puts("all done");
	fflush(stdout);
	return 0;
}
