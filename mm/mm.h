/*
 * mm.h - one address space: its areas, its page tables, its counters
 *
 * Owns: struct mm, its life, and the one place where a user PTE is written.
 * Invariants: I4, I5, I7, I9 at mm_install_pte().  Where they say "present
 * leaf", an entry that PROT_NONE made inaccessible counts too: it
 * holds its frame.
 * Locks: mm->lock guards areas, page tables and counters of one mm.
 *
 * Lock order of the memory code, outermost first:
 *	mm->lock of a fork's parent
 *	mm->lock
 *	object->lock
 *	cache->lock (mm/kmem.c)
 *	frame_lock
 */
#pragma once

#include "kernel/lib/spinlock.h"
#include "mm/fault.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

struct mm {
	u32 refcount; /* atomic: tasks that run in it, readers of /proc */
	struct spinlock lock;
	struct list_node all_node; /* mm_list_lock; every mm, for the checker */

	/* All below: lock. */
	struct pgtable pgtable;
	struct vma_set vmas;
	u64 rss_pages; /* present leaves other than the zero frame (I7) */
	u64 rss_peak_pages;
	u64 total_pages; /* of all areas */
	u64 committed_pages; /* of accountable areas (I8) */
	vaddr_t brk_start;
	vaddr_t brk;
	u64 stack_limit_bytes;
	struct fault_counts faults;

	/* Where execve put things, for /proc. */
	vaddr_t arg_start;
	vaddr_t arg_end;
	vaddr_t env_start;
	vaddr_t env_end;
	vaddr_t stack_top;
};

/* Linux's default RLIMIT_STACK. */
#define STACK_LIMIT_BYTES (8UL << 20)

extern struct list_node mm_list;
extern struct spinlock mm_list_lock;

/* Return: an empty address space with one reference, or NULL. */
struct mm *mm_create(void) __must_check;
void mm_get(struct mm *mm);
/* The last one unmaps everything and frees the tables. */
void mm_put(struct mm *mm);

/**
 * mm_install_pte() - write one user leaf entry: the only place that does
 * @vma: the area @va lies in
 * @slot: the entry's place
 * @pte: what it shall say; all zero: absent
 *
 * => asserts I4, I5 and I9 for @pte; keeps rss_pages (I7)
 * => tells the ledger when a right or the frame was taken away: flush
 *    before the old frame is put (I13)
 * => the counts of both frames are the caller's business, in this order:
 *    new frame counted, PTE written, TLB flushed, old frame put
 *
 * Return: the old entry.
 */
pte_t mm_install_pte(struct vma *vma, vaddr_t va, pte_t *slot, pte_t pte);

/* What a PTE of @vma may say at most; @write narrows it further. */
static inline struct pte_rights vma_pte_rights(const struct vma *vma,
					       bool write)
{
	return (struct pte_rights){
		.user = true,
		.read = vma->flags & VMA_RIGHTS,
		.write = write && (vma->flags & VMA_WRITE),
		.exec = vma->flags & VMA_EXEC,
		.global = false,
	};
}

/**
 * mm_unmap_pages() - make [@start, @end) of @vma absent and drop the frames
 *
 * => PTEs first, then one flush for up to a batch of pages, then the frames
 */
void mm_unmap_pages(struct vma *vma, vaddr_t start, vaddr_t end);

/* Limits, break and what execve noted: what fork inherits beside the areas. */
void mm_copy_layout(struct mm *mm, const struct mm *parent);

/*
 * Insert or take out a whole area and keep the counters.
 * => @vma overlaps nothing; nothing is merged; pages are unmapped before
 */
void mm_add_vma(struct mm *mm, struct vma *vma);
void mm_remove_vma(struct mm *mm, struct vma *vma);
