/*
 * rlimit.h - what a process may use: getrlimit(2) and its relatives
 *
 * Owns: the sixteen limits of a process, which execve keeps.  A child shares
 * its parent's until one of them changes any: copy-on-write here too.
 * Each is asked where it matters; what memory obeys is handed down to
 * struct mm, which knows no tasks.  Root is exempt where Linux exempts it.
 * Locks: task->lock for changes and for looks at another task.
 * Sources: Linux v6.12 kernel/sys.c do_prlimit(),
 * include/asm-generic/resource.h INIT_RLIMITS.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct mm;
struct task;

/* Linux's numbers. */
enum rlimit_resource {
	RLIMIT_CPU,
	RLIMIT_FSIZE,
	RLIMIT_DATA,
	RLIMIT_STACK,
	RLIMIT_CORE,
	RLIMIT_RSS,
	RLIMIT_NPROC,
	RLIMIT_NOFILE,
	RLIMIT_MEMLOCK,
	RLIMIT_AS,
	RLIMIT_LOCKS,
	RLIMIT_SIGPENDING,
	RLIMIT_MSGQUEUE,
	RLIMIT_NICE,
	RLIMIT_RTPRIO,
	RLIMIT_RTTIME,
	RLIMITS,
};

#define RLIMIT_INFINITY (~0UL)

/* As programs pass it. */
struct rlimit {
	u64 soft;
	u64 hard;
};

struct rlimits {
	u32 refcount; /* atomic: processes; changes need it to be 1 */
	struct rlimit limit[RLIMITS];
};

/* What process 1 begins with: Linux's values.  Return: NULL: no memory. */
struct rlimits *rlimits_create(void) __must_check;
/* => @limits may be NULL: a kernel thread's */
void rlimits_get(struct rlimits *limits);
void rlimits_put(struct rlimits *limits);
/* Of @task's process. */
struct rlimit rlimit_read(struct task *task, enum rlimit_resource resource);
/* The soft limit of the calling process. */
u64 rlimit_current(enum rlimit_resource resource);

/* Tell @mm, which is or becomes @task's, what it may use. */
void rlimit_apply_memory(struct task *task, struct mm *mm);
/* The same for the memory @task has: its limits or its rights are new. */
void rlimits_tell_memory(struct task *task);

/**
 * rlimit_check_write() - RLIMIT_FSIZE for a write to a regular file
 * @position: where it begins
 * @bytes: its length; becomes what is allowed of it
 *
 * Return: 0, or -EFBIG, and SIGXFSZ was sent.
 */
int rlimit_check_write(u64 position, u64 *bytes) __must_check;
/* The same for a file that is to have @size_bytes. */
int rlimit_check_size(u64 size_bytes) __must_check;

/**
 * rlimit_check_fork() - RLIMIT_NPROC: may the user have one more process?
 *
 * Those that have ended and wait for their parent count.  Root may always.
 * Return: 0, or -EAGAIN.
 */
int rlimit_check_fork(void) __must_check;
