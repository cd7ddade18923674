/*
 * mm.h - one address space: its areas, its page tables, its counters
 *
 * Owns: struct mm, its life, and the one place where a user PTE is written.
 * Invariants: I4, I5, I7, I9 where entries are written.  Where they say "present
 * leaf", an entry that PROT_NONE made inaccessible counts too: it
 * holds its frame.
 * Locks: mm->lock guards areas, page tables and counters of one mm.
 *
 *	for reading	page faults, and whoever looks an area up.  Areas stay
 *			as they are, tables only come; a page's entry is
 *			guarded by the lock of the page, mm_page_lock()
 *	for writing	whoever changes areas, frees tables, changes entries of
 *			pages it was not called for (fork, munmap,
 *			mprotect …), or wants exact counters
 *
 * So threads that fault on different pages do not wait for each other, and of
 * those that fault on one page the first resolves it for all.
 *
 * Lock order of the memory code, outermost first:
 *	mm->lock of a fork's parent
 *	mm->lock
 *	a page's lock, only with mm->lock for reading
 *	object->lock (mm/object_map.c goes the other way, with write_trylock())
 *	cache->lock (mm/kmem.c)
 *	a CPU's frame cache (mm/frame_cache.c)
 *	frame_lock
 */
#pragma once

#include "kernel/lib/rwlock.h"
#include "kernel/lib/spinlock.h"
#include "mm/fault.h"
#include "mm/pgtable.h"
#include "mm/vma.h"

/* setrlimit(2), as far as memory obeys it; MM_UNLIMITED: no limit. */
struct mm_limits {
	u64 total_bytes; /* RLIMIT_AS */
	u64 data_bytes; /* RLIMIT_DATA */
	u64 stack_bytes; /* RLIMIT_STACK */
	u64 locked_bytes; /* RLIMIT_MEMLOCK, for those it applies to */
};

#define MM_UNLIMITED (~0UL)

/* Neighbours have different ones; more than there are CPUs, mostly. */
#define MM_PAGE_LOCKS 16

struct mm {
	u32 refcount; /* atomic: tasks that run in it, readers of /proc */
	struct rwlock lock;
	struct spinlock page_locks[MM_PAGE_LOCKS]; /* by page number */
	struct list_node all_node; /* mm_list_lock; every mm, for the checker */

	/* All below: lock. */
	struct pgtable pgtable;
	struct vma_set vmas;
	u64 rss_pages; /* atomic; present leaves but the zero frame's (I7) */
	u64 rss_peak_pages; /* read through mm_rss_peak() */
	u64 total_pages; /* of all areas */
	u64 total_peak_pages; /* read through mm_total_peak() */
	u64 kind_pages[VMA_KINDS]; /* the same, sorted */
	u64 locked_pages; /* of areas that are VMA_LOCKED */
	u64 committed_pages; /* of areas with VMA_ACCOUNT (I8) */
	u64 charged_pages; /* the same, but while areas change: mm/commit.h */
	vaddr_t brk_start;
	vaddr_t brk;
	struct mm_limits limits;
	u32 lock_future; /* VMA_LOCK_FLAGS for new areas: mlockall */
	struct fault_counts faults; /* atomic */
	bool is_oom_victim; /* all who run in it were killed for its memory */
	bool is_reaped; /* its private memory is gone: nothing may come back */

	/* Where execve put things, for /proc. */
	vaddr_t arg_start;
	vaddr_t arg_end;
	vaddr_t env_start;
	vaddr_t env_end;
	vaddr_t stack_top;
	vaddr_t code_start; /* of executable segments */
	vaddr_t code_end;
	vaddr_t data_start; /* of the last segment … */
	vaddr_t data_end; /* … up to the bytes that are not in the file */
};

/* Linux's default RLIMIT_STACK. */
#define STACK_LIMIT_BYTES (8UL << 20)

extern struct list_node mm_list;
extern struct spinlock mm_list_lock;

