/*
 * fork_eager.c - fork as it was before copy-on-write (fork_level 0)
 *
 * Kept to measure against: the same program, every private frame copied at
 * once.  Nothing of the parent changes, so failing half-way is harmless.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/fork.h"

int fork_copy_pages(struct vma *vma, struct vma *child_vma)
{
	struct pgtable_iter it;

	pgtable_for_each_slot(it, &vma->mm->pgtable, vma->start, vma->end) {
		pte_t pte = pte_load(it.slot);
		struct frame *frame = pfn_to_frame(pte_pfn(pte));

		if (!pte_has_frame(pte))
			continue;
		/* The zero frame and what an object holds stay shared. */
		if (vma_is_cow(vma) && frame->kind == FRAME_ANON) {
			frame = frame_alloc_copy(frame);
			if (!frame)
				return -ENOMEM;
			frame_adopt_mapped(frame);
			pte = pte_make(frame_pfn(frame),
				       vma_pte_rights(child_vma, true));
		} else {
			frame_get_mapped(frame);
		}
		mm_install_pte(child_vma, it.va,
			       pgtable_walk(&child_vma->mm->pgtable, it.va),
			       pte_without_accessed(pte));
	}
	return 0;
}
