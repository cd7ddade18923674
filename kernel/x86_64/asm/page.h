/*
 * page.h - page size, typed addresses and the address-space layout
 *
 * Owns: paddr_t, vaddr_t, pfn_t and the constants of the memory layout.  The
 * three address types are one-member structs: the compiler emits the same
 * code as for u64, and passing one where another is wanted does not compile.
 * Kernel virtual addresses are plain pointers.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

/* A physical address, in bytes. */
typedef struct {
	u64 val;
} paddr_t;

/* A user virtual address: a number, so that nobody can dereference it. */
typedef struct {
	u64 val;
} vaddr_t;

/* A page frame number: physical address / PAGE_SIZE. */
typedef struct {
	u64 val;
} pfn_t;

#define PADDR(x) ((paddr_t){ (x) })
#define VADDR(x) ((vaddr_t){ (x) })
#define PFN(x) ((pfn_t){ (x) })

/*
 * User space.  The first 64 KiB are never mapped, so that a null pointer
 * plus a field offset always faults.  The last page below the
 * canonical hole stays unmapped: a SYSCALL instruction ending exactly there
 * would make the CPU return to a non-canonical address.
 */
#define USER_START 0x10000UL
#define USER_END 0x7ffffffff000UL

/* All RAM, at a constant distance.  The host tests put it elsewhere. */
#ifndef DIRECT_MAP_BASE
#define DIRECT_MAP_BASE 0xffff888000000000UL
#endif

/* Kernel stacks, each above an unmapped guard page. */
#define KSTACK_BASE 0xffffc90000000000UL

/* The kernel image: physical address + this. */
#ifndef KERNEL_BASE
#define KERNEL_BASE 0xffffffff80000000UL
#endif

static inline paddr_t pfn_to_paddr(pfn_t pfn)
{
	return PADDR(pfn.val << PAGE_SHIFT);
}

static inline pfn_t paddr_to_pfn(paddr_t pa)
{
	return PFN(pa.val >> PAGE_SHIFT);
}

/* The direct-map address of physical memory. */
static inline void *paddr_to_ptr(paddr_t pa)
{
	return (void *)(DIRECT_MAP_BASE + pa.val);
}

static inline void *pfn_to_ptr(pfn_t pfn)
{
	return paddr_to_ptr(pfn_to_paddr(pfn));
}

/* => @ptr points into the direct map */
static inline paddr_t ptr_to_paddr(const void *ptr)
{
	return PADDR((u64)ptr - DIRECT_MAP_BASE);
}

static inline pfn_t ptr_to_pfn(const void *ptr)
{
	return paddr_to_pfn(ptr_to_paddr(ptr));
}

static inline vaddr_t vaddr_page(vaddr_t va)
{
	return VADDR(va.val & PAGE_MASK);
}

static inline vaddr_t vaddr_add(vaddr_t va, u64 bytes)
{
	return VADDR(va.val + bytes);
}

static inline u64 bytes_to_pages(u64 bytes)
{
	return (bytes >> PAGE_SHIFT) + ((bytes & ~PAGE_MASK) != 0);
}

/* Bit 47 copied into bits 48..63, as the CPU demands of every address. */
static inline bool is_canonical(u64 address)
{
	return (u64)((i64)(address << 16) >> 16) == address;
}
