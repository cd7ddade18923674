/*
 * epoll.h - epoll(7): a set of files to wait for, kept in the kernel
 *
 * Owns: struct epoll and its items.  An item does not hold its file open: when
 * the file is closed for good, the item goes.
 * Locks: one for all sets; it may be taken where files are put.
 */
#pragma once

#include "kernel/fs/file.h"

/* @file is being closed: take it out of every set. */
void epoll_forget(struct file *file);
