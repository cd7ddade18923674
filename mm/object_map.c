/*
 * object_map.c - from a memory object to the areas that map it
 *
 * A file that is cut must not stay visible: whoever maps it is found here.
 *
 *	object->vmas -- area of process A -- area of process B -- ...
 *	                     |                    |
 *	                 mm->lock of A        mm->lock of B
 *
 * Everybody else takes mm->lock first and object->lock inside it.  Here the
 * object comes first, so an mm->lock is only tried: its holder may be
 * waiting for us.
 * Source: for the idea, Linux v6.12 mm/memory.c unmap_mapping_range().
 */
#include "mm/object_map.h"

#include "mm/mm.h"

void object_map_add(struct vma *vma)
{
	spin_lock(&vma->object->lock);
	list_push_back(&vma->object->vmas, &vma->object_node);
	if (vma->flags & VMA_WRITER)
		vma->object->writer_areas++;
	spin_unlock(&vma->object->lock);
}

bool object_map_has_writer(const struct object *object)
{
	return READ_ONCE(object->writer_areas) > 0;
}

void object_map_remove(struct vma *vma)
{
	if (!vma->object_node.next)
		return;
	spin_lock(&vma->object->lock);
	list_remove(&vma->object_node);
	if (vma->flags & VMA_WRITER)
		vma->object->writer_areas--;
	spin_unlock(&vma->object->lock);
}

/* => vma->mm->lock is held */
static void unmap_from(struct vma *vma, u64 first, u64 end, bool even_copies)
{
	u64 base = vma->object_page;
	vaddr_t start_va;
	vaddr_t end_va;

	first = max_u64(first, base);
	end = min_u64(end, base + vma_pages(vma));
	if (first >= end)
		return;
	start_va = vaddr_add(vma->start, (first - base) << PAGE_SHIFT);
	end_va = vaddr_add(vma->start, (end - base) << PAGE_SHIFT);
	if (even_copies)
		mm_unmap_pages(vma, start_va, end_va);
	else
		mm_unmap_object_pages(vma, start_va, end_va);
}

/* Return: false: some address space was busy; object->lock was let go. */
static bool try_unmap(struct object *object, u64 first, u64 end,
		      bool even_copies)
{
	struct vma *vma;

	list_for_each_entry(vma, &object->vmas, object_node) {
		struct mm *mm = vma->mm;

		if (!write_trylock(&mm->lock)) {
			spin_unlock(&object->lock);
			spin_lock(&object->lock);
			return false;
		}
		unmap_from(vma, first, end, even_copies);
		write_unlock(&mm->lock);
	}
	return true;
}

void object_map_unmap_locked(struct object *object, u64 first, u64 end,
			     bool even_copies)
{
	/* From the first area again: meanwhile a fork may have added some. */
	while (!try_unmap(object, first, end, even_copies))
		;
}
