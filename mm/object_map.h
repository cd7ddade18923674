/*
 * object_map.h - from a memory object to the areas that map it
 *
 * Owns: object->vmas, the way back from a file's page to the PTEs that
 * show it.  An area is in the list from vma_insert() to vma_free().
 * Invariants: I13, over all address spaces at once.
 * Locks: object->lock guards the list.
 */
#pragma once

#include "mm/object.h"
#include "mm/vma.h"

/* => vma->object and vma->mm are set; vma->mm->lock is held */
void object_map_add(struct vma *vma);
/* Is it mapped through a descriptor that was open for writing? */
bool object_map_has_writer(const struct object *object);
/* => does nothing for an area that was never added */
void object_map_remove(struct vma *vma);

/**
 * object_map_unmap_locked() - take pages away from everyone who maps them
 * @first, @end: page indexes of @object
 * @even_copies: private copies go as well; ~0UL as @end means all the rest
 *
 * => object->lock is held, no mm->lock.  The lock may be let go and taken
 *    again; on return it has been held since the first area was looked at,
 *    so no PTE to these pages can have come back
 * => in each address space PTEs, flush, and then the frames (I13)
 */
void object_map_unmap_locked(struct object *object, u64 first, u64 end,
			     bool even_copies);