/* Return: an empty address space with one reference, or NULL. */
struct mm *mm_create(void) __must_check;
void mm_get(struct mm *mm);
/*
 * The last one unmaps everything and frees the tables.
 * Return: was it the last?
 */
bool mm_put(struct mm *mm);

/*
 * Where the present pages of an mm come from.  Walks what is mapped from
 * objects.  => mm->lock is held
 */
struct mm_rss {
	u64 anonymous;
	u64 files;
	u64 shared; /* anonymous memory with MAP_SHARED */
};

struct mm_rss mm_rss_read(const struct mm *mm);

/* ---- When memory has run out (kernel/oom.c) ------------------------------ */

/* What would come back if @mm were no more, and nobody shared its pages. */
static inline u64 mm_badness_pages(const struct mm *mm)
{
	return READ_ONCE(mm->rss_pages) + READ_ONCE(mm->pgtable.table_pages);
}

/* All who run in @mm are being killed.  => the caller has a reference */
void mm_mark_oom_victim(struct mm *mm);

/* Marked ones whose memory has not come back yet. */
u32 mm_oom_victims(void);
/* Victims whose memory has come back since boot. */
u64 mm_oom_ends(void);

/**
 * mm_reap() - take the private memory of a marked mm, before its end
 *
 * => its tasks never return to user mode.  What they still do in the kernel
 *    finds FAULT_SIGBUS instead of pages of zeros
 * => takes mm->lock, whose holders never sleep: this cannot have to wait for
 *    a task that waits for memory
 */
void mm_reap(struct mm *mm);

/* Guards the entry of the page at @va.  => mm->lock is held for reading */
static inline struct spinlock *mm_page_lock(struct mm *mm, vaddr_t va)
{
	return &mm->page_locks[(va.val >> PAGE_SHIFT) % MM_PAGE_LOCKS];
}

/* ---- Writing page-table entries ------------------------------------------ */

/* I4, I5 and I9 for one entry that is about to be written. */
void mm_assert_pte_allowed(const struct vma *vma, vaddr_t va, pte_t pte);

/* I7: everything but the zero frame, which costs nothing. */
static inline bool mm_counts_in_rss(pte_t pte)
{
	return pte_has_frame(pte) && pte_pfn(pte).val != zero_pfn.val;
}

/*
 * The three ways to write a user leaf entry; nothing else does.  Each tells
 * the ledger when a right or the frame was taken away (flush before the old
 * frame is put, I13), and keeps rss_pages (I7).  The counts of the frame
 * are the caller's business, in this order: new frame counted, entry written,
 * TLB flushed, old frame put.
 */

/* The same, and the trace is told; for _untraced see mm/frame.h. */
__cold void mm_install_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot,
				  pte_t pte);
__cold void mm_install_new_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot,
				      pte_t pte);
__cold void mm_protect_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot,
				  pte_t pte);
__cold pte_t mm_clear_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot);

static inline void mm_install_pte_untraced(struct vma *vma, vaddr_t va,
					   pte_t *slot, pte_t pte)
{
	ASSERT_DEBUG(!pte_has_frame(pte_load(slot)));
	if (CALF_DEBUG)
		mm_assert_pte_allowed(vma, va, pte);
	pte_store(slot, pte);
	__atomic_fetch_add(&vma->mm->rss_pages, mm_counts_in_rss(pte),
			   __ATOMIC_RELAXED);
}

/**
 * mm_install_pte() - map a page where none is
 * @vma: the area @va lies in
 * @slot: the entry's place; absent
 * @pte: what it shall say
 *
 * => asserts I4, I5 and I9; no flush is needed: the CPU caches no absent entry
 */
static inline void mm_install_pte(struct vma *vma, vaddr_t va, pte_t *slot,
				  pte_t pte)
{
	if (trace_is_on(TRACE_MEMORY))
		mm_install_pte_traced(vma, va, slot, pte);
	else
		mm_install_pte_untraced(vma, va, slot, pte);
}

