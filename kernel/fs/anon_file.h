/*
 * anon_file.h - open files that have no name: eventfd, timerfd, epoll
 */
#pragma once

#include "kernel/fs/file.h"

/**
 * anon_file_install() - a new open file, and a descriptor for it
 * @private: becomes inode->private; kfree()d with the file, or now on failure
 * @flags: O_…; O_CLOEXEC and O_NONBLOCK matter
 *
 * Return: the descriptor, or a negative errno.
 */
int anon_file_install(const struct file_ops *ops, void *private, u32 flags)
	__must_check;
