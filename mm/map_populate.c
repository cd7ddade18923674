/*
 * map_populate.c - fault in pages before a program asks for them
 *
 * MAP_POPULATE, mlock and MADV_POPULATE_READ and _WRITE want the same: that
 * later accesses take no fault.  Each page goes through fault_handle(),
 * as if the program had touched it, so every rule of faults holds here too.
 *
 * Locks: mm->lock for reading, for one page at a time.
 * Sources: Linux v6.12 mm/gup.c __mm_populate(), populate_vma_page_range(),
 * faultin_page_range(); madvise(2), mlock(2).
 */
#include "kernel/lib/errno.h"
#include "mm/map.h"

/* What a step does at most: a fault may copy a page. */
#define STEP_PAGES 64

/*
 * A private page that may be written is wanted for writing: a later copy would
 * be a fault.  Shared ones are not made dirty for nothing.
 */
static bool wants_write(const struct vma *vma, enum populate_mode mode)
{
	switch (mode) {
	case POPULATE_QUIETLY:
	case POPULATE_LOCKED:
		return vma->flags & VMA_WRITE && vma_is_cow(vma);
	case POPULATE_READ:
		return false;
	case POPULATE_WRITE:
		return true;
	}
	return false;
}

/* Does the area allow it?  Return: 0 or a negative errno. */
static int check_area(const struct vma *vma, enum populate_mode mode)
{
	switch (mode) {
	case POPULATE_QUIETLY:
	case POPULATE_LOCKED:
		return vma->flags & VMA_RIGHTS ? 0 : -EFAULT;
	case POPULATE_READ:
		return vma->flags & VMA_READ ? 0 : -EINVAL;
	case POPULATE_WRITE:
		return vma->flags & VMA_WRITE ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static bool is_populated(const struct vma *vma, vaddr_t va, bool is_write)
{
	const pte_t *slot = pgtable_walk(&vma->mm->pgtable, va);
	pte_t pte = slot ? pte_load(slot) : (pte_t){ 0 };

	return pte_is_present(pte) && (!is_write || pte_is_writable(pte));
}

/* The next page to fault in. */
struct target {
	bool is_needed;
	bool is_write;
	vaddr_t area_end;
};

/*
 * Look at the page at populate->at, or move it on over what is not wanted.
 * => mm->lock is held for reading
 */
static int find_target(struct mm *mm, struct populate *populate,
		       struct target *target)
{
	struct vma *vma = vma_find_above(&mm->vmas, populate->at);
	int error;

	*target = (struct target){ .area_end = populate->end };
	if (!vma || vma->start.val > populate->at.val) {
		if (populate->mode == POPULATE_READ ||
		    populate->mode == POPULATE_WRITE)
			return -ENOMEM;
		populate->at = populate->end;
		if (vma && vma->start.val < populate->end.val)
			populate->at = vma->start;
		return 0;
	}
	target->area_end = VADDR(min_u64(vma->end.val, populate->end.val));
	error = check_area(vma, populate->mode);
	if (error)
		return error;
	/* These pages are wanted when the program comes to them. */
	if (vma->flags & VMA_LOCK_ON_FAULT &&
	    (populate->mode == POPULATE_LOCKED ||
	     populate->mode == POPULATE_QUIETLY)) {
		populate->at = target->area_end;
		return 0;
	}
	target->is_write = wants_write(vma, populate->mode);
	target->is_needed = !is_populated(vma, populate->at, target->is_write);
	if (!target->is_needed)
		populate->at = vaddr_add(populate->at, PAGE_SIZE);
	return 0;
}

static int fault_in(struct mm *mm, vaddr_t va, bool is_write)
{
	switch (fault_handle(mm, va, is_write ? PF_WRITE : 0)) {
	case FAULT_DONE:
		return 0;
	case FAULT_OOM:
		return -ENOMEM;
	case FAULT_SIGBUS:
	case FAULT_SIGSEGV_MAPERR:
	case FAULT_SIGSEGV_ACCERR:
		return -EFAULT;
	}
	return -EFAULT;
}

int map_populate_step(struct mm *mm, struct populate *populate)
{
	for (int i = 0; i < STEP_PAGES && populate->at.val < populate->end.val;
	     i++) {
		struct target target;
		int error;

		read_lock(&mm->lock);
		error = find_target(mm, populate, &target);
		read_unlock(&mm->lock);
		if (!error && target.is_needed) {
			error = fault_in(mm, populate->at, target.is_write);
			if (error == -ENOMEM)
				return error; /* the caller may make room */
			populate->at = vaddr_add(populate->at, PAGE_SIZE);
		}
		if (error && populate->mode != POPULATE_QUIETLY)
			return error;
		/* On to the next area, which may be luckier. */
		if (error)
			populate->at = target.area_end;
	}
	return 0;
}
