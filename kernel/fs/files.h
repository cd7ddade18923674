/*
 * files.h - what one process sees of the file layer: its descriptors, its
 *           working directory, its umask
 *
 * Owns: struct files.  fork copies it, clone(CLONE_FILES) shares it.
 * Locks: files->lock, a spinlock: nothing below it sleeps, so a file is put
 * after the lock was dropped.
 */
#pragma once

#include "kernel/fs/file.h"
#include "kernel/lib/spinlock.h"

struct files {
	u32 refcount; /* atomic: tasks */
	struct spinlock lock;
	u32 slots; /* lock; entries of the two arrays; grows */
	struct file **file; /* lock; NULL: free */
	bool *close_on_exec; /* lock */
	struct inode *cwd; /* lock; NULL: the root */
	struct inode *root; /* lock; of chroot(2); NULL: of the system */
	u32 umask;
};

/* Return: an empty table in the root directory, or NULL. */
struct files *files_create(void) __must_check;
/* A copy for a child: the same open files.  Return: NULL: no memory. */
struct files *files_copy(struct files *parent) __must_check;
void files_get(struct files *files);
/* => may sleep: the last one closes every descriptor */
void files_put(struct files *files);
/* execve: close what is marked close-on-exec. */
void files_exec(struct files *files);

/* The calling process's table. */
struct files *files_current(void);

/**
 * files_install() - give @file the lowest free descriptor >= @minimum
 * @flags: O_CLOEXEC or 0
 *
 * => on success the table owns the caller's reference; on failure the
 *    caller keeps it
 *
 * Return: the descriptor, -EMFILE, -EINVAL (@minimum is too large) or -ENOMEM.
 */
int files_install(struct file *file, u32 minimum, u32 flags) __must_check;
/*
 * Is there room for one more descriptor?
 * Return: 0, -EMFILE or -ENOMEM: as files_install() would.
 */
int files_make_room(void) __must_check;
/* As dup2(2): at exactly @fd, closing what is there.  -EBADF: out of range. */
int files_install_at(struct file *file, int fd, u32 flags) __must_check;

/* Return: 0 and a reference for file_put(), or -EBADF. */
int files_get_file(int fd, struct file **file) __must_check;
/* Is @fd still this file? */
bool files_is_file(int fd, const struct file *file);
int files_close(int fd) __must_check;
/* All from @first to @last; @only_mark: as close-on-exec, do not close. */
void files_close_range(u32 first, u32 last, bool only_mark);
/* Return: 0 or 1, -EBADF. */
int files_get_cloexec(int fd) __must_check;
int files_set_cloexec(int fd, bool on) __must_check;

/* The working directory, with a reference. */
struct inode *files_get_cwd(void);
/* Where absolute paths begin, with a reference. */
struct inode *files_get_root(void);
/* => both take over the caller's reference of @directory */
void files_set_cwd(struct inode *directory);
void files_set_root(struct inode *directory);
