/*
 * sys_thread.c - what a C library asks for at every start, in case there will
 *                be threads
 */
#include "kernel/syscalls.h"

#include "kernel/lib/errno.h"

/* Bytes of Linux's struct robust_list_head. */
#define ROBUST_LIST_HEAD_BYTES 24

/*
 * The list names locks to be freed for other threads when this one dies.
 * There are no others, so nobody has to remember it.
 */
i64 sys_set_robust_list(vaddr_t head, u64 bytes)
{
	(void)head;
	return bytes == ROBUST_LIST_HEAD_BYTES ? 0 : -EINVAL;
}

/* As a Linux without CONFIG_RSEQ; C libraries do without. */
i64 sys_rseq(vaddr_t area, u32 bytes, int flags, u32 signature)
{
	(void)area;
	(void)bytes;
	(void)flags;
	(void)signature;
	return -ENOSYS;
}
