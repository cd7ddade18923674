/*
 * tmpfs_internal.h - between tmpfs.c (names) and tmpfs_file.c (data)
 */
#pragma once

#include "kernel/fs/file.h"

extern const struct file_ops tmpfs_file_ops;

/* inode_ops.truncate of a regular file. */
int tmpfs_truncate(struct inode *inode, u64 size_bytes);
