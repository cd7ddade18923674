/*
 * locks.h - advisory locks: flock(2) of whole files, fcntl(2) of ranges
 *
 * Owns: inode->locks.  The two kinds do not see each other.  The owner of a
 * range is a process's descriptor table, that of a whole file an open file.
 * Locks: locks_lock, a leaf spinlock.
 * Source: flock(2); fcntl(2), "Advisory record locking".
 */
#pragma once

#include "kernel/fs/file.h"

/* Type of a lock. */
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

/* As struct flock. */
struct linux_flock {
	i16 type;
	i16 whence;
	i64 start;
	i64 bytes; /* 0: up to the end, however far the file grows */
	i32 pid;
	i32 padding;
};

/* F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ kin.  Return: 0 or a negative errno. */
i64 locks_fcntl(struct file *file, int command, vaddr_t flock);

/* Give back all that @owner has locked of @inode. */
void locks_release(struct inode *inode, const void *owner);
