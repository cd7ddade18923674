/*
 * uaccess.c - range checks in front of the faulting copy instructions
 *
 * The copies run with CR0.WP on: a store to a read-only page faults in kernel
 * mode exactly as it would in user mode, so kernel writes obey
 * copy-on-write without a line of code here.
 */
#include "mm/uaccess.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/x86_64/user_copy.h"

size_t copy_from_user_partial(void *dst, vaddr_t src, size_t bytes)
{
	if (!user_range_ok(src, bytes))
		return bytes;
	return user_copy_in(dst, src, bytes);
}

size_t copy_to_user_partial(vaddr_t dst, const void *src, size_t bytes)
{
	if (!user_range_ok(dst, bytes))
		return bytes;
	return user_copy_out(dst, src, bytes);
}

int copy_from_user(void *dst, vaddr_t src, size_t bytes)
{
	return copy_from_user_partial(dst, src, bytes) ? -EFAULT : 0;
}

int copy_to_user(vaddr_t dst, const void *src, size_t bytes)
{
	return copy_to_user_partial(dst, src, bytes) ? -EFAULT : 0;
}

int zero_user(vaddr_t dst, size_t bytes)
{
	if (!user_range_ok(dst, bytes))
		return -EFAULT;
	return user_zero(dst, bytes) ? -EFAULT : 0;
}

/*
 * Page by page: the string may end just before memory that is not mapped.
 */
i64 copy_string_from_user(char *dst, vaddr_t src, size_t size)
{
	size_t done = 0;

	while (done < size) {
		u64 at = src.val + done;
		size_t chunk =
			min_u64(size - done, PAGE_SIZE - (at & ~PAGE_MASK));
		size_t length;

		if (copy_from_user(dst + done, VADDR(at), chunk) != 0)
			return -EFAULT;
		length = strnlen(dst + done, chunk);
		if (length < chunk)
			return (i64)(done + length);
		done += chunk;
	}
	return -ENAMETOOLONG;
}
