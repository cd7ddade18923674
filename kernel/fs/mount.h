/*
 * mount.h - which file systems there are, and where they are mounted
 *
 * Owns: the table behind mount(2) and /proc/mounts.  How a walk crosses into a
 * mounted root is in kernel/fs/inode.h.
 * Locks: mounts_lock, outside inode_tree_lock.
 */
#pragma once

#include "kernel/fs/inode.h"
#include "kernel/fs/text.h"

/* statfs(2)'s f_type; Linux v6.12 include/uapi/linux/magic.h. */
#define TMPFS_MAGIC 0x01021994u
#define PROC_MAGIC 0x9fa0u
#define SYSFS_MAGIC 0x62656572u
#define DEVPTS_MAGIC 0x1cd1u
#define ANON_INODE_MAGIC 0x09041934u

struct mount_request {
	const char *source; /* only shown */
	const char *target;
	const char *type;
};

/**
 * mount_add() - mount a new file system
 *
 * Return: 0; -ENODEV: no such type; -ENOMEM; or as path_walk().
 */
int mount_add(const struct mount_request *request) __must_check;

/* The root file system is there already: only note it. */
int mount_note_root(void) __must_check;

/* What statfs(2) says of the inodes of @filesystem. */
u32 mount_magic(u32 filesystem);

/* /proc/mounts: one line for each. */
void mount_show(struct text *text);
