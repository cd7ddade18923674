/*
 * uaccess.h - reading and writing user memory from system calls
 *
 * A user pointer arrives as a vaddr_t.  These check the range, then copy
 * with instructions that may fault: a page fault is handled as the user's own
 * would be (demand zero, copy-on-write), one that cannot be handled ends in
 * -EFAULT through the exception table.
 * => interrupts on, no spinlock held: the fault takes mm->lock
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

/* [@start, @start + @bytes) lies in user space and does not wrap. */
static inline bool user_range_ok(vaddr_t start, u64 bytes)
{
	return start.val <= USER_END && bytes <= USER_END - start.val;
}

/* All or nothing for the return value: 0, or -EFAULT. */
int copy_from_user(void *dst, vaddr_t src, size_t bytes) __must_check;
int copy_to_user(vaddr_t dst, const void *src, size_t bytes) __must_check;
int zero_user(vaddr_t dst, size_t bytes) __must_check;

/* As above, but the return value is the number of bytes NOT copied. */
size_t copy_from_user_partial(void *dst, vaddr_t src, size_t bytes);
size_t copy_to_user_partial(vaddr_t dst, const void *src, size_t bytes);

/**
 * copy_string_from_user() - a NUL-terminated string
 * @size: room at @dst, the terminator included
 *
 * Return: its length; -EFAULT; -ENAMETOOLONG when it does not fit.
 */
i64 copy_string_from_user(char *dst, vaddr_t src, size_t size) __must_check;
