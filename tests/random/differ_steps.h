/* SPDX-License-Identifier: MIT */
/*
 * tests/random/differ_steps.h - the steps, as a process of differ does them.
 *
 * Each step is one system call or one access, done where the arena is.  What
 * it returns must be the same on Linux and on Calf: addresses are page
 * numbers, and what a kernel may choose freely is not told.
 */
#pragma once

#include <sys/uio.h>

#include "differ.h"

static int files[FILES]; /* memory files, the same in all processes */
static int scratch; /* one more, always empty between two steps */
static int data_pipe[2]; /* always empty between two steps */
static bool looks_at_frames; /* are frame numbers to be told? */

/* ---- Small things --------------------------------------------------- */

static size_t bytes_of(int pages)
{
	return (size_t)pages * PAGE_SIZE;
}

static void answer(struct result *result, long value)
{
	result->value = value;
	if (value == -1)
		result->error = errno;
}

/* As answer(), for an address: in the arena, or somewhere else. */
static void answer_address(struct result *result, void *address)
{
	if (address == MAP_FAILED)
		answer(result, -1);
	else
		result->value = page_of((unsigned long)address);
}

static void answer_caught(struct result *result)
{
	result->signo = caught.signo;
	result->code = caught.code;
	if (caught.signo)
		result->page = page_of(caught.address);
}

static unsigned long hash_bytes(const void *start, size_t size)
{
	const unsigned char *bytes = start;
	unsigned long hash = size, word;

	for (; size >= 8; size -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		hash = mix(hash, word);
	}
	while (size--)
		hash = mix(hash, *bytes++);
	return hash;
}

/* Bytes to write somewhere: their pattern comes from the step's value. */
static char *pattern(const struct step *step, size_t size)
{
	static char bytes[4 * PAGE_SIZE];

	for (size_t i = 0; i < size && i < sizeof(bytes); i++)
		bytes[i] = (char)(step->value >> i % 7 * 8) + (char)i;
	return bytes;
}

/* A place in the page, and how many bytes from there on. */
static size_t place_in(const struct step *step)
{
	return step->value % 8 ? step->value / 8 % PAGE_SIZE : 0;
}

static size_t length_of(const struct step *step)
{
	return 1 + step->value / 64 % (3 * PAGE_SIZE);
}

static long file_place(const struct step *step)
{
	return (long)(step->value / 512 % bytes_of(FILE_PAGES));
}

/* ---- Areas ---------------------------------------------------------- */

static void do_map(const struct step *step, struct result *result)
{
	char *at = mmap(address_of(step->page), bytes_of(step->count),
			step->prot, step->flags | MAP_ANONYMOUS, -1, 0);

	answer_address(result, at);
	if (result->value == ELSEWHERE)
		munmap(at, bytes_of(step->count));
}

static void do_map_file(const struct step *step, struct result *result)
{
	char *at = mmap(address_of(step->page), bytes_of(step->count),
			step->prot, step->flags, files[step->file],
			(off_t)(step->value % FILE_PAGES * PAGE_SIZE));

	answer_address(result, at);
	if (result->value == ELSEWHERE)
		munmap(at, bytes_of(step->count));
}

static void do_unmap(const struct step *step, struct result *result)
{
	answer(result, munmap(address_of(step->page), bytes_of(step->count)));
}

static void do_protect(const struct step *step, struct result *result)
{
	answer(result, mprotect(address_of(step->page), bytes_of(step->count),
				step->prot));
}

/* What was moved to nobody knows where comes back to the other page. */
static void do_remap(const struct step *step, struct result *result)
{
	size_t new_bytes = bytes_of(step->other_count);
	char *to = address_of(step->other);
	char *at = mremap(address_of(step->page), bytes_of(step->count),
			  new_bytes, step->flags, to);

	answer_address(result, at);
	if (result->value != ELSEWHERE)
		return;
	at = mremap(at, new_bytes, new_bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to);
	if (at != to)
		answer(result, -1);
}

static void do_advise(const struct step *step, struct result *result)
{
	answer(result, madvise(address_of(step->page), bytes_of(step->count),
			       step->flags));
}

/* The break moves by a few pages; what is new there reads as zeros. */
static void do_break(const struct step *step, struct result *result)
{
	static unsigned long start;
	unsigned long old = (unsigned long)syscall(SYS_brk, 0), now;
	long offset = (long)(step->value % (16 * PAGE_SIZE));

	if (!start)
		start = old;
	now = (unsigned long)syscall(SYS_brk, start + (unsigned long)offset);
	result->value = (long)(now - start);
	if (now > old) {
		result->hash = hash_bytes((void *)old, now - old);
		memset((void *)old, (int)step->value | 1, now - old);
	}
}

/* ---- Accesses ------------------------------------------------------- */

static unsigned long seen;

static void act_see(void *address)
{
	seen = hash_bytes(address, PAGE_SIZE);
}

static void act_store(void *address)
{
	*(volatile unsigned long *)address = seen;
}

static void do_read(const struct step *step, struct result *result)
{
	attempt(act_see, address_of(step->page));
	answer_caught(result);
	result->hash = caught.signo ? 0 : seen;
}

