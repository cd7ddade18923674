/*
 * pte.h - the page-table entry: the one file that knows its bits
 *
 * Owns: pte_t, its constructor and accessors.  No policy: who may
 * write what is decided in mm/.
 * Sources: Intel SDM vol. 3A, "4-Level Paging", table "Format of a Page-Table
 * Entry that Maps a 4-KByte Page".
 */
#pragma once

#include "kernel/x86_64/asm/page.h"
#include "kernel/x86_64/asm/types.h"

/* One entry of a table of any level.  Zero means: absent. */
typedef struct {
	u64 raw;
} pte_t;

#define PTE_PRESENT (1UL << 0)
#define PTE_WRITE (1UL << 1)
#define PTE_USER (1UL << 2)
#define PTE_WRITE_THROUGH (1UL << 3)
#define PTE_NO_CACHE (1UL << 4)
#define PTE_ACCESSED (1UL << 5) /* set by the CPU */
#define PTE_DIRTY (1UL << 6) /* set by the CPU */
#define PTE_LARGE (1UL << 7) /* a leaf above level 1 */
#define PTE_GLOBAL (1UL << 8) /* survives a reload of CR3 */
#define PTE_NO_EXEC (1UL << 63)
#define PTE_PFN_MASK 0x000ffffffffff000UL

/*
 * Levels are numbered as in the manual: 4 is the root (PML4), 1 holds the
 * entries that map 4 KiB pages.
 */
#define PGTABLE_ROOT_LEVEL 4
#define PGTABLE_LEAF_LEVEL 1
#define PGTABLE_ENTRIES 512
#define PGTABLE_INDEX_BITS 9

/* The upper half of a root belongs to the kernel (I12). */
#define PGTABLE_KERNEL_INDEX 256

/*
 * Every right by name: a caller cannot forget one or swap two.  x86 has no
 * bit for reading: an entry without @read is not present, but still
 * says which frame belongs there (PROT_NONE).
 */
struct pte_rights {
	bool user;
	bool read;
	bool write;
	bool exec;
	bool global;
};

static inline pte_t pte_make(pfn_t pfn, struct pte_rights rights)
{
	return (pte_t){ pfn.val << PAGE_SHIFT |
			(rights.read ? PTE_PRESENT : 0) |
			(rights.user ? PTE_USER : 0) |
			(rights.write ? PTE_WRITE : 0) |
			(rights.global ? PTE_GLOBAL : 0) |
			(rights.exec ? 0 : PTE_NO_EXEC) };
}

/*
 * An entry that points to a lower table.  Effective rights are the AND
 * along the walk, so this one allows everything and the leaf decides.
 */
static inline pte_t pte_make_table(pfn_t table, bool user)
{
	return (pte_t){ table.val << PAGE_SHIFT | PTE_PRESENT | PTE_WRITE |
			(user ? PTE_USER : 0) };
}

static inline pte_t pte_make_large(pfn_t pfn, struct pte_rights rights)
{
	return (pte_t){ pte_make(pfn, rights).raw | PTE_LARGE };
}

/* For device registers: every access goes to the device. */
static inline pte_t pte_uncached(pte_t pte)
{
	return (pte_t){ pte.raw | PTE_NO_CACHE | PTE_WRITE_THROUGH };
}

/* Does the CPU accept it? */
static inline bool pte_is_present(pte_t pte)
{
	return pte.raw & PTE_PRESENT;
}

/* Does it hold a frame, be it accessible or not? */
static inline bool pte_has_frame(pte_t pte)
{
	return pte.raw != 0;
}

static inline bool pte_is_writable(pte_t pte)
{
	return pte.raw & PTE_WRITE;
}

static inline bool pte_is_user(pte_t pte)
{
	return pte.raw & PTE_USER;
}

static inline bool pte_is_executable(pte_t pte)
{
	return !(pte.raw & PTE_NO_EXEC);
}

