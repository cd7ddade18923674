/* SPDX-License-Identifier: MIT */
/*
 * tests/guest/fail_nth.h - the hostile allocator, for fail_nth*.c
 *
 * For each operation, let its first allocation of a frame or kernel object, or
 * its first promise of memory, fail, then its second, and so on until it
 * succeeds.  Each time a child does it.  Afterwards no frame and no object is
 * lost, the invariants hold and nobody was killed for want of memory: an
 * injected failure says nothing about it.
 */
#pragma once

#include "guest.h"

#include <sys/stat.h>

#define PAGES 8
#define MANY 200 /* no operation takes that many allocations */
#define NOT_REACHED 77 /* exit status: fewer allocations than that */

/* Where the operations make their files; empty for each of them. */
static const char fail_folder[] = "/tmp/fail_nth";

static int switch_fd;
static volatile char *area; /* written by the parent before each fork */
static volatile char *fresh; /* mapped, never touched */

struct operation {
	const char *name;
	void (*prepare)(void); /* or NULL; nothing fails yet */
	int (*run)(void); /* returns 0 or an errno */
	bool may_fail; /* a fault has nobody to say it to: it comes again */
	bool may_signal; /* … but a refused promise is a signal, or EFAULT */
};

static void arm(int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", nth);

	if (pwrite(switch_fd, text, (size_t)length, 0) != length)
		_exit(98);
}

/* Is the N-th allocation still to come? */
static bool is_armed(void)
{
	char text[16] = "";

	/* When the reading itself fails, then because it was still to come. */
	if (pread(switch_fd, text, sizeof(text) - 1, 0) <= 0)
		return true;
	return atoi(text) != 0;
}

static int error_of(long result)
{
	return result == -1 ? errno : 0;
}

/* ---- What must not get lost ------------------------------------------ */

/*
 * How many frames the caches of kernel objects need for the same objects
 * depends on the order in which those were freed, so they count as free here.
 */
struct memory {
	long frames;
	long objects;
};

static struct memory memory_now(void)
{
	const char *file = "/proc/vmstat";
	struct memory now;

	(void)is_armed(); /* the open file keeps a frame for its text */
	now.frames = free_frames() + file_value(file, "nr_slab_unreclaimable");
	now.objects = file_value(file, "kmem_objects");
	return now;
}

static bool memory_is(const struct memory *before)
{
	struct memory now = memory_now();

	return now.frames == before->frames && now.objects == before->objects;
}

/* ---- One after the other -------------------------------------------- */

static const struct operation *operation;
static int nth;

/* EAGAIN: what Linux says when there is no room for a signal or a timer. */
static bool is_want_of_memory(int error)
{
	return error == ENOMEM || error == ENOSPC || error == EAGAIN ||
	       (error == EFAULT && operation->may_signal);
}

/* The child.  Exit status: an errno, 0, or NOT_REACHED. */
static void child(void)
{
	int error;

	CHECK_OK(chdir(fail_folder));
	if (operation->prepare)
		operation->prepare();
	settle();
	arm(nth);
	error = operation->run();
	if (is_armed()) {
		arm(0);
		_exit(error ? 97 : NOT_REACHED);
	}
	_exit(error);
}

/* Without the help of a C library, which would take memory for it. */
static void clean_up(void)
{
	static const char *const names[] = {
		"file", "copy", "renamed", "second", "created",
		"new",	"pipe", "link",	   "script", "folder",
	};
	char path[64];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", fail_folder, names[i]);
		if (unlink(path) != 0)
			rmdir(path);
	}
	CHECK_OK(rmdir(fail_folder));
}

/* Return: true when the N-th allocation was not reached. */
static bool try_once(bool *has_failed)
{
	struct memory before = memory_now();
	int status;

	CHECK_OK(mkdir(fail_folder, 0700));
	status = in_child(child);
	clean_up();
	/* Its own child may be init's by now: give it a moment. */
	for (int i = 0; i < 1000 && !memory_is(&before); i++)
		usleep(1000);
	CHECK_EQ(memory_now().frames, before.frames);
	CHECK_EQ(memory_now().objects, before.objects);
	CHECK(pages_hold(area, 0, PAGES, 'p'));
	run_check();
	if (WIFSIGNALED(status)) {
		/* SIGSEGV: a stack may not grow; SIGBUS: nor may a file. */
		CHECK(WTERMSIG(status) == SIGSEGV ||
		      WTERMSIG(status) == SIGBUS);
		CHECK(operation->may_signal);
		*has_failed = true;
		return false;
	}
	if (WEXITSTATUS(status) == NOT_REACHED)
		return true;
	/* 0: it did without what it could not have. */
	if (WEXITSTATUS(status) != 0) {
		CHECK(operation->may_fail);
		if (!is_want_of_memory(WEXITSTATUS(status)))
			FAIL("%s, allocation %d: %s", operation->name, nth,
			     errno_name(WEXITSTATUS(status)));
		*has_failed = true;
	}
	return false;
}

static void walk(void)
{
	bool has_failed = false;

	for (nth = 1; !try_once(&has_failed); nth++)
		if (nth == MANY)
			FAIL("%s never succeeds", operation->name);
	CHECK(nth > 1);
	CHECK_EQ(has_failed, operation->may_fail);
	CHECK_EQ(file_value("/proc/vmstat", "oom_kill"), 0);
	say("%s: %s at each allocation, then succeeds\n", operation->name,
	    has_failed ? "fails cleanly" : "is tried again");
}

static inline void fail_each(const struct operation *operations, size_t count)
{
	area = map_pages(PAGES, MAP_PRIVATE);
	fresh = map_pages(1 << 18, MAP_PRIVATE);
	write_pages(area, 0, PAGES, 'p');
	settle();
	for (size_t i = 0; i < count; i++) {
		operation = &operations[i];
		walk();
	}
}
