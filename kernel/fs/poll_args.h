/*
 * poll_args.h - the arguments that poll, select and epoll share
 *
 * Owns: time limits in their three notations, and the signal mask that is in
 * force only while the call waits.
 */
#pragma once

#include "kernel/fs/abi.h"
#include "kernel/x86_64/asm/page.h"

enum poll_unit { POLL_TIMESPEC, POLL_TIMEVAL };

/* Return: the deadline since boot; @ms < 0: WAIT_FOREVER. */
u64 poll_deadline_ms(int ms);
/* NULL at @time: WAIT_FOREVER.  Return: 0, -EFAULT or -EINVAL. */
int poll_deadline_read(vaddr_t time, enum poll_unit unit, u64 *deadline_ns)
	__must_check;
/* Tell how much was left.  A bad address is not an error any more. */
void poll_deadline_write(vaddr_t time, enum poll_unit unit, u64 deadline_ns);

/* Block exactly the signals at @mask; NULL: no change.  Return: 0 or -errno. */
int poll_mask_set(vaddr_t mask, u64 bytes) __must_check;
/*
 * Back to the mask of before.  When a signal has ended the call that is done on
 * the way to the handler, which must run with the temporary mask's permission.
 */
void poll_mask_restore(i64 result);
