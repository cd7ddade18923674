/*
 * device.h - character devices by number
 *
 * Owns: which st_rdev means which operations, and the nodes in /dev.
 * Source: Linux v6.12 Documentation/admin-guide/devices.txt.
 */
#pragma once

#include "kernel/fs/file.h"

/* Return: the operations, or NULL: no such device. */
const struct file_ops *device_find(u64 rdev);

/* Fill @dev, a /dev: nodes, links, shm, pts.  Return: 0 or -errno. */
int device_make_nodes(struct inode *dev) __must_check;

/* kernel/dev/mem_devices.c */
extern const struct file_ops device_null_ops;
extern const struct file_ops device_zero_ops;
extern const struct file_ops device_full_ops;
extern const struct file_ops device_random_ops;
/* kernel/dev/kmsg.c */
extern const struct file_ops device_kmsg_ops;
/* kernel/dev/console.c */
extern const struct file_ops device_console_ops;
/* kernel/dev/pty.c */
extern const struct file_ops device_ptmx_ops;
extern const struct file_ops device_pts_ops; /* all of one major number */
