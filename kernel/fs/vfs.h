/*
 * vfs.h - what system calls do with paths: open, make, remove, rename
 *
 * Owns: the rules that hold for every file system, and their errors.  In all
 * of these, @start is where a relative path begins; NULL: the working
 * directory.  Returns are 0 or a negative errno.
 * Locks: those of inode.h.
 */
#pragma once

#include "kernel/fs/file.h"

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE 2u

/**
 * vfs_open() - open, and with O_CREAT make, a file
 * @mode: rights of a new file; the umask is the caller's business
 *
 * Return: 0 and a file with one reference.
 */
int vfs_open(struct inode *start, const char *path, u32 flags, u32 mode,
	     struct file **file) __must_check;

/* mkdir, mknod, symlink.  -EEXIST: there is something of that name. */
int vfs_make(struct inode *start, const char *path, const struct new_node *node)
	__must_check;

/* unlink, or with @is_directory rmdir. */
int vfs_remove(struct inode *start, const char *path, bool is_directory)
	__must_check;

struct vfs_place {
	struct inode *start;
	const char *path;
};

int vfs_rename(struct vfs_place from, struct vfs_place to, u32 flags)
	__must_check;
/* @walk_flags: WALK_FOLLOW links to what a symbolic link names. */
int vfs_link(struct vfs_place from, struct vfs_place to, u32 walk_flags)
	__must_check;

/* By name.  -ETXTBSY: it is being executed. */
int vfs_truncate(struct inode *inode, u64 size_bytes) __must_check;
/* Of a regular file that somebody has open for writing. */
int vfs_truncate_open(struct inode *inode, u64 size_bytes) __must_check;

/**
 * vfs_open_exec() - find a program
 *
 * => (*inode)->object has its bytes; see kernel/fs/object_io.h
 * => nobody can open it for writing until vfs_close_exec()
 *
 * Return: 0 and a reference; -EACCES: not a regular file, or not executable;
 * -ETXTBSY: open for writing; or as path_walk().
 */
int vfs_open_exec(const char *path, struct inode **inode) __must_check;
void vfs_close_exec(struct inode *inode);
/* The second half of it, for a file that was found in another way. */
int vfs_start_exec(struct inode *inode) __must_check;

/*
 * Write the path of @inode into its object's name, for /proc/PID/maps.  Done
 * when it is about to be mapped, and again when its name changes.
 */
void vfs_name_object(struct inode *inode);