static inline void mm_install_new_pte_untraced(struct vma *vma, vaddr_t va,
					       pte_t *slot, pte_t pte)
{
	frame_adopt_mapped_untraced(pfn_to_frame(pte_pfn(pte)));
	mm_install_pte_untraced(vma, va, slot, pte);
}

/* The same for a frame that was just made: the PTE adopts its reference. */
static inline void mm_install_new_pte(struct vma *vma, vaddr_t va, pte_t *slot,
				      pte_t pte)
{
	if (trace_is_on(TRACE_MEMORY))
		mm_install_new_pte_traced(vma, va, slot, pte);
	else
		mm_install_new_pte_untraced(vma, va, slot, pte);
}

static inline void mm_protect_pte_untraced(struct vma *vma, vaddr_t va,
					   pte_t *slot, pte_t pte)
{
	pte_t old;

	if (CALF_DEBUG)
		mm_assert_pte_allowed(vma, va, pte);
	old = pte_exchange(slot, pte);
	ASSERT_DEBUG(pte_pfn(old).val == pte_pfn(pte).val);
	tlb_ledger_record(&vma->mm->pgtable.space, va, old, pte);
}

/* Give the same frame other rights.  => as above, but a flush may be due */
static inline void mm_protect_pte(struct vma *vma, vaddr_t va, pte_t *slot,
				  pte_t pte)
{
	if (trace_is_on(TRACE_MEMORY))
		mm_protect_pte_traced(vma, va, slot, pte);
	else
		mm_protect_pte_untraced(vma, va, slot, pte);
}

static inline pte_t mm_clear_pte_untraced(struct vma *vma, vaddr_t va,
					  pte_t *slot)
{
	const pte_t absent = { 0 };
	pte_t old = pte_exchange(slot, absent);

	__atomic_fetch_sub(&vma->mm->rss_pages, mm_counts_in_rss(old),
			   __ATOMIC_RELAXED);
	tlb_ledger_record(&vma->mm->pgtable.space, va, old, absent);
	return old;
}

/* Make an entry absent.  Return: what it said, for flush and put. */
static inline pte_t mm_clear_pte(struct vma *vma, vaddr_t va, pte_t *slot)
{
	if (trace_is_on(TRACE_MEMORY))
		return mm_clear_pte_traced(vma, va, slot);
	return mm_clear_pte_untraced(vma, va, slot);
}

/* The most it ever was; rss_pages only falls in mm_unmap_pages(). */
static inline u64 mm_rss_peak(const struct mm *mm)
{
	return max_u64(mm->rss_peak_pages, mm->rss_pages);
}

static inline u64 mm_total_peak(const struct mm *mm)
{
	return max_u64(mm->total_peak_pages, mm->total_pages);
}

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
/* As above, but private copies of the object's pages stay. */
void mm_unmap_object_pages(struct vma *vma, vaddr_t start, vaddr_t end);

/* Limits, break and what execve noted: what fork inherits beside the areas. */
void mm_copy_layout(struct mm *mm, const struct mm *parent);

/*
 * Insert or take out a whole area and keep the counters.
 * => @vma overlaps nothing; nothing is merged; pages are unmapped before
 */
void mm_add_vma(struct mm *mm, struct vma *vma);
void mm_remove_vma(struct mm *mm, struct vma *vma);
/* @vma has become @pages larger, or smaller: the counters follow. */
void mm_count_pages(const struct vma *vma, i64 pages);

/**
 * mm_may_grow() - do the limits allow @pages more?
 * @flags: of the area they would belong to
 */
bool mm_may_grow(const struct mm *mm, u32 flags, u64 pages);

/* May areas that exist become @pages more of data? */
static inline bool mm_may_grow_data(const struct mm *mm, u64 pages)
{
	return mm->kind_pages[VMA_KIND_DATA] + pages <= mm->limits.data_bytes >>
	       PAGE_SHIFT;
}

/* Other flags for a whole area; the counters follow, pages do not. */
void mm_set_vma_flags(struct vma *vma, u32 flags);
