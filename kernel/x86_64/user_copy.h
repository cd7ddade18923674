/*
 * user_copy.h - the only instructions that touch user memory from the kernel
 *
 * Each opens SMAP's guard (STAC) for exactly one copy and closes it again
 * (CLAC).  CR0.WP stays on, so a store to a write-protected page faults as
 * the user's own would and the fault handler copies or reuses the frame.
 * A fault that cannot be resolved continues at the exception table's fix-up.
 *
 * => addresses were range-checked by the caller (mm/uaccess.c)
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

/* Both return the number of bytes NOT copied; 0 means success. */
size_t user_copy_in(void *dst, vaddr_t src, size_t n);
size_t user_copy_out(vaddr_t dst, const void *src, size_t n);
size_t user_zero(vaddr_t dst, size_t n);

/*
 * Atomic, on an aligned word; both return 0, or 1 after a fault.  The second
 * stores @new if the word is *@old; either way *@old becomes what was there.
 */
size_t user_load_u32(u32 *dst, vaddr_t src);
size_t user_exchange_u32(vaddr_t dst, u32 *old, u32 new);

struct extable_entry {
	u64 fault_ip;
	u64 fixup_ip;
};

/* Return: where to continue after a fault at @ip, or 0: not a user access. */
u64 extable_find(u64 ip);
