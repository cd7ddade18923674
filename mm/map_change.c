/*
 * map_change.c - mprotect and mremap: areas that exist change
 */
#include "kernel/lib/errno.h"
#include "mm/commit.h"
#include "mm/map.h"
#include "mm/uaccess.h"

/*
 * What the PTE says under the area's new rights.  R/W is only ever taken away
 * here: a write that mprotect allows again faults, and mm/cow.c decides whether
 * the frame is still shared.  A PTE made writable here would bypass that (I4).
 */
static pte_t pte_for_area(const struct vma *vma, pte_t pte)
{
	return pte_with_rights(pte, vma_pte_rights(vma, pte_is_writable(pte)));
}

static void protect_pages(struct vma *vma)
{
	struct pgtable_iter it;
	bool has_changed = false;

	pgtable_for_each_slot(it, &vma->mm->pgtable, vma->start, vma->end) {
		pte_t old = pte_load(it.slot);
		pte_t changed = pte_for_area(vma, old);

		if (!pte_has_frame(old) || changed.raw == old.raw)
			continue;
		mm_protect_pte(vma, it.va, it.slot, changed);
		has_changed = true;
	}
	/* Before mm->lock is free: nobody may use the old rights after us. */
	if (has_changed)
		tlb_flush_range(&vma->mm->pgtable.space, vma->start, vma->end);
}

/*
 * A promise is made when a private area becomes writable for the first time.
 * It holds when the area becomes read-only again, as there may be written
 * pages in it, unless it is anonymous and nothing was ever written.
 *
 * Return: 0; -ENOMEM: not promised, or more data than RLIMIT_DATA allows.
 */
static int protect_vma(struct vma *vma, u32 rights)
{
	u32 flags = (vma->flags & ~VMA_RIGHTS) | rights;

	if (flags == vma->flags)
		return 0;
	if (vma_flags_kind(flags) == VMA_KIND_DATA &&
	    vma_flags_kind(vma->flags) != VMA_KIND_DATA &&
	    !mm_may_grow_data(vma->mm, vma_pages(vma)))
		return -ENOMEM;
	if (!(flags & VMA_ACCOUNT) && vma_is_accountable(flags)) {
		if (commit_reserve(vma->mm, vma_pages(vma)) != 0)
			return -ENOMEM;
		flags |= VMA_ACCOUNT;
	} else if (flags & VMA_ACCOUNT && !vma->object &&
		   !(flags & (VMA_WRITE | VMA_WRITTEN))) {
		flags &= ~VMA_ACCOUNT;
	}
	mm_set_vma_flags(vma, flags);
	protect_pages(vma);
	return 0;
}

/*
 * As on Linux, areas before a hole are changed although the call fails.
 * => mm->lock is held
 */
static int protect_range(struct mm *mm, vaddr_t start, vaddr_t end, u32 rights)
{
	vaddr_t at = start;
	struct vma *vma;
	int error;

	if (vma_split(&mm->vmas, start) != 0 || vma_split(&mm->vmas, end) != 0)
		return -ENOMEM;
	for (vma = vma_find_above(&mm->vmas, start); at.val < end.val;
	     vma = vma_next(&mm->vmas, vma)) {
		if (!vma || vma->start.val > at.val)
			return -ENOMEM;
		if (rights & VMA_WRITE && vma->flags & VMA_NEVER_WRITE)
			return -EACCES;
		error = protect_vma(vma, rights);
		if (error)
			return error;
		at = vma->end;
	}
	return 0;
}