static void do_write(const struct step *step, struct result *result)
{
	seen = step->value;
	attempt(act_store,
		address_of(step->page) + (place_in(step) & -8UL) % PAGE_SIZE);
	answer_caught(result);
}

/* Put a "ret" there if it can be, and call it. */
static void do_call(const struct step *step, struct result *result)
{
	seen = (unsigned char)CODE_RET;
	attempt(act_store, address_of(step->page));
	result->value = caught.signo;
	attempt(act_see, address_of(step->page));
	/*
	 * Not where another instruction is, and not where nothing can be read:
	 * Linux brings a page in before it asks whether it may be executed.
	 */
	if (caught.signo || *address_of(step->page) != CODE_RET)
		return;
	attempt(act_call, address_of(step->page));
	answer_caught(result);
}

/* The kernel writes to the arena: read(2) from a pipe. */
static void do_pipe_in(const struct step *step, struct result *result)
{
	static char rest[4 * PAGE_SIZE];
	char *to = address_of(step->page) + place_in(step);
	size_t size = length_of(step);
	long got;

	CHECK_EQ(write(data_pipe[1], pattern(step, size), size), size);
	answer(result, read(data_pipe[0], to, size));
	if (fcntl(data_pipe[0], F_SETFL, O_NONBLOCK) < 0)
		FAIL("fcntl");
	while ((got = read(data_pipe[0], rest, sizeof(rest))) > 0)
		result->hash = mix(result->hash, hash_bytes(rest, (size_t)got));
	CHECK_OK(fcntl(data_pipe[0], F_SETFL, 0));
}

/* The kernel reads it: write(2) to a pipe. */
static void do_pipe_out(const struct step *step, struct result *result)
{
	static char bytes[4 * PAGE_SIZE];
	char *from = address_of(step->page) + place_in(step);

	answer(result, write(data_pipe[1], from, length_of(step)));
	if (result->value <= 0)
		return;
	CHECK_EQ(read(data_pipe[0], bytes, sizeof(bytes)), result->value);
	result->hash = hash_bytes(bytes, (size_t)result->value);
}

/* ---- Files ---------------------------------------------------------- */

static void do_file_read(const struct step *step, struct result *result)
{
	answer(result,
	       pread(files[step->file], address_of(step->page) + place_in(step),
		     length_of(step), file_place(step)));
}

static bool is_readable(const char *start, size_t size)
{
	const char *page = (char *)((unsigned long)start & -PAGE_SIZE);

	for (; page < start + size; page += PAGE_SIZE) {
		attempt(act_read, page);
		if (caught.signo)
			return false;
	}
	return true;
}

static void do_file_write(const struct step *step, struct result *result)
{
	char *from = address_of(step->page) + place_in(step);
	size_t size = length_of(step);
	int fd = files[step->file];

	/*
	 * How far a file grows when the bytes cannot be read is different
	 * from one Linux to the next: then only the count is looked at.
	 */
	if (!is_readable(from, size))
		fd = scratch;
	answer(result, pwrite(fd, from, size, file_place(step)));
	CHECK_OK(ftruncate(scratch, 0));
}

/* From two places of the arena, or to them, at the file's own offset. */
static void do_file_vector(const struct step *step, struct result *result)
{
	struct iovec parts[] = {
		{ address_of(step->page) + place_in(step), length_of(step) },
		{ address_of(step->other), bytes_of(step->other_count) },
	};
	int fd = files[step->file];

	if (!step->flags &&
	    (!is_readable(parts[0].iov_base, parts[0].iov_len) ||
	     !is_readable(parts[1].iov_base, parts[1].iov_len)))
		fd = scratch;
	CHECK_OK(lseek(fd, file_place(step), SEEK_SET));
	if (step->flags)
		answer(result, readv(fd, parts, 2));
	else
		answer(result, writev(fd, parts, 2));
	result->hash = (unsigned long)lseek(fd, 0, SEEK_CUR);
	CHECK_OK(ftruncate(scratch, 0));
}

/* Bytes from elsewhere, so that files are seldom only zeros. */
static void do_file_fill(const struct step *step, struct result *result)
{
	size_t size = length_of(step);

	answer(result, pwrite(files[step->file], pattern(step, size), size,
			      file_place(step)));
}

static void do_truncate(const struct step *step, struct result *result)
{
	off_t size = lseek(files[step->file], 0, SEEK_END);

	answer(result, ftruncate(files[step->file], size + file_place(step)));
}

static void do_allocate(const struct step *step, struct result *result)
{
	answer(result, fallocate(files[step->file], step->flags,
				 file_place(step), (off_t)length_of(step)));
}

/* ---- Processes ------------------------------------------------------ */

/* A child that shares the memory, lets the kernel write to it, and ends. */
static void do_vfork(const struct step *step, struct result *result)
{
	char *to = address_of(step->page) + place_in(step);
	char byte = (char)step->value;
	pid_t pid;
	int status;

	CHECK_EQ(write(data_pipe[1], &byte, 1), 1);
	pid = vfork();
	if (pid == 0)
		_exit(read(data_pipe[0], to, 1) == 1 ? 0 : errno);
	CHECK(pid > 0);
	status = wait_for(pid);
	answer(result, WEXITSTATUS(status));
	if (status) /* the byte is still there */
		CHECK_EQ(read(data_pipe[0], &byte, 1), 1);
}

