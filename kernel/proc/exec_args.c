/*
 * exec_args.c - see exec_args.h
 */
#include "kernel/proc/exec_args.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/kmem.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

/* Nor is it more than that of the default stack. */
#define LIMIT_AT_MOST (STACK_LIMIT_BYTES / 4 * 3)

/* As Linux's ARG_MAX: allowed however small the stack may be. */
#define LIMIT_AT_LEAST (32 * PAGE_SIZE)

void exec_args_init(struct exec_args *args, u64 stack_limit_bytes)
{
	memset(args, 0, sizeof(*args));
	args->limit = min_u64(stack_limit_bytes / 4, LIMIT_AT_MOST);
	args->limit = max_u64(args->limit, LIMIT_AT_LEAST);
}

void exec_args_destroy(struct exec_args *args)
{
	kfree(args->strings);
}

/* Twice the room, from one page up. */
static int grow(struct exec_args *args)
{
	u64 room = args->room ? 2 * args->room : PAGE_SIZE;
	char *strings = kmalloc(room);

	if (!strings)
		return -ENOMEM;
	if (args->strings)
		memcpy(strings, args->strings, args->bytes);
	kfree(args->strings);
	args->strings = strings;
	args->room = room;
	return 0;
}

/* Each string has a pointer on the stack as well. */
static bool is_too_much(const struct exec_args *args)
{
	u64 pointers = args->argument_count + args->environment_count + 1;

	return args->bytes + pointers * sizeof(u64) > args->limit;
}

/* Put @string before what begins at @offset. */
static int insert(struct exec_args *args, u64 offset, const char *string)
{
	u64 bytes = strlen(string) + 1;

	while (args->room - args->bytes < bytes) {
		int error = grow(args);

		if (error)
			return error;
	}
	memmove(args->strings + offset + bytes, args->strings + offset,
		args->bytes - offset);
	memcpy(args->strings + offset, string, bytes);
	args->bytes += bytes;
	return is_too_much(args) ? -E2BIG : 0;
}

int exec_args_add(struct exec_args *args, const char *string)
{
	return insert(args, args->bytes, string);
}

void exec_args_drop_first(struct exec_args *args)
{
	u64 bytes = strlen(args->strings) + 1;

	args->bytes -= bytes;
	memmove(args->strings, args->strings + bytes, args->bytes);
	args->argument_count--;
}

int exec_args_prepend(struct exec_args *args, const char *string)
{
	args->argument_count++;
	return insert(args, 0, string);
}

static int add_user_string(struct exec_args *args, vaddr_t string)
{
	while (1) {
		u64 room = min_u64(args->room - args->bytes, EXEC_STRING_MAX);
		i64 length = -ENAMETOOLONG;
		int error;

		if (room > 0)
			length = copy_string_from_user(
				args->strings + args->bytes, string, room);
		if (length >= 0) {
			args->bytes += (u64)length + 1;
			return is_too_much(args) ? -E2BIG : 0;
		}
		if (length != -ENAMETOOLONG)
			return (int)length;
		if (room == EXEC_STRING_MAX || is_too_much(args))
			return -E2BIG;
		error = grow(args);
		if (error)
			return error;
	}
}

int exec_args_add_user(struct exec_args *args, vaddr_t list, u64 *count)
{
	if (!list.val)
		return 0;
	while (1) {
		vaddr_t string;
		int error = copy_from_user(&string, list, sizeof(string));

		if (error || !string.val)
			return error;
		error = add_user_string(args, string);
		if (error)
			return error;
		(*count)++;
		list = vaddr_add(list, sizeof(string));
	}
}
