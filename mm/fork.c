/*
 * fork.c - how a page becomes shared and read-only
 *
 * The child gets the same areas and the same frames.  Every private page
 * that was writable becomes read-only in both, so that the first write of
 * either side comes to mm/cow.c.  Shared mappings stay writable: there a write
 * is meant to be seen by both.
 *
 * Level 1 works in two passes (I14).  The first allocates all that can run
 * out: areas and page tables of the child.  The second only copies
 * entries and counts, and cannot fail.  Level 0, for comparison, copies every
 * frame at once (mm/fork_eager.c).
 *
 * Locks: the parent's mm->lock, then the child's.
 */
#include "mm/fork.h"

#include "kernel/lib/errno.h"
#include "mm/commit.h"
#include "mm/mm_trace.h"
#include "mm/object.h"

u64 fork_level = 1;

/* A leaf table in the child wherever the parent has one. */
static int create_tables(struct vma *vma, struct mm *child)
{
	struct pgtable_iter it =
		pgtable_iter_start(&vma->mm->pgtable, vma->start, vma->end);

	for (; it.slot; pgtable_iter_next_table(&it))
		if (!pgtable_create(&child->pgtable, it.va))
			return -ENOMEM;
	return 0;
}

/* First pass: the same areas in the child, and the tables they need. */
static int copy_vmas(struct mm *parent, struct mm *child)
{
	struct vma *vma;

	vma_for_each(vma, &parent->vmas) {
		struct vma *copy;

		if (vma->flags & VMA_DONT_FORK)
			continue;
		copy = vma_alloc();
		if (!copy)
			return -ENOMEM;
		if (vma->flags & VMA_ACCOUNT &&
		    commit_reserve(child, vma_pages(vma)) != 0) {
			vma_free(copy);
			return -ENOMEM;
		}
		copy->start = vma->start;
		copy->end = vma->end;
		copy->flags = vma->flags & ~VMA_LOCK_FLAGS;
		copy->object_page = vma->object_page;
		copy->object = vma->object;
		if (copy->object)
			object_get(copy->object);
		mm_add_vma(child, copy);
		if (vma->flags & VMA_WIPE_ON_FORK)
			copy->flags &= ~VMA_WRITTEN;
		else if (create_tables(vma, child) != 0)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Second pass, for one page.  Afterwards parent and child share the frame, and
 * neither may write to it if the area is private.
 */
static void share_page(struct vma *vma, struct vma *child_vma, vaddr_t va,
		       pte_t *slot, pte_t *child_slot)
{
	pte_t pte = pte_load(slot);

	if (vma_is_cow(vma) && pte_is_writable(pte)) {
		pte = pte_without_write(pte);
		mm_protect_pte_untraced(vma, va, slot, pte);
	}
	frame_get_mapped_untraced(pfn_to_frame(pte_pfn(pte)));
	mm_install_pte_untraced(child_vma, va, child_slot,
				pte_without_accessed(pte));
}

/* Both sides' tables are walked in step, entry by entry. */
static void share_pages(struct vma *vma, struct vma *child_vma)
{
	struct pgtable_iter it =
		pgtable_iter_start(&vma->mm->pgtable, vma->start, vma->end);

	for (; it.slot; pgtable_iter_next_table(&it)) {
		u64 count = pgtable_iter_slots_left(&it);
		pte_t *slot = it.slot;
		pte_t *child_slot =
			pgtable_walk(&child_vma->mm->pgtable, it.va);

		if (trace_is_on(TRACE_MEMORY))
			mm_trace_share(vma, child_vma, it.va, slot, count);
		for (u64 i = 0; i < count; i++)
			if (pte_has_frame(pte_load(&slot[i])))
				share_page(vma, child_vma,
					   vaddr_add(it.va, i * PAGE_SIZE),
					   &slot[i], &child_slot[i]);
	}
}

static int copy_contents(struct mm *parent, struct mm *child)
{
	struct vma *vma;
	struct vma *child_vma;
	int error = copy_vmas(parent, child);

	if (error)
		return error;

	child_vma = list_first_entry(&child->vmas.list, struct vma, list_node);
	vma_for_each(vma, &parent->vmas) {
		if (vma->flags & VMA_DONT_FORK)
			continue; /* the child has none */
		if (vma->flags & VMA_WIPE_ON_FORK)
			error = 0; /* it has, and nothing in it */
		else if (fork_level == 0)
			error = fork_copy_pages(vma, child_vma);
		else
			share_pages(vma, child_vma);
		if (error)
			return error;
		child_vma = list_entry(child_vma->list_node.next, struct vma,
				       list_node);
	}
	return 0;
}

int fork_mm(struct mm *parent, struct mm **result)
{
	struct mm *child = mm_create();
	int error;

	if (!child)
		return -ENOMEM;
	write_lock(&parent->lock);
	write_lock_nested(&child->lock); /* nobody else knows it yet */
	mm_copy_layout(child, parent);
	error = copy_contents(parent, child);
	/* mlock is not inherited: what it kept apart may merge (I6). */
	if (!error && parent->locked_pages)
		vma_merge_range(&child->vmas, VADDR(0), VADDR(USER_END));

	/*
	 * One flush for all pages made read-only, and before mm->lock is free:
	 * a thread of the parent with a writable translation could otherwise
	 * change a page that the child has been promised (I10).
	 */
	tlb_flush_space(&parent->pgtable.space);
	write_unlock(&child->lock);
	write_unlock(&parent->lock);

	if (error) {
		mm_put(child);
		return error;
	}
	*result = child;
	return 0;
}
