/*
 * map_lock.c - mlock and its relatives, and mincore: what stays in memory
 *
 * Nothing is ever moved out of memory here, so to lock an area is to count it
 * against RLIMIT_MEMLOCK, to keep madvise from dropping its pages, and to
 * fault them in at once, so that no access has to wait for memory later.
 *
 * Invariants: I7: mm->locked_pages.
 * Sources: Linux v6.12 mm/mlock.c, mm/mincore.c; mlock(2), mincore(2).
 */
#include "kernel/lib/errno.h"
#include "mm/map.h"

bool map_may_lock(const struct mm *mm, u32 flags, u64 pages)
{
	return !(flags & VMA_LOCKED) || mm->locked_pages + pages <=
						mm->limits.locked_bytes >>
						PAGE_SHIFT;
}

/* Pages in [start, end) that are locked already: they count once. */
static u64 count_locked(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find_above(&mm->vmas, start);
	u64 bytes = 0;

	for (; vma && vma->start.val < end.val;
	     vma = vma_next(&mm->vmas, vma)) {
		if (vma->flags & VMA_LOCKED)
			bytes += min_u64(vma->end.val, end.val) -
				 max_u64(vma->start.val, start.val);
	}
	return bytes >> PAGE_SHIFT;
}

/*
 * Let the areas of [start, end) have @lock, one of VMA_LOCK_FLAGS' values, up
 * to the first hole.  => mm->lock is held
 */
static int set_lock(struct mm *mm, vaddr_t start, vaddr_t end, u32 lock)
{
	vaddr_t at = start;

	while (at.val < end.val) {
		struct vma *vma = vma_find(&mm->vmas, at);
		vaddr_t part_end;
		int error;

		if (!vma)
			return -ENOMEM;
		part_end = VADDR(min_u64(end.val, vma->end.val));
		error = map_set_flags(vma, at, part_end,
				      (vma->flags & ~VMA_LOCK_FLAGS) | lock);
		if (error)
			return error;
		at = part_end;
	}
	return 0;
}

/* Whole pages, for any first byte.  Return: 0 and the end, or -EINVAL. */
static int round_range(vaddr_t *start, u64 bytes, vaddr_t *end)
{
	u64 length = align_up(bytes + (start->val & ~PAGE_MASK), PAGE_SIZE);

	*start = VADDR(start->val & PAGE_MASK);
	*end = vaddr_add(*start, length);
	return end->val < start->val ? -EINVAL : 0;
}

static int lock_range(struct mm *mm, vaddr_t start, vaddr_t end, u32 lock)
{
	u64 pages = (end.val - start.val) >> PAGE_SHIFT;

	if (!map_may_lock(mm, lock, pages) &&
	    !map_may_lock(mm, lock, pages - count_locked(mm, start, end)))
		return -ENOMEM;
	return set_lock(mm, start, end, lock);
}

i64 map_mlock(struct mm *mm, vaddr_t start, u64 bytes, u32 flags)
{
	u32 lock = VMA_LOCKED;
	vaddr_t end;
	int error;

	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	if (mm->limits.locked_bytes == 0)
		return -EPERM;
	if (round_range(&start, bytes, &end) != 0)
		return -EINVAL;
	if (flags & MLOCK_ONFAULT)
		lock |= VMA_LOCK_ON_FAULT;
	write_lock(&mm->lock);
	error = lock_range(mm, start, end, lock);
	write_unlock(&mm->lock);
	return error;
}

i64 map_munlock(struct mm *mm, vaddr_t start, u64 bytes)
{
	vaddr_t end;
	int error;

	if (round_range(&start, bytes, &end) != 0)
		return -EINVAL;
	write_lock(&mm->lock);
	error = set_lock(mm, start, end, 0);
	write_unlock(&mm->lock);
	return error;
}

/* => mm->lock is held */
static void lock_all(struct mm *mm, u32 flags)
{
	u32 lock = VMA_LOCKED | (flags & MCL_ONFAULT ? VMA_LOCK_ON_FAULT : 0);
	struct vma *vma;

	mm->lock_future = flags & MCL_FUTURE ? lock : 0;
	if (flags & MCL_FUTURE && !(flags & MCL_CURRENT))
		return;
	if (!(flags & MCL_CURRENT))
		lock = 0;
	vma_for_each(vma, &mm->vmas)
		mm_set_vma_flags(vma, (vma->flags & ~VMA_LOCK_FLAGS) | lock);
	vma_merge_range(&mm->vmas, VADDR(USER_START), VADDR(USER_END));
}

i64 map_mlockall(struct mm *mm, u32 flags)
{
	int error = 0;

	if (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ||
	    flags == MCL_ONFAULT)
		return -EINVAL;
	if (flags && mm->limits.locked_bytes == 0)
		return -EPERM;
	write_lock(&mm->lock);
	if (flags & MCL_CURRENT &&
	    mm->total_pages > mm->limits.locked_bytes >> PAGE_SHIFT)
		error = -ENOMEM;
	else
		lock_all(mm, flags);
	write_unlock(&mm->lock);
	return error;
}

/* => mm->lock is held; @va lies in @vma */
static bool is_resident(const struct vma *vma, vaddr_t va)
{
	const pte_t *slot = pgtable_walk(&vma->mm->pgtable, va);
	struct frame *frame;

	if (slot && pte_has_frame(pte_load(slot)))
		return true;
	if (!vma->object)
		return false;
	object_find_frame(vma->object, vma_object_index(vma, va), &frame);
	if (!frame)
		return false;
	frame_put(frame);
	return true;
}

u64 map_mincore(struct mm *mm, vaddr_t start, u64 pages, u8 *resident)
{
	u64 count = 0;

	read_lock(&mm->lock);
	for (; count < pages; count++) {
		vaddr_t va = vaddr_add(start, count * PAGE_SIZE);
		struct vma *vma = vma_find(&mm->vmas, va);

		if (!vma)
			break;
		resident[count] = is_resident(vma, va);
	}
	read_unlock(&mm->lock);
	return count;
}
