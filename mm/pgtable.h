/*
 * pgtable.h - four levels of page tables: walk, create, iterate, free
 *
 * Owns: the frames that hold tables, and the entries that point to tables.
 * No policy: what a leaf entry may say is decided by its callers.
 * Invariants: I7 (table_pages), I11, I12.  A table's refcount is the number of
 * upper entries that point to it; nothing here assumes that it is 1.
 * Locks: the owner's (mm->lock, or boot for the kernel's own).  For creating
 * tables and walking them mm->lock is enough for reading: then none is freed.
 */
#pragma once

#include "kernel/x86_64/asm/pte.h"
#include "kernel/x86_64/tlb.h"
#include "mm/frame.h"

struct pgtable {
	struct tlb_space space; /* the root, and which CPUs cache from it */
	u64 table_pages; /* atomic; frames of all levels, with the root */
};

/* The lower half of a root is the user's, the upper one the kernel's. */
#define PGTABLE_USER_END                                                       \
	(PGTABLE_KERNEL_INDEX * pgtable_entry_bytes(PGTABLE_ROOT_LEVEL))

/* The kernel's own; every other root shares its upper half (I12). */
extern struct pgtable kernel_pgtable;

/* Return: 0, or -ENOMEM. */
int pgtable_init(struct pgtable *pgtable) __must_check;

/* Free the root.  => every other table was freed with what it mapped */
void pgtable_destroy(struct pgtable *pgtable);

/**
 * pgtable_walk() - find the entry of @address in a table of @level
 * @level: PGTABLE_LEAF_LEVEL for a 4 KiB page
 *
 * Return: the slot, or NULL when a table on the way is missing.
 */
pte_t *pgtable_walk_level(const struct pgtable *pgtable, u64 address,
			  int level);

/* As above, missing tables are created.  Return: the slot; NULL: no memory. */
pte_t *pgtable_create_level(struct pgtable *pgtable, u64 address, int level)
	__must_check;

static inline pte_t *pgtable_walk(const struct pgtable *pgtable, vaddr_t va)
{
	return pgtable_walk_level(pgtable, va.val, PGTABLE_LEAF_LEVEL);
}

/* The entry of the page at @va. */
pte_t *pgtable_create(struct pgtable *pgtable, vaddr_t va) __must_check;

/*
 * Iteration over [start, end): every slot of every leaf table that exists,
 * present or not.  Holes without a table are skipped whole.
 *
 *	struct pgtable_iter it;
 *	pgtable_for_each_slot(it, pgtable, start, end)
 *		use(it.va, it.slot);
 */
struct pgtable_iter {
	const struct pgtable *pgtable;
	vaddr_t va;
	vaddr_t end;
	pte_t *slot; /* NULL: finished */
};

/* Move to the first slot at or after it->va. */
void pgtable_iter_seek(struct pgtable_iter *it);

static inline struct pgtable_iter
pgtable_iter_start(const struct pgtable *pgtable, vaddr_t start, vaddr_t end)
{
	struct pgtable_iter it = { pgtable, start, end, NULL };

	pgtable_iter_seek(&it);
	return it;
}

static inline void pgtable_iter_next(struct pgtable_iter *it)
{
	it->va.val += PAGE_SIZE;
	it->slot++;
	if (it->va.val >= it->end.val)
		it->slot = NULL;
	else if (pgtable_index(it->va.val, PGTABLE_LEAF_LEVEL) == 0)
		pgtable_iter_seek(it); /* the next table */
}

/* From it->slot to the end of its table, or of the range. */
static inline u64 pgtable_iter_slots_left(const struct pgtable_iter *it)
{
	return min_u64(PGTABLE_ENTRIES -
			       pgtable_index(it->va.val, PGTABLE_LEAF_LEVEL),
		       (it->end.val - it->va.val) >> PAGE_SHIFT);
}

/* On to the first slot of the next leaf table that exists. */
static inline void pgtable_iter_next_table(struct pgtable_iter *it)
{
	u64 span = pgtable_entry_bytes(PGTABLE_LEAF_LEVEL + 1);

	it->va.val = align_down(it->va.val, span) + span;
	if (it->va.val < it->end.val)
		pgtable_iter_seek(it);
	else
		it->slot = NULL;
}

#define pgtable_for_each_slot(it, pgtable, start, end)                         \
	for (it = pgtable_iter_start(pgtable, start, end); it.slot;            \
	     pgtable_iter_next(&it))

/* [start, end) was unmapped; nothing is mapped in [floor, ceiling) around it. */
struct pgtable_hole {
	vaddr_t start;
	vaddr_t end;
	vaddr_t floor;
	vaddr_t ceiling;
};

/**
 * pgtable_free_hole() - free the tables that serve nothing any more
 *
 * Frees each table that covers a part of [start, end) and lies wholly in
 * [floor, ceiling).
 * => flushes before the frames are put: the CPU caches upper entries too
 */
void pgtable_free_hole(struct pgtable *pgtable,
		       const struct pgtable_hole *hole);
