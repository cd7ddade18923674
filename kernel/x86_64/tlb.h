/*
 * tlb.h - stale translations and how to get rid of them
 *
 * Owns: struct tlb_space, CR3, every flush.  Knows page tables only as a
 * root frame, and knows nothing of mm (which embeds a tlb_space).
 * Invariants: I10, I13 (the pending-flush ledger, in debug builds).
 * Sources: Intel SDM vol. 3A, "Invalidation of TLBs and Paging-Structure
 * Caches", "Recommended Invalidation".
 */
#pragma once

#include "kernel/x86_64/asm/pte.h"

/* How often what was done; of one space, or of the machine. */
enum tlb_event {
	TLB_SHOOTDOWN_SENT, /* other CPUs that were interrupted */
	TLB_SHOOTDOWN_RECEIVED, /* ... that had something to flush */
	TLB_FLUSH_PAGES, /* pages that one CPU forgot, one by one */
	TLB_FLUSH_FULL, /* times that one CPU forgot everything */
	TLB_EVENTS,
};

struct tlb_counts {
	u64 count[TLB_EVENTS]; /* atomic */
};

/* "tlb_shootdown_sent" … */
extern const char *const tlb_event_names[TLB_EVENTS];
extern struct tlb_counts tlb_totals;

struct tlb_space {
	pfn_t root; /* the level-4 table */
	u64 cpus; /* atomic; bit n: CPU n may cache from this space */
	u64 generation; /* atomic; rises with every flush */
	struct tlb_counts counts;
};

void tlb_space_init(struct tlb_space *space, pfn_t root);

/**
 * tlb_switch_to() - run on the page tables of @space
 *
 * => also ends lazy mode: what was not flushed meanwhile is now
 */
void tlb_switch_to(struct tlb_space *space);

/*
 * The CPU goes on with code that uses kernel addresses only.  It stays in its
 * space, as the kernel's half is the same in all, but is not interrupted for
 * flushes until it comes back with tlb_switch_to().
 */
void tlb_be_lazy(void);

/* Leave @space, which is about to be freed, on every CPU. */
void tlb_space_destroy(struct tlb_space *space, struct tlb_space *kernel_space);

/*
 * Flush local and remote: when these return, no CPU uses a translation that
 * the page tables no longer give.
 * => interrupts are on if other CPUs run; no lock is held that another CPU
 *    waits for with interrupts off
 */
void tlb_flush_page(struct tlb_space *space, vaddr_t va);
void tlb_flush_range(struct tlb_space *space, vaddr_t start, vaddr_t end);
void tlb_flush_space(struct tlb_space *space);
/* As tlb_flush_space(), when page tables are about to be freed. */
void tlb_flush_tables(struct tlb_space *space);
/* Kernel addresses, present in every space and possibly global. */
void tlb_flush_kernel_range(const void *start, const void *end);
/* One page, on this CPU only. */
void tlb_flush_kernel_local(const void *page);

/* TRAP_TLB_SHOOTDOWN: do what other CPUs ask for.  => interrupts are off */
void tlb_answer(void);

/*
 * The pending-flush ledger.  The hardware cannot be asked what its TLBs hold,
 * so a debug build writes down every PTE change that took something away:
 * until all CPUs have flushed, the frame must not be given back (I13) and the
 * CPU that made the change must not go on in user mode (I10).  Another
 * CPU may, for as long as the first one holds mm->lock and waits for it.
 */
#if CALF_DEBUG

/**
 * tlb_ledger_record() - a PTE of @space changed from @old to @new
 *
 * Notes nothing unless @old was present and @new is absent, has another frame,
 * or lacks a right that @old gave; nor if no CPU may cache from @space.
 */
void tlb_ledger_record(struct tlb_space *space, vaddr_t va, pte_t old,
		       pte_t new);

/*
 * May some CPU still reach @pfn through a PTE that this one took it out of?
 * (Another process that shares the frame may put its own reference while
 * that one is pending elsewhere.)
 */
bool tlb_ledger_has_frame(pfn_t pfn);

/* Panics with I10 if this CPU changed @space and has not flushed it. */
void tlb_ledger_assert_clean(const struct tlb_space *space);

#else

static inline void tlb_ledger_record(struct tlb_space *space, vaddr_t va,
				     pte_t old, pte_t new)
{
	(void)space, (void)va, (void)old, (void)new;
}

static inline bool tlb_ledger_has_frame(pfn_t pfn)
{
	(void)pfn;
	return false;
}

static inline void tlb_ledger_assert_clean(const struct tlb_space *space)
{
	(void)space;
}

#endif
