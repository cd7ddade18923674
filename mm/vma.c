/*
 * vma.c - the ordered set of virtual memory areas
 *
 * The same areas are linked twice: in a balanced tree, to find one by address
 * in O(log n), and in a list in address order, for neighbours and walks.
 */
#include "mm/vma.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/kmem.h"
#include "mm/object.h"
#include "mm/object_map.h"

static struct kmem_cache vma_cache = KMEM_CACHE("vma", struct vma);

static struct vma *of_node(const struct avl_node *node)
{
	return container_of(node, struct vma, tree_node);
}

static bool starts_lower(const struct avl_node *a, const struct avl_node *b)
{
	return of_node(a)->start.val < of_node(b)->start.val;
}

void vma_set_init(struct vma_set *set)
{
	set->tree = NULL;
	set->last_found = NULL;
	set->count = 0;
	list_init(&set->list);
}

struct vma *vma_alloc(void)
{
	return kmem_cache_alloc_zeroed(&vma_cache);
}

void vma_free(struct vma *vma)
{
	if (vma->object) {
		object_map_remove(vma);
		object_put(vma->object);
	}
	kmem_cache_free(&vma_cache, vma);
}

struct vma *vma_find_above(struct vma_set *set, vaddr_t va)
{
	struct avl_node *node = set->tree;
	struct vma *best = READ_ONCE(set->last_found);

	if (best && vma_contains(best, va))
		return best;
	best = NULL;
	while (node) {
		struct vma *vma = of_node(node);

		if (va.val < vma->end.val) {
			best = vma; /* a lower one may end above @va too */
			node = node->left;
		} else {
			node = node->right;
		}
	}
	/* Those who read at the same time may disagree: it is a hint. */
	__atomic_store_n(&set->last_found, best, __ATOMIC_RELAXED);
	return best;
}

struct vma *vma_find(struct vma_set *set, vaddr_t va)
{
	struct vma *vma = vma_find_above(set, va);

	return vma && vma_contains(vma, va) ? vma : NULL;
}

struct vma *vma_next(const struct vma_set *set, const struct vma *vma)
{
	if (vma->list_node.next == &set->list)
		return NULL;
	return list_entry(vma->list_node.next, struct vma, list_node);
}

struct vma *vma_prev(const struct vma_set *set, const struct vma *vma)
{
	if (vma->list_node.prev == &set->list)
		return NULL;
	return list_entry(vma->list_node.prev, struct vma, list_node);
}

/* As most are that fork inserts: then there is nothing to look for. */
static bool is_highest(const struct vma_set *set, const struct vma *vma)
{
	return list_is_empty(&set->list) ||
	       list_entry(set->list.prev, struct vma, list_node)->end.val <=
		       vma->start.val;
}

void vma_insert(struct vma_set *set, struct vma *vma)
{
	struct vma *above = NULL;

	if (!is_highest(set, vma))
		above = vma_find_above(set, vma->start);

	ASSERT_INVARIANT(I6,
			 vma->start.val < vma->end.val &&
				 vma->end.val <= USER_END &&
				 (!above || above->start.val >= vma->end.val),
			 "area %#lx-%#lx overlaps or is empty", vma->start.val,
			 vma->end.val);
	list_insert_after(above ? above->list_node.prev : set->list.prev,
			  &vma->list_node);
	set->tree = avl_insert(set->tree, &vma->tree_node, starts_lower);
	set->count++;
	if (vma->object)
		object_map_add(vma);
}

void vma_remove(struct vma_set *set, struct vma *vma)
{
	set->tree = avl_remove(set->tree, &vma->tree_node, starts_lower);
	list_remove(&vma->list_node);
	set->count--;
	if (set->last_found == vma)
		set->last_found = NULL;
}

int vma_split(struct vma_set *set, vaddr_t at)
{
	struct vma *low = vma_find(set, at);
	struct vma *high;

	if (!low || low->start.val == at.val)
		return 0;
	high = set->count < VMA_COUNT_MAX ? vma_alloc() : NULL;
	if (!high)
		return -ENOMEM;

	high->start = at;
	high->end = low->end;
	high->flags = low->flags;
	high->mm = low->mm;
	high->object_page = vma_object_index(low, at);
	high->object = low->object;
	if (high->object)
		object_get(high->object);
	low->end = at;
	vma_insert(set, high);
	return 0;
}

bool vma_can_merge(const struct vma *a, const struct vma *b)
{
	return a->end.val == b->start.val &&
	       !((a->flags ^ b->flags) & ~VMA_WRITTEN) &&
	       a->object == b->object &&
	       (!a->object || vma_object_index(a, a->end) == b->object_page);
}

void vma_merge_range(struct vma_set *set, vaddr_t start, vaddr_t end)
{
	/* From the area that ends at @start or holds it … */
	struct vma *low =
		vma_find_above(set, VADDR(start.val ? start.val - 1 : 0));
	struct vma *high;

	/* … to the one that begins at @end. */
	while (low && (high = vma_next(set, low)) &&
	       high->start.val <= end.val) {
		if (!vma_can_merge(low, high)) {
			low = high;
			continue;
		}
		vma_remove(set, high);
		low->end = high->end;
		low->flags |= high->flags & VMA_WRITTEN;
		vma_free(high);
	}
}

vaddr_t vma_find_gap(struct vma_set *set, u64 bytes, vaddr_t low, vaddr_t high)
{
	struct list_node *node = set->list.prev;
	u64 top = high.val;

	/* From the highest area down: the gap below @top ends where it does. */
	for (; node != &set->list && top > low.val; node = node->prev) {
		struct vma *vma = list_entry(node, struct vma, list_node);

		if (vma->end.val <= top && top - vma->end.val >= bytes)
			break;
		top = min_u64(top, vma_start_with_gap(vma));
	}
	if (top < low.val || top - low.val < bytes)
		return VADDR(0);
	return VADDR(top - bytes);
}
