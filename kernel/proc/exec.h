/*
 * exec.h - run another program in the current task
 */
#pragma once

#include "kernel/proc/exec_args.h"

/**
 * exec_program() - replace the program of the current task
 * @path: of the ELF file; appended to @args
 *
 * The new memory is built completely, stack and all, beside the old one; then
 * the task changes over, which cannot fail.
 * => on success task_user_frame() is what the new program begins with
 * => on failure nothing has changed
 *
 * Return: 0, -ENOEXEC, -E2BIG, -ENOMEM, or the errors of a path.
 */
int exec_program(const char *path, struct exec_args *args) __must_check;
