/*
 * path.h - from a path to an inode
 *
 * Owns: the walk: components, "." and "..", symbolic links, trailing slashes,
 * and the errors of each.
 * Locks: takes dir->lock of one directory at a time.
 * Source: path_resolution(7).
 */
#pragma once

#include "kernel/fs/inode.h"

/* Where a walk begins and how it treats its last component. */
#define WALK_FOLLOW 1u /* a symbolic link at the end is followed */
#define WALK_DIRECTORY 2u /* the result must be a directory */

/**
 * path_walk() - find what @path names
 * @start: where a relative path begins; NULL: the working directory
 * @flags: WALK_…
 *
 * Return: 0 and a reference; -ENOENT, -ENOTDIR, -ENAMETOOLONG, -ELOOP,
 * -ENOMEM.
 */
int path_walk(struct inode *start, const char *path, u32 flags,
	      struct inode **found) __must_check;

/* The last component of a path, and the directory it is to be found in. */
struct path_last {
	struct inode *directory; /* a reference: path_last_put() */
	char *name; /* may be "." or "..", or empty: the path was "/" */
	bool has_slash; /* a slash followed: must be a directory */
	char *buffer; /* path.c's; @name lies in it */
	u32 links_followed; /* path.c's; counts against SYMLINKS_MAX */
};

/**
 * path_walk_parent() - walk up to, but not into, the last component
 *
 * => a symbolic link at the end is not followed
 *
 * Return: 0, or as path_walk().  On failure nothing is to be put.
 */
int path_walk_parent(struct inode *start, const char *path,
		     struct path_last *last) __must_check;
void path_last_put(struct path_last *last);

/**
 * path_last_follow() - @link was found at the end: walk on to what it names
 *
 * => @last becomes the last component of the link's target
 * => the caller puts @last in any case
 *
 * Return: 0, or as path_walk().
 */
int path_last_follow(struct path_last *last, struct inode *link) __must_check;

/* Is the last component one that cannot be created or removed? */
bool path_last_is_special(const struct path_last *last);

/**
 * path_from_user() - copy a path
 *
 * Return: 0 and a string for path_free(); -EFAULT; -ENAMETOOLONG;
 * -ENOENT: it is empty; -ENOMEM.
 */
int path_from_user(vaddr_t address, char **path) __must_check;
void path_free(char *path);
