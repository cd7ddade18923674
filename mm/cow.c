/*
 * cow.c - copy-on-write: a present page is written, and its PTE says R/W = 0
 *
 * There is no COW bit.  A private writable area with a read-only PTE is what
 * copy-on-write means; it got that way in mm/fork.c, or because the
 * page is the zero frame, a file's, or was read-only until mprotect.
 *
 *   case  frame                               verdict
 *   ------------------------------------------------------------------
 *   6A    of a shared mapping                 reuse: writes are for all
 *   6B    refcount 1: nobody else is left     reuse
 *   6C    refcount > 1                        copy
 *
 * The first of n sharers to write copies, so does the second …; the last
 * finds itself alone and reuses the original.
 *
 * Invariants: I4, I9, I13, I14.
 * Locks: mm->lock for reading and the lock of the page are held, so this PTE
 * stays as it is until we change it.
 */
#include "mm/cow.h"

#include "mm/mm.h"

u64 cow_reuse_enabled = 1;

/*
 * refcount, not mapcount: a frame that only this PTE maps may still be held by
 * a file's page cache or by the kernel, who rely on its bytes.
 *
 * A 1 stays 1 until we are done: it is this PTE's own, and nobody finds the
 * frame but through the PTE.  A fork of our mm wants mm->lock for writing, our
 * other threads the lock of the page; the kernel pins frames of objects only,
 * which have a reference more.  Who dropped the last but ours has done with the
 * bytes (frame_put() releases, frame_refcount() acquires).  A 2 may still fall
 * to 1, as two sharers copy at once: that is one copy for nothing, and no harm.
 */
static bool can_reuse(const struct fault *fault, const struct frame *frame)
{
	if (!vma_is_cow(fault->vma))
		return true;
	return frame_refcount(frame) == 1 && cow_reuse_enabled;
}

/*
 * Read-only becomes writable, same frame.  No flush: a CPU that still has the
 * narrower translation takes one spurious fault (case 7), which costs
 * less than interrupting everyone.
 * See: Intel SDM vol. 3A, "Optional Invalidation".
 */
static enum fault_result cow_reuse(struct fault *fault)
{
	pte_t pte = pte_with_dirty(pte_with_accessed(fault->seen));

	fault->kind = FAULT_COW_REUSE;
	mm_protect_pte(fault->vma, fault->address, fault->slot,
		       pte_with_write(pte));
	return FAULT_DONE;
}

/* A private frame with the bytes of @source, refcount 1; or NULL. */
static struct frame *copy_frame(const struct frame *source)
{
	if (source == zero_frame)
		return frame_alloc_zeroed(FRAME_ANON);
	return frame_alloc_copy(source);
}

enum fault_result cow_copy(struct fault *fault, struct frame *source)
{
	struct frame *copy;
	pte_t old;

	/* Check and allocate first (I14). */
	fault->kind = FAULT_COW_COPY;
	copy = copy_frame(source);
	if (!copy)
		return FAULT_OOM;

	/*
	 * An anonymous frame did not change while it was copied: nobody has a
	 * writable translation of one that is shared.  Fork flushed those
	 * before it let go of mm->lock.  (A file's page may be written through
	 * a shared mapping at any time; then either value will do.)
	 *
	 * Absent until all CPUs have flushed: with the new entry in place at
	 * once, one thread could already write to the copy while another, on a
	 * CPU that has not flushed yet, still reads the original.
	 */
	old = mm_clear_pte(fault->vma, fault->address, fault->slot);
	if (pte_has_frame(old))
		tlb_flush_page(&fault->mm->pgtable.space, fault->address);
	mm_install_new_pte(fault->vma, fault->address, fault->slot,
			   fault_used_pte(fault, copy, true));

	/*
	 * Last of all drop the original (I13).  Until the flush our reference
	 * kept the other sharers from finding themselves alone with it and
	 * writing to what our threads could still read.
	 */
	if (pte_has_frame(old))
		frame_put_mapped(source);
	return FAULT_DONE;
}

enum fault_result cow_break(struct fault *fault)
{
	struct frame *frame = pfn_to_frame(pte_pfn(fault->seen));

	if (can_reuse(fault, frame))
		return cow_reuse(fault);
	return cow_copy(fault, frame);
}
