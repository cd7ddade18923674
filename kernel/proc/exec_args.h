/*
 * exec_args.h - the strings of a new program, on their way through the kernel
 *
 * execve copies them here first, because the memory they lie in goes away.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

/* As Linux's MAX_ARG_STRLEN: one string, its terminator included. */
#define EXEC_STRING_MAX (32 * PAGE_SIZE)

/* Arguments first, then the environment, then the path: one after another. */
struct exec_args {
	char *strings; /* kmalloc'ed; each with its terminator */
	u64 bytes; /* used of @strings */
	u64 room; /* size of @strings */
	u64 limit; /* of strings and pointers to them, together */
	u64 argument_count;
	u64 environment_count;
	bool is_path_inaccessible; /* /dev/fd/N that execve will close */
};

/* As Linux: at most a quarter of the stack, within bounds. */
void exec_args_init(struct exec_args *args, u64 stack_limit_bytes);
void exec_args_destroy(struct exec_args *args);

/* Append one of the kernel's own.  Return: 0, -E2BIG or -ENOMEM. */
int exec_args_add(struct exec_args *args, const char *string) __must_check;

/* Leave out the first argument. */
void exec_args_drop_first(struct exec_args *args);
/* One more argument, before the others.  Return: as exec_args_add(). */
int exec_args_prepend(struct exec_args *args, const char *string) __must_check;

/**
 * exec_args_add_user() - append a list as execve(2) takes it
 * @list: an array of pointers to strings that ends with NULL; 0: empty
 * @count: incremented for each
 *
 * Return: 0, -E2BIG, -EFAULT or -ENOMEM.
 */
int exec_args_add_user(struct exec_args *args, vaddr_t list, u64 *count)
	__must_check;
