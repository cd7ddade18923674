/*
 * map_advice.c - madvise: what a program tells about its memory
 *
 * Three kinds of advice:
 *	drop what is there	DONTNEED, FREE, REMOVE
 *	think of it later	kept in vma->flags: DONTFORK, WIPEONFORK, …
 *	nothing to be done	WILLNEED, COLD …: all is in memory, and stays
 *
 * Linux frees MADV_FREE's pages when memory is short: until then they keep what
 * they hold.  A program must expect zeros at any moment, and here they
 * come at once.
 *
 * Invariants: I6: flags that differ keep areas apart.
 * Sources: Linux v6.12 mm/madvise.c; madvise(2).
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/map.h"

/* Advice that is kept: some flags are set, others are cleared. */
struct kept_advice {
	u32 set;
	u32 clear;
};

static const struct kept_advice kept_advices[] = {
	[MADV_NORMAL] = { 0, VMA_RANDOM | VMA_SEQUENTIAL },
	[MADV_RANDOM] = { VMA_RANDOM, VMA_SEQUENTIAL },
	[MADV_SEQUENTIAL] = { VMA_SEQUENTIAL, VMA_RANDOM },
	[MADV_DONTFORK] = { VMA_DONT_FORK, 0 },
	[MADV_DOFORK] = { 0, VMA_DONT_FORK },
	[MADV_MERGEABLE] = { VMA_MERGEABLE, 0 },
	[MADV_UNMERGEABLE] = { 0, VMA_MERGEABLE },
	[MADV_HUGEPAGE] = { VMA_HUGE, VMA_NO_HUGE },
	[MADV_NOHUGEPAGE] = { VMA_NO_HUGE, VMA_HUGE },
	[MADV_DONTDUMP] = { VMA_DONT_DUMP, 0 },
	[MADV_DODUMP] = { 0, VMA_DONT_DUMP },
	[MADV_WIPEONFORK] = { VMA_WIPE_ON_FORK, 0 },
	[MADV_KEEPONFORK] = { 0, VMA_WIPE_ON_FORK },
};

int map_set_flags(struct vma *vma, vaddr_t start, vaddr_t end, u32 flags)
{
	struct mm *mm = vma->mm;
	int error = 0;

	if (vma->flags == flags)
		return 0;
	if (vma_split(&mm->vmas, start) != 0 || vma_split(&mm->vmas, end) != 0)
		error = -ENOMEM;
	else
		mm_set_vma_flags(vma_find(&mm->vmas, start), flags);
	vma_merge_range(&mm->vmas, start, end);
	return error;
}

static int keep(struct vma *vma, vaddr_t start, vaddr_t end, int advice)
{
	const struct kept_advice *kept = &kept_advices[advice];
	u32 flags = (vma->flags | kept->set) & ~kept->clear;

	if (advice == MADV_WIPEONFORK &&
	    (vma->object || vma->flags & VMA_SHARED))
		return -EINVAL;
	/* Only private pages could be merged: no error, as on Linux. */
	if (advice == MADV_MERGEABLE && vma->flags & VMA_SHARED)
		return 0;
	/* Linux says that it may go better next time. */
	return map_set_flags(vma, start, end, flags) ? -EAGAIN : 0;
}

/*
 * Drop the pages; the area stays.  Private memory reads as zeros or as the
 * file afterwards, shared memory keeps its bytes in the object.
 */
static int drop(struct vma *vma, vaddr_t start, vaddr_t end, int advice)
{
	if (vma->flags & VMA_LOCKED && advice != MADV_DONTNEED_LOCKED)
		return -EINVAL;
	if (advice == MADV_FREE && vma->object)
		return -EINVAL;
	mm_unmap_pages(vma, start, end);
	return 0;
}

/*
 * A hole in shared memory: for everyone it reads as zeros, and its frames are
 * free.  => mm->lock is let go meanwhile: @vma may be another one, or gone
 */
static int punch(struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct object *object = vma->object;
	struct mm *mm = vma->mm;
	u64 first = vma_object_index(vma, start);

	if (vma->flags & VMA_LOCKED || !object)
		return -EINVAL;
	if (!(vma->flags & VMA_SHARED) || !(vma->flags & VMA_WRITE))
		return -EACCES;
	object_get(object);
	write_unlock(&mm->lock);
	/* It takes the mm->lock of everyone who maps the pages: ours too. */
	object_punch(object, first,
		     first + ((end.val - start.val) >> PAGE_SHIFT));
	object_put(object);
	write_lock(&mm->lock);
	return 0;
}

/*
 * => [start, end) is a part of @vma, the advice is known
 * => MADV_REMOVE lets mm->lock go: look the next area up afterwards
 */
static int advise(struct vma *vma, vaddr_t start, vaddr_t end, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return drop(vma, start, end, advice);
	case MADV_REMOVE:
		return punch(vma, start, end);
	case MADV_WILLNEED:
		return 0;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return vma->flags & VMA_LOCKED ? -EINVAL : 0;
	default:
		return keep(vma, start, end, advice);
	}
}

/* What is known ends with DONTNEED_LOCKED, with a gap behind DONTNEED. */
static bool is_known(int advice)
{
	return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
	       (advice >= MADV_FREE && advice <= MADV_PAGEOUT) ||
	       advice == MADV_DONTNEED_LOCKED;
}

/*
 * Areas on both sides of a hole are advised, and the hole is said at the end;
 * an area that refuses ends it.  => mm->lock is held
 */
static int advise_range(struct mm *mm, vaddr_t start, vaddr_t end, int advice)
{
	vaddr_t at = start;
	int result = 0;

	while (at.val < end.val) {
		struct vma *vma = vma_find_above(&mm->vmas, at);
		vaddr_t part_end;
		int error;

		if (!vma || vma->start.val > at.val)
			result = -ENOMEM;
		if (!vma || vma->start.val >= end.val)
			break;
		at = VADDR(max_u64(at.val, vma->start.val));
		part_end = VADDR(min_u64(end.val, vma->end.val));
		error = advise(vma, at, part_end, advice);
		if (error)
			return error;
		at = part_end;
	}
	return result;
}

int map_advice_end(vaddr_t start, u64 bytes, vaddr_t *end)
{
	u64 length = align_up(bytes, PAGE_SIZE);

	*end = vaddr_add(start, length);
	if (!is_aligned(start.val, PAGE_SIZE) || length < bytes ||
	    end->val < start.val)
		return -EINVAL;
	return 0;
}

i64 map_madvise(struct mm *mm, vaddr_t start, u64 bytes, int advice)
{
	vaddr_t end;
	int error;

	if (!is_known(advice) || map_advice_end(start, bytes, &end) != 0)
		return -EINVAL;
	write_lock(&mm->lock);
	error = advise_range(mm, start, end, advice);
	write_unlock(&mm->lock);
	return error;
}
