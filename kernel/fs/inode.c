/*
 * inode.c - see inode.h
 */
#include "kernel/fs/inode.h"

#include "kernel/clock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/timespec.h"
#include "mm/kmem.h"
#include "mm/object_map.h"

static struct kmem_cache inode_cache = KMEM_CACHE("inode", struct inode);

struct inode *root_inode;
struct mutex inode_tree_lock = MUTEX_INIT(inode_tree_lock);

void inode_set_root(struct inode *root)
{
	ASSERT(!root_inode);
	inode_get(root);
	root_inode = root;
}

u64 inode_next_number(void)
{
	static u64 last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

u32 inode_next_filesystem(void)
{
	static u32 last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

u64 inode_now_ns(void)
{
	return clock_realtime_ns();
}

struct inode *inode_alloc(u32 mode, const struct inode_ops *ops)
{
	struct inode *inode = kmem_cache_alloc_zeroed(&inode_cache);

	if (!inode)
		return NULL;
	inode->refcount = 1;
	inode->mode = mode;
	inode->links = 1;
	inode->ops = ops;
	mutex_init(&inode->lock, "inode");
	list_init(&inode->locks);
	inode->accessed_ns = inode_now_ns();
	inode->modified_ns = inode->accessed_ns;
	inode->changed_ns = inode->accessed_ns;
	return inode;
}

void inode_get(struct inode *inode)
{
	u32 old = __atomic_fetch_add(&inode->refcount, 1, __ATOMIC_RELAXED);

	ASSERT(old != 0);
}

/*
 * An inode holds its parent, so the last reference of a file in a removed
 * directory may free the directory too, and so on: a loop, not a recursion,
 * since a tree may be deeper than a kernel stack.
 */
void inode_put(struct inode *inode)
{
	while (inode &&
	       __atomic_sub_fetch(&inode->refcount, 1, __ATOMIC_ACQ_REL) == 0) {
		struct inode *parent = inode->parent;

		if (inode->ops->destroy)
			inode->ops->destroy(inode);
		if (inode->object)
			object_put(inode->object); /* mappings may go on */
		kmem_cache_free(&inode_cache, inode);
		inode = parent;
	}
}

/* Count one more on the side of @step, unless the other side is in use. */
static int count_use(i32 *uses, i32 step)
{
	i32 old = __atomic_load_n(uses, __ATOMIC_RELAXED);

	do {
		if (old && (old > 0) != (step > 0))
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(uses, &old, old + step, true,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return 0;
}

int inode_start_write(struct inode *inode)
{
	return count_use(&inode->writers, 1);
}

void inode_end_write(struct inode *inode)
{
	i32 old = __atomic_fetch_sub(&inode->writers, 1, __ATOMIC_ACQ_REL);

	ASSERT(old > 0);
}

int inode_start_exec(struct inode *inode)
{
	int error = count_use(&inode->writers, -1);

	/*
	 * Whoever maps it for writing has it open meanwhile, so no such area
	 * can be added from here on.
	 */
	if (!error && inode->object && object_map_has_writer(inode->object)) {
		inode_end_exec(inode);
		error = -ETXTBSY;
	}
	return error;
}

void inode_end_exec(struct inode *inode)
{
	i32 old = __atomic_fetch_add(&inode->writers, 1, __ATOMIC_ACQ_REL);

	ASSERT(old < 0);
}

u64 inode_size(const struct inode *inode)
{
	if (inode->object)
		return READ_ONCE(inode->object->size_bytes);
	return inode->size_bytes;
}

void inode_touch_modified(struct inode *inode)
{
	inode->modified_ns = inode_now_ns();
	inode->changed_ns = inode->modified_ns;
}

void inode_touch_changed(struct inode *inode)
{
	inode->changed_ns = inode_now_ns();
}

void inode_stat(struct inode *inode, struct linux_stat *stat)
{
	u64 frames = inode->object ? READ_ONCE(inode->object->frame_count) : 0;

	mutex_lock(&inode->lock);
	*stat = (struct linux_stat){
		.device = device_number(0, inode->filesystem),
		.inode = inode->number,
		.links = inode->links,
		.mode = inode->mode,
		.uid = inode->uid,
		.gid = inode->gid,
		.device_of_node = inode->rdev,
		.size = (i64)inode_size(inode),
		.block_size = PAGE_SIZE,
		.blocks = (i64)(frames * (PAGE_SIZE / 512)),
		.accessed = ns_to_timespec(inode->accessed_ns),
		.modified = ns_to_timespec(inode->modified_ns),
		.changed = ns_to_timespec(inode->changed_ns),
	};
	mutex_unlock(&inode->lock);
}

void inode_set_parent(struct inode *inode, struct inode *parent)
{
	if (parent)
		inode_get(parent);
	inode->parent = parent;
	inode->top = parent ? parent->top : inode;
}

/* ---- Mounts --------------------------------------------------------------- */

void inode_mount(struct inode *directory, struct inode *root)
{
	ASSERT(!directory->mounted && !root->covers);
	inode_get(directory);
	inode_get(root);
	root->covers = directory;
	directory->mounted = root;
}

/* Nobody can come to its files any more.  => it was unmounted */
static void discard(struct inode *root)
{
	/* Who walks there still may come here a second time. */
	if (!__atomic_exchange_n(&root->is_detached, false, __ATOMIC_ACQ_REL))
		return;
	if (root->ops->discard)
		root->ops->discard(root);
	inode_put(root);
}

void inode_unmount(struct inode *root)
{
	struct inode *directory = root->covers;

	ASSERT(directory && directory->mounted == root);
	directory->mounted = NULL;
	root->covers = NULL;
	inode_put(directory);
	WRITE_ONCE(root->is_detached, true); /* has the reference of mounting */
	if (READ_ONCE(root->users) == 0)
		discard(root);
}

/* What is in no directory, such as a pipe, keeps nothing mounted. */
void inode_use(struct inode *inode)
{
	inode_get(inode);
	if (inode->top)
		__atomic_fetch_add(&inode->top->users, 1, __ATOMIC_RELAXED);
}

void inode_unuse(struct inode *inode)
{
	struct inode *top = inode ? inode->top : NULL;

	if (top && __atomic_sub_fetch(&top->users, 1, __ATOMIC_ACQ_REL) == 0 &&
	    READ_ONCE(top->is_detached))
		discard(top);
	inode_put(inode);
}

int inode_lookup(struct inode *dir, const char *name, struct inode **found)
{
	struct inode *inode;
	int error;

	if (!inode_is_directory(dir))
		return -ENOTDIR;
	mutex_lock(&dir->lock);
	error = dir->ops->lookup(dir, name, &inode);
	mutex_unlock(&dir->lock);
	if (error)
		return error;
	while (inode->mounted) {
		struct inode *root = inode->mounted;

		inode_get(root);
		inode_put(inode);
		inode = root;
	}
	*found = inode;
	return 0;
}

/* The directory that has @inode's name.  => inode_tree_lock held */
static struct inode *parent_locked(struct inode *inode)
{
	while (inode->covers)
		inode = inode->covers;
	return inode->parent;
}

struct inode *inode_above(struct inode *dir)
{
	struct inode *above = NULL;

	mutex_lock(&inode_tree_lock);
	if (dir != root_inode)
		above = parent_locked(dir);
	if (!above)
		above = dir;
	inode_get(above);
	mutex_unlock(&inode_tree_lock);
	return above;
}

/* Put "/NAME" of @inode before @*start.  => inode_tree_lock held */
static int prepend_name(struct inode *inode, const char *begin, char **start)
{
	struct inode *parent;
	char name[NAME_MAX + 1];
	size_t length;
	int error;

	while (inode->covers)
		inode = inode->covers;
	parent = inode->parent;
	if (!parent)
		return -ENOENT;
	mutex_lock(&parent->lock);
	error = parent->ops->name_of(parent, inode, name, sizeof(name));
	mutex_unlock(&parent->lock);
	if (error)
		return error;
	length = strlen(name);
	if ((size_t)(*start - begin) < length + 1)
		return -ERANGE;
	*start -= length;
	memcpy(*start, name, length);
	*--*start = '/';
	return 0;
}

int inode_path_below(struct inode *inode, const struct inode *top, char *path,
		     size_t size)
{
	char *start = path + size;
	int error = 0;

	ASSERT(size >= 2);
	*--start = '\0';
	mutex_lock(&inode_tree_lock);
	if (inode == top || inode == root_inode)
		*--start = '/';
	while (!error && inode != top && inode != root_inode) {
		error = prepend_name(inode, path, &start);
		if (!error)
			inode = parent_locked(inode);
	}
	mutex_unlock(&inode_tree_lock);
	if (!error)
		memmove(path, start, (size_t)(path + size - start));
	return error;
}

int inode_path(struct inode *inode, char *path, size_t size)
{
	return inode_path_below(inode, root_inode, path, size);
}