static inline bool pte_is_accessed(pte_t pte)
{
	return pte.raw & PTE_ACCESSED;
}

static inline bool pte_is_dirty(pte_t pte)
{
	return pte.raw & PTE_DIRTY;
}

static inline bool pte_is_large(pte_t pte)
{
	return pte.raw & PTE_LARGE;
}

static inline pfn_t pte_pfn(pte_t pte)
{
	return PFN((pte.raw & PTE_PFN_MASK) >> PAGE_SHIFT);
}

/* The same frame and Accessed and Dirty bits, other rights. */
static inline pte_t pte_with_rights(pte_t pte, struct pte_rights rights)
{
	pte_t changed = pte_make(pte_pfn(pte), rights);

	changed.raw |= pte.raw & (PTE_ACCESSED | PTE_DIRTY);
	return changed;
}

static inline pte_t pte_with_write(pte_t pte)
{
	return (pte_t){ pte.raw | PTE_WRITE };
}

static inline pte_t pte_without_write(pte_t pte)
{
	return (pte_t){ pte.raw & ~PTE_WRITE };
}

/*
 * Mark as used: the CPU need not come back to set the bits itself.
 */
static inline pte_t pte_with_accessed(pte_t pte)
{
	return (pte_t){ pte.raw | PTE_ACCESSED };
}

static inline pte_t pte_with_dirty(pte_t pte)
{
	return (pte_t){ pte.raw | PTE_DIRTY };
}

static inline pte_t pte_without_accessed(pte_t pte)
{
	return (pte_t){ pte.raw & ~PTE_ACCESSED };
}

static inline pte_t pte_without_dirty(pte_t pte)
{
	return (pte_t){ pte.raw & ~PTE_DIRTY };
}

/*
 * Another CPU of the same mm, and the paging hardware setting A and D, may
 * touch a slot at any time: one load, one store, or one atomic exchange.
 */
static inline pte_t pte_load(const pte_t *slot)
{
	return (pte_t){ READ_ONCE(slot->raw) };
}

static inline void pte_store(pte_t *slot, pte_t pte)
{
	WRITE_ONCE(slot->raw, pte.raw);
}

/* Returns the old entry with every A and D bit set until this moment. */
static inline pte_t pte_exchange(pte_t *slot, pte_t pte)
{
	return (pte_t){ __atomic_exchange_n(&slot->raw, pte.raw,
					    __ATOMIC_SEQ_CST) };
}

/*
 * Of several CPUs that do this at once one succeeds.  Release: what the entry
 * points to was made before; who follows it finds that.
 */
static inline bool pte_set_if_absent(pte_t *slot, pte_t pte)
{
	u64 absent = 0;

	return __atomic_compare_exchange_n(&slot->raw, &absent, pte.raw, false,
					   __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* Bytes covered by one entry of a table of @level: 4 KiB, 2 MiB, 1 GiB … */
static inline u64 pgtable_entry_bytes(int level)
{
	return PAGE_SIZE << (PGTABLE_INDEX_BITS * (level - 1));
}

static inline unsigned int pgtable_index(u64 address, int level)
{
	return (address >> (PAGE_SHIFT + PGTABLE_INDEX_BITS * (level - 1))) &
	       (PGTABLE_ENTRIES - 1);
}

/* The error code the CPU pushes at a page fault. */
#define PF_PRESENT (1UL << 0) /* a right was missing; else the page was */
#define PF_WRITE (1UL << 1)
#define PF_USER (1UL << 2) /* the access was made in user mode */
#define PF_RESERVED (1UL << 3) /* an entry has a reserved bit set */
#define PF_FETCH (1UL << 4)

_Static_assert(sizeof(pte_t) == 8, "the CPU reads 8-byte entries");
_Static_assert(PGTABLE_ENTRIES * sizeof(pte_t) == PAGE_SIZE,
	       "a table fills one frame");
