/*
 * sys_thread.c - what a C library asks for at every start, in case there will
 *                be threads
 */
#include "kernel/syscalls.h"

#include "kernel/lib/errno.h"

/* As a Linux without CONFIG_RSEQ; C libraries do without. */
i64 sys_rseq(vaddr_t area, u32 bytes, int flags, u32 signature)
{
	(void)area;
	(void)bytes;
	(void)flags;
	(void)signature;
	return -ENOSYS;
}
