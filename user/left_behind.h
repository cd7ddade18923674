/* SPDX-License-Identifier: MIT */
/*
 * user/left_behind.h - what has a program left behind?
 *
 * Everything a process has is given back when it ends: frames, descriptors and
 * all else that the kernel keeps an object for, the promises of memory, and its
 * own entry in the table of tasks.  So the counts before a program and after it
 * must be the same.  Files stay until somebody removes them; those in /tmp and
 * /dev/shm are removed here.
 *
 * Header only; init uses it.  The figures are in Calf's /proc only.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calf.h"

struct counts {
	long frames; /* in use, but not by the caches of kernel objects */
	long objects; /* inodes, open files, tasks, areas, … */
	long promised; /* pages */
	long tasks;
};

static inline long count_tasks(void)
{
	char text[128];
	long tasks = 0;

	file_read("/proc/loadavg", text, sizeof(text));
	sscanf(text, "%*s %*s %*s %*d/%ld", &tasks);
	return tasks;
}

static inline struct counts counts_now(void)
{
	const char *file = "/proc/vmstat";

	return (struct counts){
		.frames = -file_value(file, "nr_free_pages") -
			  file_value(file, "nr_slab_unreclaimable"),
		.objects = file_value(file, "kmem_objects"),
		.promised = file_value("/proc/meminfo", "Committed_AS:") / 4,
		.tasks = count_tasks(),
	};
}

static inline void remove_below(int parent, const char *name);

/* Without the C library's help, which takes memory of its own for it. */
static inline bool remove_some(int folder)
{
	char entries[1024];
	long length = syscall(SYS_getdents64, folder, entries, sizeof(entries));
	bool has_removed = false;

	for (long at = 0; at < length;) {
		const struct dirent *entry = (const void *)(entries + at);
		bool is_folder = entry->d_type == DT_DIR;

		at += entry->d_reclen;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (is_folder)
			remove_below(folder, entry->d_name);
		if (unlinkat(folder, entry->d_name,
			     is_folder ? AT_REMOVEDIR : 0) == 0)
			has_removed = true;
	}
	return has_removed;
}

static inline void remove_below(int parent, const char *name)
{
	int folder = openat(parent, name, O_RDONLY | O_DIRECTORY);

	if (folder < 0)
		return;
	while (remove_some(folder))
		lseek(folder, 0, SEEK_SET);
	close(folder);
}

static inline void remove_files(void)
{
	remove_below(AT_FDCWD, "/tmp");
	remove_below(AT_FDCWD, "/dev/shm");
}

static inline bool counts_equal(const struct counts *one,
				const struct counts *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

/* The kernel notes a file's path when it is first mapped, for good. */
static inline void map_once(const char *path)
{
	int fd = open(path, O_RDONLY);
	void *start = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);

	if (start != MAP_FAILED)
		munmap(start, PAGE_SIZE);
	close(fd);
}

/*
 * Before @program is started.  All that comes afterwards is done once
 * beforehand, so that the memory it needs is counted already.
 */
static inline struct counts counts_before(const char *program)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	map_once(program);
	mkdir("/tmp/removed", 0700); /* the deepest stack */
	remove_files();
	counts_now();
	return counts_now();
}

/* After it has ended; what is left behind goes into the kernel's log. */
static inline void report_left_behind(const struct counts *before)
{
	struct counts after;
	char text[160];
	int log, length;

	/* Its children may go on for a moment, and are ours now. */
	for (int i = 0; i < 300; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		remove_files();
		after = counts_now();
		if (counts_equal(before, &after))
			break;
		usleep(10000);
	}
	length = snprintf(
		text, sizeof(text),
		"init: left behind: %ld frames, %ld objects, %ld pages promised, "
		"%ld tasks\n",
		after.frames - before->frames, after.objects - before->objects,
		after.promised - before->promised, after.tasks - before->tasks);
	log = open("/dev/kmsg", O_WRONLY);
	if (log < 0 || write(log, text, (size_t)length) != length)
		perror("/dev/kmsg");
	close(log);
}
