// SPDX-License-Identifier: MIT
/*
 * user/promises.c - who was promised what, and who has how much of it.
 *
 *	promises [demo]
 *
 * For each process: the memory it was promised (its areas with the flag "ac"
 * of smaps), what is resident, what of that it shares with others, and
 * its proportional share, which counts 1/n of a page that n processes have.
 * With "demo" three processes are there to be looked at.
 */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "calf.h"

/* In KiB. */
struct use {
	long promised, resident, shared, proportional;
};

static long value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncmp(line, name, length) ? 0 : atol(line + length);
}

/* Add up smaps; false: no such process, or one without memory. */
static bool read_use(const char *pid, struct use *use)
{
	char path[300], line[512];
	long size = 0;
	FILE *file;

	memset(use, 0, sizeof(*use));
	snprintf(path, sizeof(path), "/proc/%s/smaps", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "Size:", 5))
			size = atol(line + 5);
		use->resident += value_of(line, "Rss:");
		use->proportional += value_of(line, "Pss:");
		use->shared += value_of(line, "Shared_Clean:") +
			       value_of(line, "Shared_Dirty:");
		if (!strncmp(line, "VmFlags:", 8) && strstr(line, " ac"))
			use->promised += size;
	}
	fclose(file);
	return size > 0;
}

static void print_use(const char *pid, const char *name, const struct use *use)
{
	printf("%5s %-16s %9ld %9ld %9ld %13ld\n", pid, name, use->promised,
	       use->resident, use->shared, use->proportional);
}

static void show(void)
{
	struct use all = { 0 }, use;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300], name[32];
	long promised = file_value("/proc/meminfo", "Committed_AS");

	printf("%5s %-16s %9s %9s %9s %13s\n", "pid", "name", "promised",
	       "resident", "shared", "proportional");
	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !read_use(entry->d_name, &use))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (file_read(path, name, sizeof(name)) < 0)
			continue;
		name[strcspn(name, "\n")] = '\0';
		print_use(entry->d_name, name, &use);
		all.promised += use.promised;
		all.resident += use.resident;
		all.shared += use.shared;
		all.proportional += use.proportional;
	}
	if (proc)
		closedir(proc);
	print_use("", "all processes", &all);
	printf("\nCommitted_AS %ld KiB, of CommitLimit %ld KiB; %ld KiB of it "
	       "belong to shared\nmemory and to files in memory\n",
	       promised, file_value("/proc/meminfo", "CommitLimit"),
	       promised - all.promised);
}

/* ---- The demo: 4 MiB, used in three ways ---------------------------- */

enum { PAGES = 1024 };

static pid_t start(void (*body)(char *), char *memory)
{
	int ready[2];
	char token;
	pid_t pid;

	if (pipe(ready) < 0 || (pid = fork()) < 0) {
		perror("demo");
		exit(1);
	}
	if (pid == 0) {
		body(memory);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &token, 1) != 1)
		exit(1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void touch(char *memory, int pages)
{
	for (int i = 0; i < pages; i++)
		memory[i * PAGE_SIZE] = 'x';
}

static void do_nothing(char *memory)
{
	(void)memory;
}

static void write_half(char *memory)
{
	touch(memory, PAGES / 2);
}

static void write_all(char *memory)
{
	touch(memory, PAGES);
}

static void demo(void)
{
	char *memory = map_pages(PAGES, MAP_PRIVATE);
	pid_t pids[3];

	touch(memory, PAGES);
	printf("A process with 4 MiB, and three children: the first only has "
	       "them, the second\nwrites a half, the third all of it.  Each was "
	       "promised the whole.\n\n");
	fflush(stdout);
	pids[0] = start(do_nothing, memory);
	pids[1] = start(write_half, memory);
	pids[2] = start(write_all, memory);
	show();
	for (int i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "demo"))
		demo();
	else
		show();
	return 0;
}
