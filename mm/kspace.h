/*
 * kspace.h - the kernel's own half of the address space
 *
 * Owns: the direct map, the rights of the kernel image (nothing is writable
 * and executable), kernel stacks with guard pages, device registers.
 * Invariants: I12: every root gets these upper entries once, at creation, so
 * all of them exist before the first process does.
 */
#pragma once

#include "boot/boot_info.h"
#include "mm/pgtable.h"

/*
 * Four pages, as on Linux.  The compiler warns of frames above 1 KiB, and what
 * runs over all the same hits the guard page and panics.
 */
#define KSTACK_PAGES 4
#define KSTACK_BYTES (KSTACK_PAGES * PAGE_SIZE)

/**
 * kspace_init() - replace the boot page tables by the final ones
 *
 * => uses frames below 4 GiB only; afterwards the direct map has all RAM
 */
void kspace_init(const struct boot_info *info);

/* Return: the *top* of a stack of KSTACK_BYTES, or NULL. */
void *kstack_alloc(void) __must_check;
void kstack_free(void *top);
/* Is @address in a guard page?  For the double-fault message. */
bool kstack_is_guard(u64 address);

/* Device registers at @pa, uncached.  => boot only; panics when out of slots */
volatile void *kspace_map_device(paddr_t pa, u64 bytes);
