/*
 * object.c - frames by index
 *
 * A radix tree: level 0 is a single node of 64 frames, each further level
 * multiplies by 64.  It grows at the root, so that a small file costs one node.
 */
#include "mm/object.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/commit.h"
#include "mm/kmem.h"
#include "mm/object_map.h"

struct object_node {
	void *slots[OBJECT_NODE_SLOTS]; /* nodes, or frames at the bottom */
};

static struct kmem_cache object_cache = KMEM_CACHE("object", struct object);
static struct kmem_cache node_cache =
	KMEM_CACHE("object_node", struct object_node);

static struct spinlock all_lock = SPINLOCK_INIT("object_all");
static struct list_node all_objects = LIST_INIT(all_objects);

/* Two pieces of shared memory are told apart by it, as files are. */
static u32 next_anonymous_number(void)
{
	static u32 last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

u64 object_limit_frames = ~0UL;
u64 object_limit_used;

/* One frame more for @object, if the limit allows it. */
static bool limit_charge(const struct object *object)
{
	if (!object->is_limited)
		return true;
	if (__atomic_add_fetch(&object_limit_used, 1, __ATOMIC_RELAXED) <=
	    READ_ONCE(object_limit_frames))
		return true;
	__atomic_fetch_sub(&object_limit_used, 1, __ATOMIC_RELAXED);
	return false;
}

static void limit_uncharge(const struct object *object)
{
	if (object->is_limited)
		__atomic_fetch_sub(&object_limit_used, 1, __ATOMIC_RELAXED);
}

struct object *object_create(u64 size_bytes, bool is_anonymous)
{
	struct object *object = kmem_cache_alloc_zeroed(&object_cache);

	if (!object)
		return NULL;
	object->refcount = 1;
	object->is_anonymous = is_anonymous;
	if (is_anonymous)
		object->inode_number = next_anonymous_number();
	object->size_bytes = size_bytes;
	spinlock_init(&object->lock, "object");
	list_init(&object->vmas);
	spin_lock(&all_lock);
	list_push_back(&all_objects, &object->all_node);
	spin_unlock(&all_lock);
	return object;
}

struct object *object_create_shared(u64 bytes, bool is_reserved)
{
	u64 pages = is_reserved ? bytes_to_pages(bytes) : 0;
	struct object *object;

	if (commit_charge(pages) != 0)
		return NULL;
	object = object_create(bytes, true);
	if (!object) {
		commit_uncharge(pages);
		return NULL;
	}
	object->is_reserved = is_reserved;
	object->reserved_pages = pages;
	return object;
}

void object_get(struct object *object)
{
	__atomic_fetch_add(&object->refcount, 1, __ATOMIC_RELAXED);
}

void object_put(struct object *object)
{
	if (__atomic_fetch_sub(&object->refcount, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	object_truncate(object, 0);
	spin_lock(&all_lock);
	list_remove(&object->all_node);
	commit_uncharge(object->reserved_pages);
	spin_unlock(&all_lock);
	kfree(object->name);
	kmem_cache_free(&object_cache, object);
}

/* Pages a tree of @levels can index. */
static u64 tree_capacity(u32 levels)
{
	return levels ? 1UL << (OBJECT_NODE_BITS * levels) : 0;
}

static unsigned int slot_index(u64 index, u32 level)
{
	return (index >> (OBJECT_NODE_BITS * (level - 1))) &
	       (OBJECT_NODE_SLOTS - 1);
}

/* Add levels at the root until @index fits. */
static int grow_tree(struct object *object, u64 index)
{
	while (index >= tree_capacity(object->levels)) {
		struct object_node *root = kmem_cache_alloc_zeroed(&node_cache);

		if (!root)
			return -ENOMEM;
		root->slots[0] = object->root;
		object->root = root;
		object->levels++;
	}
	return 0;
}

/*
 * The slot of @index, which holds a frame or NULL.  With @create, missing nodes
 * are added; they stay, empty, if the caller then fails: harmless.
 *
 * Return: the slot, or NULL: no such node, or no memory for one.
 */
static void **find_slot(struct object *object, u64 index, bool create)
{
	void **slot = &object->root;

	if (index >= tree_capacity(object->levels) &&
	    (!create || grow_tree(object, index) != 0))
		return NULL;
	for (u32 level = object->levels; level > 0; level--) {
		struct object_node *node = *slot;

		if (!node && create)
			*slot = node = kmem_cache_alloc_zeroed(&node_cache);
		if (!node)
			return NULL;
		slot = &node->slots[slot_index(index, level)];
	}
	return slot;
}

/*
 * => object->lock is held; @slot is empty
 * Return: 0; -ENOSPC: it may not be promised, or files have all they may
 * have; -ENOMEM.
 */
static int add_frame(struct object *object, void **slot)
{
	u64 pages = object->is_reserved ? 0 : 1;

	if (!limit_charge(object))
		return -ENOSPC;
	if (commit_charge(pages) != 0) {
		limit_uncharge(object);
		return -ENOSPC;
	}
	*slot = frame_alloc_zeroed(FRAME_OBJECT);
	if (!*slot) {
		limit_uncharge(object);
		commit_uncharge(pages);
		return -ENOMEM;
	}
	object->frame_count++;
	return 0;
}

int object_get_frame(struct object *object, u64 index, struct frame **frame)
{
	int error = 0;
	void **slot;

	*frame = NULL;
	spin_lock(&object->lock);
	if (index >= bytes_to_pages(object->size_bytes)) {
		error = -EFAULT;
		goto out;
	}
	error = -ENOMEM;
	slot = find_slot(object, index, true);
	if (!slot)
		goto out;
	error = *slot ? 0 : add_frame(object, slot);
	if (error)
		goto out;
	*frame = *slot;
	frame_get(*frame);
out:
	spin_unlock(&object->lock);
	return error;
}

void object_find_frame(struct object *object, u64 index, struct frame **frame)
{
	void **slot;

	spin_lock(&object->lock);
	slot = find_slot(object, index, false);
	*frame = slot ? *slot : NULL;
	if (*frame)
		frame_get(*frame);
	spin_unlock(&object->lock);
}

/* In the tree below @entry, whose first page is @base. */
static bool next_in_node(void *entry, u32 level, u64 base, u64 *index)
{
	struct object_node *node = entry;
	u64 span = level > 1 ? tree_capacity(level - 1) : 1;

	if (!entry)
		return false;
	if (level == 0) {
		*index = base;
		return true;
	}
	for (u64 i = 0; i < OBJECT_NODE_SLOTS; i++)
		if (base + (i + 1) * span > *index &&
		    next_in_node(node->slots[i], level - 1, base + i * span,
				 index))
			return true;
	return false;
}

bool object_next_index(struct object *object, u64 *index)
{
	bool found;

	spin_lock(&object->lock);
	found = next_in_node(object->root, object->levels, 0, index);
	spin_unlock(&object->lock);
	return found;
}

/*
 * Drop the frames of [@first, @end), counted from the first page below @entry,
 * and the nodes left empty.  Return: @entry, or NULL when it is gone.
 */
static void *trim_node(struct object *object, void *entry, u32 level, u64 first,
		       u64 end)
{
	struct object_node *node = entry;
	u64 span = level > 1 ? tree_capacity(level - 1) : 1;
	bool is_empty = true;

	if (!entry)
		return NULL;
	if (level == 0) {
		frame_put(entry);
		object->frame_count--;
		commit_uncharge(object->is_reserved ? 0 : 1);
		limit_uncharge(object);
		return NULL;
	}
	for (u64 i = 0; i < OBJECT_NODE_SLOTS; i++) {
		u64 base = i * span;

		if (base + span > first && base < end)
			node->slots[i] = trim_node(
				object, node->slots[i], level - 1,
				first > base ? first - base : 0, end - base);
		if (node->slots[i])
			is_empty = false;
	}
	if (!is_empty)
		return node;
	kmem_cache_free(&node_cache, node);
	return NULL;
}

/* => object->lock is held, and nobody maps these frames any more (I13) */
static void drop_frames(struct object *object, u64 first, u64 end)
{
	if (first < end && first < tree_capacity(object->levels))
		object->root = trim_node(object, object->root, object->levels,
					 first, end);
	if (!object->root)
		object->levels = 0;
}

/* => object->lock is held */
static void zero_tail(struct object *object)
{
	u64 tail = object->size_bytes & ~PAGE_MASK;
	void **slot;

	if (!tail)
		return;
	slot = find_slot(object, object->size_bytes >> PAGE_SHIFT, false);
	if (slot && *slot)
		memset((char *)frame_ptr(*slot) + tail, 0, PAGE_SIZE - tail);
}

void object_truncate(struct object *object, u64 size_bytes)
{
	bool shrinks;

	spin_lock(&object->lock);
	shrinks = size_bytes < object->size_bytes;
	/*
	 * The size comes first: a fault that has not yet asked for its page
	 * gets none any more.  One that has holds its mm->lock until the
	 * PTE is written, so it is waited for and undone below.
	 */
	object->size_bytes = size_bytes;
	if (shrinks) {
		u64 first_gone = bytes_to_pages(size_bytes);

		object_map_unmap_locked(object, first_gone, ~0UL, true);
		drop_frames(object, first_gone, ~0UL);
		zero_tail(object);
	}
	spin_unlock(&object->lock);
}

bool object_is_any_mapped(u32 filesystem)
{
	struct object *object;
	bool is_mapped = false;

	spin_lock(&all_lock);
	list_for_each_entry(object, &all_objects, all_node) {
		if (object->filesystem != filesystem)
			continue;
		spin_lock(&object->lock);
		is_mapped |= !list_is_empty(&object->vmas);
		spin_unlock(&object->lock);
	}
	spin_unlock(&all_lock);
	return is_mapped;
}

u64 object_committed(void)
{
	const struct object *object;
	u64 pages = 0;

	spin_lock(&all_lock);
	list_for_each_entry(object, &all_objects, all_node)
		pages += object->is_reserved ? object->reserved_pages :
					       object->frame_count;
	spin_unlock(&all_lock);
	return pages;
}

void object_punch(struct object *object, u64 first, u64 end)
{
	spin_lock(&object->lock);
	object_map_unmap_locked(object, first, end, false);
	drop_frames(object, first, end);
	spin_unlock(&object->lock);
}

struct object_visit {
	struct object *object;
	void (*visit)(struct object *object, u64 index, struct frame *frame);
};

static void visit_node(const struct object_visit *how, void *entry, u32 level,
		       u64 index)
{
	struct object_node *node = entry;

	if (!entry)
		return;
	if (level == 0) {
		how->visit(how->object, index, entry);
		return;
	}
	for (u64 i = 0; i < OBJECT_NODE_SLOTS; i++)
		visit_node(how, node->slots[i], level - 1,
			   index << OBJECT_NODE_BITS | i);
}

void object_visit_frames(void (*visit)(struct object *object, u64 index,
				       struct frame *frame))
{
	struct object *object;

	spin_lock(&all_lock);
	list_for_each_entry(object, &all_objects, all_node) {
		struct object_visit how = { object, visit };

		spin_lock(&object->lock);
		visit_node(&how, object->root, object->levels, 0);
		spin_unlock(&object->lock);
	}
	spin_unlock(&all_lock);
}