/* Who has ended?  Never waits. */
static void do_wait(const struct step *step, struct result *result)
{
	int status = 0;
	pid_t pid = step->process < 0 ? -1 : step->pid;

	answer(result, waitpid(pid, &status, WNOHANG));
	result->code = status & 0xff7f; /* without "core dumped" */
}

static void do_exit(const struct step *step, struct result *result)
{
	(void)result;
	_exit((int)(step->value % 256));
}

/* Die of a write to page 0. */
static void do_die(const struct step *step, struct result *result)
{
	(void)result;
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)(step->value % PAGE_SIZE) = 1;
	FAIL("a write to page 0 went well");
}

/* ---- Growing areas -------------------------------------------------- */

static void do_grow_map(const struct step *step, struct result *result)
{
	char *start = GROW_TOP - bytes_of(step->count);
	char *at = mmap(start, bytes_of(step->count), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | step->flags,
			-1, 0);

	answer(result, at == start ? 0 : -1);
}

/* Something below it, to which the gap must be kept. */
static void do_grow_block(const struct step *step, struct result *result)
{
	char *start = GROW_TOP - bytes_of(step->count + step->other);
	char *at;

	if (step->flags) {
		answer(result, munmap(start, bytes_of(step->other_count)));
		return;
	}
	at = mmap(start, bytes_of(step->other_count), step->prot,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at != start)
		munmap(at, bytes_of(step->other_count));
	answer(result, at == start);
}

static void do_grow_touch(const struct step *step, struct result *result)
{
	char *at = GROW_TOP - bytes_of(step->count + step->other);

	seen = step->value;
	attempt(step->flags ? act_store : act_see, at);
	answer_caught(result);
	result->page = 0;
}

/* ---- Looking -------------------------------------------------------- */

/* Areas of the same kind that touch count as one: when to merge is free. */
struct shown {
	unsigned long start, end, offset, inode;
	char rights[5];
	char name[64];
};

static bool continues(const struct shown *before, const struct shown *next)
{
	return before->end == next->start && before->inode == next->inode &&
	       !strcmp(before->rights, next->rights) &&
	       (!next->inode ||
		before->offset + (before->end - before->start) == next->offset);
}

static int show_area(char *text, const struct shown *area)
{
	const char *name = area->name;
	long start = ((long)area->start - (long)ARENA) / PAGE_SIZE;
	long end = ((long)area->end - (long)ARENA) / PAGE_SIZE;

	if (area->start < (unsigned long)ARENA) {
		start = ((long)area->start - (long)GROW_TOP) / PAGE_SIZE;
		end = ((long)area->end - (long)GROW_TOP) / PAGE_SIZE;
	}
	return sprintf(text, " [%ld,%ld)%s%s%s+%lu", start, end, area->rights,
		       *name ? ":" : "", name, area->offset / PAGE_SIZE);
}

/* The arena's lines of /proc/self/maps, in short. */
static void look_at_maps(char *text)
{
	static char maps[65536];
	struct shown last = { 0 }, next;
	char *line = maps, *end = text + MAPS_SIZE - 200;

	*text = '\0';
	CHECK_OK(file_read("/proc/self/maps", maps, sizeof(maps)));
	for (line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		memset(&next, 0, sizeof(next));
		sscanf(line, "%lx-%lx %4s %lx %*s %lu %63s", &next.start,
		       &next.end, next.rights, &next.offset, &next.inode,
		       next.name);
		if (next.start < (unsigned long)GROW_TOP - (1UL << 30) ||
		    next.start > (unsigned long)ARENA + (1UL << 30))
			continue;
		if (continues(&last, &next)) {
			last.end = next.end;
			continue;
		}
		if (last.end && text < end)
			text += show_area(text, &last);
		last = next;
	}
	if (last.end)
		show_area(text, &last);
}

static struct view view;

static void do_look(const struct step *step, struct result *result)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);

	memset(&view, 0, sizeof(view));
	CHECK_OK(fd);
	CHECK_EQ(pread(fd, view.pagemap, sizeof(view.pagemap),
		       (off_t)((unsigned long)ARENA / PAGE_SIZE * 8)),
		 sizeof(view.pagemap));
	close(fd);
	look_at_maps(view.maps);
	for (int i = 0; i < PAGES && step->flags; i++) {
		attempt(act_see, address_of(i));
		view.hash[i] = caught.signo ? (unsigned long)caught.signo :
					      seen | 1UL << 63;
	}
	(void)result;
}

/* ---- The process ---------------------------------------------------- */

static int slot; /* which of the command pipes is ours */
static bool newborn;

static void do_fork(const struct step *step, struct result *result)
{
	pid_t pid = fork();

	if (pid == 0) {
		slot = step->other;
		newborn = true;
	}
	answer(result, pid);
}
