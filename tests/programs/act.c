/*
 * act - do one simple thing, for the tests of tools/run
 *
 *	act say			print one line
 *	act exit N		exit with status N
 *	act kill N		be killed by signal N
 *	act args ARG...		print each argument in brackets
 *	act cat [FILE]		copy standard input, or a file, to the output
 *	act wait		print one line, then never end
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int act_args(int count, char **arguments)
{
	for (int i = 0; i < count; i++)
		printf("[%s]\n", arguments[i]);
	return 0;
}

static int act_cat(const char *path)
{
	char buffer[4096];
	ssize_t length;
	int fd = path ? open(path, O_RDONLY) : STDIN_FILENO;

	while ((length = read(fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0; done < length;) {
			ssize_t count = write(STDOUT_FILENO, buffer + done,
					      (size_t)(length - done));
			if (count < 0)
				return 1;
			done += count;
		}
	}
	return length < 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "say";
	int number = argc > 2 ? atoi(argv[2]) : 0;

	if (strcmp(what, "exit") == 0)
		return number;
	if (strcmp(what, "args") == 0)
		return act_args(argc - 2, argv + 2);
	if (strcmp(what, "cat") == 0)
		return act_cat(argc > 2 ? argv[2] : NULL);
	if (strcmp(what, "kill") == 0)
		kill(getpid(), number);
	puts("hello from a program");
	fflush(stdout);
	while (strcmp(what, "wait") == 0)
		sleep(1);
	return 0;
}