i64 map_mprotect(struct mm *mm, vaddr_t start, u64 bytes, u32 prot)
{
	vaddr_t end;
	int error;

	if (!is_aligned(start.val, PAGE_SIZE) ||
	    prot & ~(u32)(PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	if (bytes == 0)
		return 0;
	if (bytes > USER_END || start.val > USER_END - bytes)
		return -ENOMEM;

	end = VADDR(align_up(start.val + bytes, PAGE_SIZE));
	write_lock(&mm->lock);
	error = protect_range(mm, start, end, map_vma_rights(prot));
	vma_merge_range(&mm->vmas, start, end);
	commit_settle(mm);
	write_unlock(&mm->lock);
	return error;
}

/* A checked mremap; byte counts are whole pages. */
struct remap {
	struct mm *mm;
	struct vma *vma; /* holds all of [start, start + old_bytes) */
	vaddr_t start;
	u64 old_bytes;
	u64 new_bytes;
	u32 flags; /* MREMAP_… */
	vaddr_t target; /* with MREMAP_FIXED */
};

/* Leaf tables for every page that will move, so that moving cannot fail. */
static int create_target_tables(const struct remap *remap, vaddr_t target)
{
	struct pgtable *pgtable = &remap->mm->pgtable;
	u64 bytes = min_u64(remap->old_bytes, remap->new_bytes);
	struct pgtable_iter it;

	pgtable_for_each_slot(it, pgtable, remap->start,
			      vaddr_add(remap->start, bytes)) {
		u64 at = it.va.val - remap->start.val;

		if (pte_has_frame(pte_load(it.slot)) &&
		    !pgtable_create(pgtable, vaddr_add(target, at)))
			return -ENOMEM;
	}
	return 0;
}

/* Frames and rights move as they are; no count changes. */
static void move_pages(const struct remap *remap, struct vma *to)
{
	struct pgtable *pgtable = &remap->mm->pgtable;
	u64 bytes = min_u64(remap->old_bytes, remap->new_bytes);
	vaddr_t end = vaddr_add(remap->start, bytes);
	struct pgtable_iter it;

	pgtable_for_each_slot(it, pgtable, remap->start, end) {
		vaddr_t va = vaddr_add(to->start, it.va.val - remap->start.val);
		pte_t pte;

		if (!pte_has_frame(pte_load(it.slot)))
			continue;
		pte = mm_clear_pte(remap->vma, it.va, it.slot);
		mm_install_pte(to, va, pgtable_walk(pgtable, va), pte);
	}
	tlb_flush_range(&pgtable->space, remap->start, end);
}

/*
 * Return: an area like the old one at @target, in no set yet; or NULL: no
 * memory, or too many areas.
 */
static struct vma *make_target(const struct remap *remap, vaddr_t target)
{
	struct vma *vma = NULL;

	if (remap->mm->vmas.count < VMA_COUNT_MAX)
		vma = vma_alloc();
	if (!vma)
		return NULL;
	vma->start = target;
	vma->end = vaddr_add(target, remap->new_bytes);
	vma->flags = remap->vma->flags;
	vma->object = remap->vma->object;
	vma->object_page = vma_object_index(remap->vma, remap->start);
	if (vma->object)
		object_get(vma->object);
	return vma;
}

/*
 * Promise the pages that the new range has and the old one has not, or that
 * both will have.
 */
static int reserve_more(const struct remap *remap)
{
	u64 bytes = remap->new_bytes;

	if (!(remap->vma->flags & VMA_ACCOUNT))
		return 0;
	if (!(remap->flags & MREMAP_DONTUNMAP))
		bytes -= min_u64(bytes, remap->old_bytes);
	return commit_reserve(remap->mm, bytes >> PAGE_SHIFT);
}

/*
 * Move the area to @target, which is free.  Everything that can fail comes
 * first: the promise, the new area, its tables, the splits around the old
 * range.
 */
static i64 move_area(struct remap *remap, vaddr_t target)
{
	struct mm *mm = remap->mm;
	vaddr_t old_end = vaddr_add(remap->start, remap->old_bytes);
	struct vma *to = make_target(remap, target);

	if (!to)
		return -ENOMEM;
	if (reserve_more(remap) != 0 ||
	    vma_split(&mm->vmas, remap->start) != 0 ||
	    vma_split(&mm->vmas, old_end) != 0)
		goto out_merge;
	remap->vma = vma_find(&mm->vmas, remap->start);
	mm_add_vma(mm, to);
	if (create_target_tables(remap, target) != 0)
		goto out_remove;

	move_pages(remap, to);
	if (!(remap->flags & MREMAP_DONTUNMAP)) {
		int error = map_unmap_locked(mm, remap->start, old_end);

		ASSERT(error == 0); /* it is a whole area by now */
	} else {
		/* What is left has no pages to be locked, or ever written. */
		mm_set_vma_flags(remap->vma,
				 remap->vma->flags &
					 ~(VMA_LOCK_FLAGS | VMA_WRITTEN));
	}
	vma_merge_range(&mm->vmas, remap->start, old_end);
	vma_merge_range(&mm->vmas, target, vaddr_add(target, remap->new_bytes));
	return (i64)target.val;

out_remove:
	/* Also frees the tables made so far. */
	if (map_unmap_locked(mm, to->start, to->end) != 0)
		panic("mremap: unmapping a whole area failed");
	to = NULL;
out_merge:
	vma_merge_range(&mm->vmas, remap->start, old_end);
	if (to)
		vma_free(to);
	return -ENOMEM;
}

/* Room right behind the area, and the range reaches its end? */
static bool can_grow_in_place(const struct remap *remap)
{
	struct vma *next = vma_next(&remap->mm->vmas, remap->vma);
	u64 end = remap->start.val + remap->new_bytes;

	return remap->vma->end.val == remap->start.val + remap->old_bytes &&
	       end <= USER_END && (!next || next->start.val >= end);
}

static i64 grow_in_place(const struct remap *remap)
{
	struct mm *mm = remap->mm;
	u64 pages = (remap->new_bytes - remap->old_bytes) >> PAGE_SHIFT;

	if (reserve_more(remap) != 0)
		return -ENOMEM;
	remap->vma->end = vaddr_add(remap->start, remap->new_bytes);
	mm_count_pages(remap->vma, (i64)pages);
	vma_merge_range(&mm->vmas, remap->start, remap->vma->end);
	return (i64)remap->start.val;
}

/* Even an old size of 0 names an area that has to outlive the call. */
static bool overlaps(const struct remap *remap)
{
	u64 old_bytes = max_u64(remap->old_bytes, PAGE_SIZE);

	return remap->target.val < remap->start.val + old_bytes &&
	       remap->start.val < remap->target.val + remap->new_bytes;
}

static int check_remap(const struct remap *remap)
{
	u32 known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

	if (remap->flags & ~known || !is_aligned(remap->start.val, PAGE_SIZE) ||
	    remap->new_bytes == 0)
		return -EINVAL;
	if (remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) &&
	    !(remap->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (remap->new_bytes > USER_END)
		return -EINVAL;
	if (remap->flags & MREMAP_DONTUNMAP &&
	    remap->old_bytes != remap->new_bytes)
		return -EINVAL;
	if (remap->flags & MREMAP_FIXED &&
	    (!is_aligned(remap->target.val, PAGE_SIZE) ||
	     !map_range_ok(remap->target, remap->new_bytes) || overlaps(remap)))
		return -EINVAL;
	return 0;
}

/*
 * An old size of 0 asks for a second mapping of shared memory: everything
 * but the pages, which fault in from the object.
 */
static int find_area(struct remap *remap)
{
	remap->vma = vma_find(&remap->mm->vmas, remap->start);
	if (!remap->vma)
		return -EFAULT;
	if (remap->old_bytes == 0 && !(remap->vma->flags & VMA_SHARED))
		return -EINVAL;
	if (remap->old_bytes == 0 && !(remap->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	return 0;
}

/*
 * Where pages are to move or to come: what is left of the old range after
 * shrinking is of one area, and what comes to it is within the limits.
 */
static int check_area(const struct remap *remap)
{
	u64 kept_bytes = min_u64(remap->old_bytes, remap->new_bytes);
	u32 flags = remap->vma->flags;
	u64 pages = (remap->new_bytes - kept_bytes) >> PAGE_SHIFT;

	if (kept_bytes > remap->vma->end.val - remap->start.val)
		return -EFAULT;
	/* The old area stays, and a new one comes. */
	if (remap->flags & MREMAP_DONTUNMAP)
		pages = remap->new_bytes >> PAGE_SHIFT;
	if (!map_may_lock(remap->mm, flags, pages))
		return -EAGAIN;
	return mm_may_grow(remap->mm, flags, pages) ? 0 : -ENOMEM;
}

/*
 * Unmap what is beyond the new size, be it of one area or of many.
 * Return: 0; -EINVAL: it ends beyond user space, or -ENOMEM, with nothing
 * changed.
 */
static int shrink(struct remap *remap)
{
	int error;

	if (remap->new_bytes >= remap->old_bytes)
		return 0;
	if (!user_range_ok(remap->start, remap->old_bytes))
		return -EINVAL;
	error = map_unmap_locked(remap->mm,
				 vaddr_add(remap->start, remap->new_bytes),
				 vaddr_add(remap->start, remap->old_bytes));
	if (!error)
		remap->old_bytes = remap->new_bytes;
	return error;
}

static i64 duplicate_area(const struct remap *remap, vaddr_t target)
{
	struct vma *to = make_target(remap, target);

	if (!to)
		return -ENOMEM;
	mm_add_vma(remap->mm, to);
	vma_merge_range(&remap->mm->vmas, to->start, to->end);
	return (i64)target.val;
}

/* Clear the place it shall have, or find one. */
static i64 prepare_target(struct remap *remap)
{
	int error;

	if (!(remap->flags & MREMAP_FIXED))
		return map_find_place(remap->mm, VADDR(0), remap->new_bytes);
	/* As on Linux, what was there is gone even if the rest fails. */
	error = map_unmap_locked(remap->mm, remap->target,
				 vaddr_add(remap->target, remap->new_bytes));
	if (!error)
		error = shrink(remap);
	/* This may have split the area. */
	remap->vma = vma_find(&remap->mm->vmas, remap->start);
	return error ? error : (i64)remap->target.val;
}

/* => mm->lock is held, arguments are checked */
static i64 remap_locked(struct remap *remap)
{
	bool can_stay = !(remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
			remap->old_bytes;
	i64 result = find_area(remap);

	if (result < 0)
		return result;
	if (can_stay && remap->new_bytes <= remap->old_bytes) {
		result = shrink(remap);
		return result < 0 ? result : (i64)remap->start.val;
	}
	result = check_area(remap);
	if (result < 0)
		return result;
	if (can_stay && can_grow_in_place(remap))
		return grow_in_place(remap);
	if (!(remap->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	result = prepare_target(remap);
	if (result < 0)
		return result;
	if (remap->old_bytes == 0)
		return duplicate_area(remap, VADDR((u64)result));
	return move_area(remap, VADDR((u64)result));
}

i64 map_mremap(struct mm *mm, const struct remap_request *request)
{
	struct remap remap = {
		.mm = mm,
		.start = request->address,
		.old_bytes = align_up(request->old_bytes, PAGE_SIZE),
		.new_bytes = align_up(request->new_bytes, PAGE_SIZE),
		.flags = request->flags,
		.target = request->target,
	};
	i64 result = check_remap(&remap);

	if (result < 0)
		return result;
	write_lock(&mm->lock);
	result = remap_locked(&remap);
	commit_settle(mm);
	write_unlock(&mm->lock);
	return result;
}

static int sync_range(struct mm *mm, vaddr_t start, vaddr_t end, u32 flags)
{
	vaddr_t at = start;
	int result = 0;

	while (at.val < end.val) {
		const struct vma *vma = vma_find_above(&mm->vmas, at);

		if (!vma)
			return -ENOMEM;
		if (vma->start.val > at.val) /* said at the end */
			result = -ENOMEM;
		if (vma->start.val < end.val && flags & MS_INVALIDATE &&
		    vma->flags & VMA_LOCKED)
			return -EBUSY;
		at = vma->end;
	}
	return result;
}

i64 map_msync(struct mm *mm, vaddr_t start, u64 bytes, u32 flags)
{
	u64 length = align_up(bytes, PAGE_SIZE);
	int result;

	if (flags & ~(u32)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    !is_aligned(start.val, PAGE_SIZE) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (start.val + length < start.val)
		return -ENOMEM;
	write_lock(&mm->lock);
	result = sync_range(mm, start, vaddr_add(start, length), flags);
	write_unlock(&mm->lock);
	return result;
}
