/*
 * pipe.h - pipes
 *
 * Owns: struct pipe, between the two ends of pipe(2).
 * Source: pipe(7).
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

/* Of a named pipe: it can be listed, but opening it fails with ENXIO so far. */
extern const struct file_ops fifo_file_ops;
