/*
 * credentials.h - who a process is, and what it may do
 *
 * Owns: user and group ids and capabilities.  All processes begin as root,
 * who may do everything; one that has become somebody else may only do what
 * that user may, as on Linux.
 * Locks: only a task itself changes its credentials, under tasks_lock; others
 * read them under it.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct inode;
struct task;

/* The capabilities that somebody asks for here (capabilities(7)). */
enum capability {
	CAP_CHOWN = 0,
	CAP_DAC_OVERRIDE = 1,
	CAP_DAC_READ_SEARCH = 2,
	CAP_FOWNER = 3,
	CAP_FSETID = 4,
	CAP_KILL = 5,
	CAP_SETGID = 6,
	CAP_SETUID = 7,
	CAP_SETPCAP = 8,
	CAP_IPC_LOCK = 14,
	CAP_SYS_CHROOT = 18,
	CAP_SYS_PTRACE = 19,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_BOOT = 22,
	CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24,
	CAP_SYS_TIME = 25,
	CAP_SYS_TTY_CONFIG = 26,
	CAP_MKNOD = 27,
	CAP_SYSLOG = 34,
};

/* Linux 6.1 knows 41 of them. */
#define CAP_LAST 40
#define CAPABILITIES_ALL 0x1ffffffffffUL

/* Supplementary groups; never changed, only replaced. */
struct groups {
	u32 refcount; /* atomic */
	u32 count;
	u32 gid[];
};

/* The four ids of a user, or of a group. */
struct ids {
	u32 real; /* who it is */
	u32 effective; /* whose rights it has */
	u32 saved; /* whose rights it may take on again */
	u32 file; /* whose rights it has with files */
};

struct credentials {
	struct ids user;
	struct ids group;
	struct groups *groups; /* a reference; NULL: none */
	/* Sets of capabilities; bit n stands for capability n. */
	u64 inheritable;
	u64 permitted;
	u64 effective;
	u64 bounding;
	u64 ambient;
	bool keeps_capabilities; /* PR_SET_KEEPCAPS */
	bool has_no_new_privileges; /* PR_SET_NO_NEW_PRIVS */
};

extern const struct credentials credentials_root;

/* For a child.  => takes a reference of the groups */
void credentials_copy(struct credentials *to, const struct credentials *from);
/* Give back what it holds. */
void credentials_destroy(struct credentials *credentials);

/* May the current task do what @capability stands for? */
bool is_capable(enum capability capability);
/* May @task? */
bool task_is_capable(const struct task *task, enum capability capability);
/* Is @gid the current task's group, or one of its supplementary ones? */
bool is_in_group(u32 gid);
/* May the current task send @signal to @target?  => tasks_lock is held */
bool may_signal_locked(const struct task *target, int signal);
/* May the current task change how @target runs?  => tasks_lock is held */
bool may_schedule_locked(const struct task *target);

/* May the current task see and change @target's limits? */
bool may_limit(const struct task *target);

/**
 * may_access_memory() - may the current task look into @target's memory?
 *
 * => tasks_lock is not held
 *
 * Return: it is the same user, or root.
 * See: Linux v6.12 kernel/ptrace.c __ptrace_may_access().
 */
bool may_access_memory(const struct task *target);

/* Whose the program of @inode will be: the ids only, and no reference. */
struct credentials credentials_of_program(const struct inode *inode);
/*
 * execve of the file @inode: set-user-ID, and what becomes of capabilities.
 */
void credentials_exec(struct task *task, const struct inode *inode);
