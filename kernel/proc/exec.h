/*
 * exec.h - run another program in the current task
 */
#pragma once

#include "kernel/proc/exec_args.h"

struct inode;

/**
 * exec_program() - replace the program of the current task
 * @path: of an ELF file, or of a script; appended to @args
 *
 * The new memory is built completely, stack and all, beside the old one; then
 * the task changes over, which cannot fail.
 * => on success task_user_frame() is what the new program begins with
 * => on failure nothing has changed
 *
 * Return: 0, -ENOEXEC, -E2BIG, -ENOMEM, -ELOOP: an interpreter's interpreter
 * and so on, too often; or the errors of a path.
 */
int exec_program(const char *path, struct exec_args *args) __must_check;

/*
 * The same for a file that was found already.  @path: by which a script's
 * interpreter will find it.  => takes over @file, from
 * vfs_start_exec()
 */
int exec_file(struct inode *file, const char *path, struct exec_args *args)
	__must_check;
