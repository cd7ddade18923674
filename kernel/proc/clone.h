/*
 * clone.h - fork, vfork, what posix_spawn does, and threads: a second task
 *           from one
 *
 * Owns: which parts of a task a child copies and which it shares.
 */
#pragma once

#include "kernel/proc/task.h"

/* Linux's flags (include/uapi/linux/sched.h) that mean something here. */
#define CLONE_SIGNAL_MASK 0x000000ffUL /* sent to the parent at the end */
#define CLONE_VM 0x00000100UL
#define CLONE_FS 0x00000200UL /* working directory and umask */
#define CLONE_FILES 0x00000400UL
#define CLONE_SIGHAND 0x00000800UL
#define CLONE_VFORK 0x00004000UL
#define CLONE_THREAD 0x00010000UL
#define CLONE_SYSVSEM 0x00040000UL /* there are none */
#define CLONE_SETTLS 0x00080000UL
#define CLONE_PARENT_SETTID 0x00100000UL
#define CLONE_CHILD_CLEARTID 0x00200000UL
#define CLONE_DETACHED 0x00400000UL /* means nothing any more */
#define CLONE_CHILD_SETTID 0x01000000UL

struct clone_request {
	u64 flags; /* CLONE_… */
	u64 stack; /* of the child; 0: the same address as the parent's */
	vaddr_t parent_tid; /* CLONE_PARENT_SETTID */
	vaddr_t child_tid; /* CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
	u64 tls; /* CLONE_SETTLS: the FS base */
};

/**
 * task_clone() - a child of the current task
 *
 * => all or nothing: on failure nobody notices (I14)
 * => with CLONE_VFORK returns when the child has executed or ended
 *
 * Return: the child's pid; -ENOMEM; -EAGAIN: out of pids, or the process is
 * ending; -EINVAL.
 */
i64 task_clone(const struct clone_request *request) __must_check;
