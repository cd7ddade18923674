/*
 * tmpfs.h - a file system in memory: the root
 *
 * Owns: directories as sets of entries, file data as memory objects.  Read,
 * write and mmap meet in the same frames: there is no second copy.
 * Locks: dir->lock guards the entries of a directory, inode->lock the size
 * of a file (writers are one at a time, readers are not held up).
 */
#pragma once

#include "kernel/fs/inode.h"

/* Return: the root of a new, empty file system, or NULL. */
struct inode *tmpfs_create(void) __must_check;

/**
 * tmpfs_make_unnamed() - a file without a name, for memfd_create(2)
 * @name: what /proc/PID/maps will call it
 *
 * Return: 0 and a reference, or -ENOMEM.
 */
int tmpfs_make_unnamed(const char *name, struct inode **inode) __must_check;
