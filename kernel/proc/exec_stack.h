/*
 * exec_stack.h - the stack a new program finds
 */
#pragma once

#include "kernel/proc/elf.h"
#include "kernel/proc/exec_args.h"

/**
 * exec_stack_build() - map the stack and fill in arguments, environment and
 *                      auxiliary vector
 * @mm: the one the current task runs in
 * @rsp: what the stack pointer begins with
 *
 * Return: 0, -ENOMEM or -EFAULT.
 */
int exec_stack_build(struct mm *mm, const struct elf_program *program,
		     const struct exec_args *args, u64 *rsp) __must_check;
