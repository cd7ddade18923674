/*
 * at.h - the path arguments of system calls
 *
 * Owns: struct at, a path copied from the user together with the directory
 * that a relative one begins at.
 */
#pragma once

#include "kernel/fs/vfs.h"

struct at {
	char *path; /* path_free() by at_put() */
	struct inode *start; /* a reference; NULL: the working directory */
};

/**
 * at_get() - copy a path, find where it begins
 * @dir_fd: AT_FDCWD, or a descriptor of a directory
 *
 * Return: 0; -EBADF, -ENOTDIR; or as path_from_user().
 */
int at_get(struct at *at, int dir_fd, vaddr_t path) __must_check;
void at_put(struct at *at);

static inline struct vfs_place at_place(const struct at *at)
{
	return (struct vfs_place){ at->start, at->path };
}

/**
 * at_walk() - the inode a path argument names
 * @flags: WALK_…
 *
 * Return: 0 and a reference, or a negative errno.
 */
int at_walk(int dir_fd, vaddr_t path, u32 flags, struct inode **inode)
	__must_check;

/**
 * at_find() - the same for a call that takes AT_… flags
 * @flags: AT_SYMLINK_NOFOLLOW; AT_EMPTY_PATH: "" is what @dir_fd itself is
 */
int at_find(int dir_fd, vaddr_t path, u32 flags, struct inode **inode)
	__must_check;
