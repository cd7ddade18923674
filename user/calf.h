/* SPDX-License-Identifier: MIT */
/*
 * user/calf.h - what a program can learn about its own memory.
 *
 * Header only, plain C, and the same on Linux: where Linux keeps a figure to
 * itself (which kind of fault it was, the R/W bit, the reference count), the
 * value is "unknown" and the program goes on.
 *
 * Sources: Linux Documentation/admin-guide/mm/pagemap.rst; getrusage(2).
 */
#pragma once

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_SIZE = 4096 };

/* ---- Small files: /proc is read and written as text ----------------- */

/* Read a whole small file into @text; returns its length, -1 if it cannot. */
static inline long file_read(const char *path, char *text, size_t size)
{
	size_t length = 0;
	long got = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	while (length < size - 1 &&
	       (got = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(fd);
	return got < 0 ? -1 : (long)length;
}

/* Write @text to a file of /proc/sys; returns 0, or -1. */
static inline int file_write(const char *path, const char *text)
{
	size_t length = strlen(text);
	int fd = open(path, O_WRONLY);
	long done;

	if (fd < 0)
		return -1;
	done = write(fd, text, length);
	close(fd);
	return done == (long)length ? 0 : -1;
}

/* The number after @name in a file of "name value" lines; -1 if absent. */
static inline long file_value(const char *path, const char *name)
{
	static char text[8192];
	size_t length = strlen(name);
	char *line = text;

	if (file_read(path, text, sizeof(text)) < 0)
		return -1;
	while (line && *line) {
		if (!strncmp(line, name, length) &&
		    strchr(" :\t", line[length]))
			return atol(line + length + 1);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return -1;
}

/* Free frames of the whole machine. */
static inline long free_frames(void)
{
	return file_value("/proc/vmstat", "nr_free_pages");
}

/* Does a file exist?  (Asked with open(), which every system has.) */
static inline bool file_exists(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Are we on Calf?  It has a file that Linux has not. */
static inline bool on_calf(void)
{
	static enum { ASK, YES, NO } answer;

	if (answer == ASK)
		answer = file_exists("/proc/self/faults") ? YES : NO;
	return answer == YES;
}

/* ---- Faults: how many, and of which kind ---------------------------- */

enum fault_kind {
	ZERO_FILL, /* first write to untouched memory: a frame of zeros */
	ZERO_MAP, /* first read of untouched memory: the shared zero frame */
	FILE_MAP, /* a page of a file or of shared memory was mapped */
	COW_COPY, /* a write to a shared frame: copied */
	COW_REUSE, /* a write by the last owner of a frame: made writable */
	SPURIOUS, /* nothing to do: another CPU had already repaired it */
	STACK_GROW, /* the stack area grew downwards */
	SEGV, /* not allowed: the process got a signal */
	FAULT_KINDS
};

static const char *const fault_names[FAULT_KINDS] = {
	"zero_fill", "zero_map", "file_map",   "cow_copy",
	"cow_reuse", "spurious", "stack_grow", "segv",
};

struct faults {
	long minor; /* ru_minflt: all kinds but segv */
	bool named; /* is kind[] filled in?  On Calf only */
	long kind[FAULT_KINDS];
};

/*
 * faults_now() - read this process's fault counters
 *
 * The file stays open and the buffer stays touched, so that the second and
 * every later call in one process takes no fault of its own.
 */
static inline void faults_now(struct faults *now)
{
	static char text[512];
	static int fd = -1;
	static pid_t owner;
	struct rusage usage;
	const char *at = text;

	if (owner != getpid()) { /* first call, or the first after fork() */
		if (fd >= 0)
			close(fd);
		fd = open("/proc/self/faults", O_RDONLY);
		owner = getpid();
	}
	memset(now, 0, sizeof(*now));
	if (fd >= 0 && pread(fd, text, sizeof(text) - 1, 0) > 0) {
		now->named = true;
		for (int i = 0; i < FAULT_KINDS && at; i++) {
			at = strchr(at, ' ');
			now->kind[i] = at ? atol(at + 1) : 0;
			at = at ? strchr(at, '\n') : NULL;
		}
	}
	getrusage(RUSAGE_SELF, &usage);
	now->minor = usage.ru_minflt;
}

/* What happened between @before and @after, in words. */
static inline const char *faults_word(const struct faults *before,
				      const struct faults *after)
{
	static char word[32];
	long minor = after->minor - before->minor;

	for (int i = 0; i < FAULT_KINDS && after->named; i++)
		if (minor == 1 && after->kind[i] != before->kind[i])
			return fault_names[i];
	if (minor == 0)
		return "none";
	snprintf(word, sizeof(word), "%ld fault%s", minor,
		 minor == 1 ? "" : "s");
	return word;
}

/*
 * settle() - touch every page this program runs on
 *
 * Text is read, data and stack are written with the value they have.  After
 * that, and until the next fork(), only the access that we look at can fault.
 */
static inline void settle(void)
{
	const Elf64_Phdr *segment = (void *)getauxval(AT_PHDR);
	const Elf64_Phdr *end = segment + getauxval(AT_PHNUM);
	volatile char stack[8 * PAGE_SIZE];
	struct faults ignored;

	for (; segment < end; segment++) {
		unsigned long address = segment->p_vaddr;
		unsigned long limit = address + segment->p_memsz;

		if (segment->p_type != PT_LOAD)
			continue;
		while (address < limit) {
			volatile char *byte = (volatile char *)address;
			char value = *byte;

			if (segment->p_flags & PF_W)
				*byte = value;
			address = (address | (PAGE_SIZE - 1)) + 1;
		}
	}
	for (size_t i = 0; i < sizeof(stack); i += PAGE_SIZE)
		stack[i] = 0;
	faults_now(&ignored);
	faults_now(&ignored);
}

/* ---- Pages: which frame, how shared, writable or not ---------------- */

enum { UNKNOWN = -1 };

struct page_view {
	bool present; /* is there a page-table entry? */
	long pfn; /* frame number; UNKNOWN without the right to see it */
	long refs; /* reasons to keep the frame; UNKNOWN on Linux */
	long maps; /* page-table entries that point to it, or UNKNOWN */
	int writable; /* R/W bit of the entry; UNKNOWN on Linux */
	bool object; /* page of a file or of shared memory */
};

/* One 64-bit entry of a /proc file that is an array; UNKNOWN if it is not. */
static inline long entry_read(const char *path, unsigned long index)
{
	long value = UNKNOWN;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return UNKNOWN;
	if (pread(fd, &value, sizeof(value), (off_t)(index * 8)) != 8)
		value = UNKNOWN;
	close(fd);
	return value;
}

/* Look at the page that holds @address.  Looking does not touch it. */
static inline struct page_view page_look(const volatile void *address)
{
	long entry = entry_read("/proc/self/pagemap",
				(unsigned long)address / PAGE_SIZE);
	struct page_view view = { false,   UNKNOWN, UNKNOWN,
				  UNKNOWN, UNKNOWN, false };
	unsigned long bits = (unsigned long)entry;

	if (entry == UNKNOWN || !(bits >> 63 & 1))
		return view;
	view.present = true;
	view.object = bits >> 61 & 1;
	if (on_calf()) /* bit 58 is Calf's own; Linux always leaves it 0 */
		view.writable = (int)(bits >> 58 & 1);
	if (bits & ((1L << 55) - 1)) {
		view.pfn = bits & ((1L << 55) - 1);
		view.refs =
			entry_read("/proc/kpagerefs", (unsigned long)view.pfn);
		view.maps =
			entry_read("/proc/kpagecount", (unsigned long)view.pfn);
	}
	return view;
}

/* ---- Time ----------------------------------------------------------- */

static inline long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static inline unsigned long now_cycles(void)
{
	unsigned int low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (unsigned long)high << 32 | low;
}

/* ---- Memory --------------------------------------------------------- */

/*
 * map_pages() - @pages pages of fresh anonymous memory, alone
 *
 * A page of PROT_NONE on both sides keeps the area from merging with a
 * neighbour: merging is allowed, and would change what fork copies.
 * @flags: MAP_PRIVATE or MAP_SHARED.  Ends the program if there is no memory.
 */
static inline void *map_pages(size_t pages, int flags)
{
	size_t size = pages * PAGE_SIZE;
	char *fence = mmap(NULL, size + 2 * PAGE_SIZE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *area = fence + PAGE_SIZE;

	if (fence == MAP_FAILED ||
	    mmap(area, size, PROT_READ | PROT_WRITE,
		 flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != area) {
		perror("mmap");
		_exit(1);
	}
	return area;
}
