/*
 * pipe.h - pipes
 *
 * Owns: struct pipe, between the two ends of pipe(2) or
 * those who open a named pipe.
 * Source: pipe(7), fifo(7).
 */
#pragma once

#include "kernel/fs/file.h"

/**
 * pipe_create() - a pipe and its two ends
 * @flags: O_NONBLOCK or 0
 *
 * Return: 0 and two files with one reference each, or -ENOMEM.
 */
int pipe_create(u32 flags, struct file **read_end, struct file **write_end)
	__must_check;

/* Of a named pipe: the first open makes the pipe, inode->private. */
extern const struct file_ops fifo_file_ops;
/* Its inode goes.  => also if it was never opened */
void fifo_destroy(struct inode *inode);

/*
 * fcntl's F_GETPIPE_SZ and F_SETPIPE_SZ.  Return: the size in bytes; -EBADF:
 * not a pipe; -EBUSY: what is in it does not fit; -EPERM, -EINVAL, -ENOMEM.
 */
i64 pipe_get_size(const struct file *file);
i64 pipe_set_size(struct file *file, u64 bytes);
