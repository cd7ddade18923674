/*
 * tmpfs.c - directories and links of tmpfs; see tmpfs.h
 */
#include "kernel/fs/tmpfs.h"

#include "kernel/dev/device.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/tmpfs_internal.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/avl.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "mm/kmem.h"

/* One name in a directory: found by name, listed in order of creation. */
struct entry {
	struct avl_node tree_node;
	struct list_node list_node;
	u64 offset; /* its position for getdents; never used twice */
	struct inode *inode; /* a reference */
	char name[];
};

/* inode->private of a directory. */
struct directory {
	struct avl_node *tree;
	struct list_node list;
	u64 next_offset;
};

/* "." and ".." have offsets 0 and 1. */
#define FIRST_OFFSET 2

/* What each entry adds to a directory's st_size: as Linux's tmpfs. */
#define ENTRY_BYTES 20

static struct kmem_cache directory_cache =
	KMEM_CACHE("tmpfs_dir", struct directory);

static const struct inode_ops tmpfs_dir_ops;
static const struct inode_ops tmpfs_node_ops;
static const struct file_ops tmpfs_dir_file_ops;

static struct entry *to_entry(const struct avl_node *node)
{
	/* The tree hands out what was put in, which was not const. */
	return container_of((uintptr_t)node, struct entry, tree_node);
}

static bool entry_less(const struct avl_node *a, const struct avl_node *b)
{
	return strcmp(to_entry(a)->name, to_entry(b)->name) < 0;
}

static struct entry *find_entry(const struct inode *dir, const char *name)
{
	const struct directory *directory = dir->private;
	struct avl_node *node = directory->tree;

	while (node) {
		int order = strcmp(name, to_entry(node)->name);

		if (order == 0)
			return to_entry(node);
		node = order < 0 ? node->left : node->right;
	}
	return NULL;
}

static struct entry *entry_alloc(const char *name)
{
	size_t bytes = strlen(name) + 1;
	struct entry *entry = kmalloc(sizeof(*entry) + bytes);

	if (entry)
		memcpy(entry->name, name, bytes);
	return entry;
}

/* Put @entry, for @inode, into @dir: cannot fail. */
static void add_entry(struct inode *dir, struct entry *entry,
		      struct inode *inode)
{
	struct directory *directory = dir->private;

	inode_get(inode);
	entry->inode = inode;
	entry->offset = directory->next_offset++;
	directory->tree =
		avl_insert(directory->tree, &entry->tree_node, entry_less);
	list_push_back(&directory->list, &entry->list_node);
	dir->size_bytes += ENTRY_BYTES;
	if (inode_is_directory(inode))
		dir->links++; /* its ".." */
	inode_touch_modified(dir);
}

/* Take @entry out of @dir.  => the inode does not go with it */
static void remove_entry(struct inode *dir, struct entry *entry)
{
	struct directory *directory = dir->private;

	directory->tree =
		avl_remove(directory->tree, &entry->tree_node, entry_less);
	list_remove(&entry->list_node);
	dir->size_bytes -= ENTRY_BYTES;
	if (inode_is_directory(entry->inode))
		dir->links--;
	inode_touch_modified(dir);
	inode_put(entry->inode);
	kfree(entry);
}

/* ---- Making inodes ------------------------------------------------------- */

/* What is particular about each type.  Return: 0, or -ENOMEM. */
static int set_up_type(struct inode *inode, const struct new_node *node)
{
	struct directory *directory;

	switch (node->mode & S_IFMT) {
	case S_IFDIR:
		directory = kmem_cache_alloc_zeroed(&directory_cache);
		if (!directory)
			return -ENOMEM;
		list_init(&directory->list);
		directory->next_offset = FIRST_OFFSET;
		inode->private = directory;
		inode->file_ops = &tmpfs_dir_file_ops;
		inode->size_bytes = 2 * ENTRY_BYTES;
		inode->links = 2; /* its name and its "." */
		break;
	case S_IFREG:
		inode->object = object_create(0, false);
		if (!inode->object)
			return -ENOMEM;
		inode->object->inode_number = (u32)inode->number;
		inode->object->filesystem = inode->filesystem;
		inode->object->is_limited = true;
		inode->file_ops = &tmpfs_file_ops;
		break;
	case S_IFLNK:
		inode->size_bytes = strlen(node->target);
		inode->private = kmalloc(inode->size_bytes + 1);
		if (!inode->private)
			return -ENOMEM;
		memcpy(inode->private, node->target, inode->size_bytes + 1);
		break;
	case S_IFCHR:
		inode->rdev = node->rdev;
		inode->file_ops = device_find(node->rdev);
		break;
	case S_IFIFO:
		inode->file_ops = &fifo_file_ops;
		break;
	default:
		break; /* a block device or a socket: a name, no more */
	}
	return 0;
}

static int make_inode(u32 filesystem, const struct new_node *node,
		      struct inode **made)
{
	bool is_directory = (node->mode & S_IFMT) == S_IFDIR;
	struct inode *inode = inode_alloc(
		node->mode, is_directory ? &tmpfs_dir_ops : &tmpfs_node_ops);
	int error;

	if (!inode)
		return -ENOMEM;
	inode->filesystem = filesystem;
	inode->number = inode_next_number();
	inode->uid = current_task()->credentials.user.file;
	inode->gid = current_task()->credentials.group.file;
	error = set_up_type(inode, node);
	if (error) {
		inode_put(inode);
		return error;
	}
	*made = inode;
	return 0;
}

struct inode *tmpfs_create(void)
{
	struct new_node node = { .mode = S_IFDIR | 0755 };
	struct inode *root;

	if (make_inode(inode_next_filesystem(), &node, &root) != 0)
		return NULL;
	inode_set_parent(root, NULL);
	return root;
}

int tmpfs_make_unnamed(const char *name, struct inode **made)
{
	struct new_node node = { .mode = S_IFREG | 0777 };
	static u32 filesystem;
	size_t bytes =
		strlen("/memfd:") + strlen(name) + strlen(" (deleted)") + 1;
	char *shown = kmalloc(bytes);
	int error;

	if (!shown)
		return -ENOMEM;
	if (!filesystem)
		filesystem = inode_next_filesystem();
	error = make_inode(filesystem, &node, made);
	if (error) {
		kfree(shown);
		return error;
	}
	snprintf(shown, bytes, "/memfd:%s (deleted)", name);
	(*made)->object->name = shown;
	/* Its memory goes with the processes that have it open. */
	(*made)->object->is_limited = false;
	(*made)->links = 0;
	return 0;
}

/* ---- inode_ops ----------------------------------------------------------- */

static int tmpfs_lookup(struct inode *dir, const char *name,
			struct inode **found)
{
	struct entry *entry = find_entry(dir, name);

	if (!entry)
		return -ENOENT;
	inode_get(entry->inode);
	*found = entry->inode;
	return 0;
}

static int tmpfs_create_node(struct inode *dir, const char *name,
			     const struct new_node *node, struct inode **made)
{
	struct entry *entry;
	int error;

	if (dir->links == 0)
		return -ENOENT; /* removed, but still somebody's directory */
	entry = entry_alloc(name);
	if (!entry)
		return -ENOMEM;
	error = make_inode(dir->filesystem, node, made);
	if (error) {
		kfree(entry);
		return error;
	}
	inode_set_parent(*made, dir);
	add_entry(dir, entry, *made);
	return 0;
}

static int tmpfs_link(struct inode *dir, const char *name, struct inode *inode)
{
	struct entry *entry;
	struct inode *old_parent;
	int error = 0;

	if (dir->links == 0 || inode->links == 0)
		return -ENOENT;
	entry = entry_alloc(name);
	if (!entry)
		return -ENOMEM;
	mutex_lock_nested(&inode->lock); /* a file; @dir is above all files */
	if (inode->links >= LINKS_MAX) {
		error = -EMLINK;
	} else {
		inode->links++;
		inode_touch_changed(inode);
	}
	mutex_unlock(&inode->lock);
	if (error) {
		kfree(entry);
		return error;
	}
	/* The latest name is the one its path is made of. */
	old_parent = inode->parent;
	inode_get(dir);
	inode->parent = dir;
	add_entry(dir, entry, inode);
	inode_put(old_parent);
	return 0;
}

/* => the victim's lock is held, too */
static int tmpfs_unlink(struct inode *dir, const char *name)
{
	struct entry *entry = find_entry(dir, name);
	struct inode *victim;

	ASSERT(entry);
	victim = entry->inode;
	if (inode_is_directory(victim))
		victim->links = 0; /* "." goes along */
	else
		victim->links--;
	inode_touch_changed(victim);
	remove_entry(dir, entry);
	return 0;
}

/* => the lock of what is replaced is held, too */
static int tmpfs_rename(struct inode *old_dir, const char *old_name,
			struct inode *new_dir, const char *new_name)
{
	struct entry *old = find_entry(old_dir, old_name);
	struct entry *new = entry_alloc(new_name);
	struct inode *old_parent;
	struct inode *moved;

	ASSERT(old);
	moved = old->inode;
	if (new_dir->links == 0) {
		kfree(new);
		return -ENOENT;
	}
	if (!new)
		return -ENOMEM;
	if (find_entry(new_dir, new_name))
		tmpfs_unlink(new_dir, new_name);
	add_entry(new_dir, new, moved);
	remove_entry(old_dir, old);
	/* With hard links the parent may be a third directory. */
	old_parent = moved->parent;
	inode_get(new_dir);
	moved->parent = new_dir;
	inode_put(old_parent);
	inode_touch_changed(moved);
	return 0;
}

/* Let @entry of @dir name @inode, which came from @old_dir. */
static void set_entry(struct entry *entry, struct inode *dir,
		      struct inode *inode, struct inode *old_dir)
{
	entry->inode = inode;
	if (inode_is_directory(inode)) { /* its ".." */
		dir->links++;
		old_dir->links--;
	}
	if (dir != old_dir) {
		inode_get(dir);
		inode->parent = dir;
		inode_put(old_dir); /* the caller has another reference */
	}
	inode_touch_changed(inode);
	inode_touch_modified(dir);
}

static void tmpfs_exchange(struct inode *dir, const char *name,
			   struct inode *other_dir, const char *other_name)
{
	struct entry *entry = find_entry(dir, name);
	struct entry *other = find_entry(other_dir, other_name);
	struct inode *inode;

	ASSERT(entry && other);
	inode = entry->inode;
	set_entry(entry, dir, other->inode, other_dir);
	set_entry(other, other_dir, inode, dir);
}

static bool tmpfs_is_empty(struct inode *dir)
{
	const struct directory *directory = dir->private;

	return list_is_empty(&directory->list);
}

static int tmpfs_name_of(struct inode *dir, const struct inode *child,
			 char *name, size_t size)
{
	const struct directory *directory = dir->private;
	const struct entry *entry;

	list_for_each_entry(entry, &directory->list, list_node) {
		if (entry->inode == child)
			return strlcpy(name, entry->name, size) < size ?
				       0 :
				       -ERANGE;
	}
	return -ENOENT;
}

static i64 tmpfs_readlink(struct inode *link, char *target, size_t size)
{
	size_t length = strlcpy(target, link->private, size);

	return (i64)(length < size ? length : size - 1);
}

/* Move what is in @dir to @entries.  Nobody can put more into it. */
static void take_entries(struct inode *dir, struct list_node *entries)
{
	struct directory *directory = dir->private;
	struct entry *entry;
	struct entry *next;

	mutex_lock(&dir->lock);
	dir->links = 0;
	directory->tree = NULL;
	list_for_each_entry_safe(entry, next, &directory->list, list_node) {
		list_remove(&entry->list_node);
		list_push_back(entries, &entry->list_node);
	}
	mutex_unlock(&dir->lock);
}

/* A list of what is left to remove, as a tree may be deep. */
static void tmpfs_discard(struct inode *root)
{
	struct list_node entries = LIST_INIT(entries);

	take_entries(root, &entries);
	while (!list_is_empty(&entries)) {
		struct entry *entry =
			list_first_entry(&entries, struct entry, list_node);

		list_remove(&entry->list_node);
		if (inode_is_directory(entry->inode))
			take_entries(entry->inode, &entries);
		inode_put(entry->inode);
		kfree(entry);
	}
}

static void tmpfs_destroy(struct inode *inode)
{
	if (inode_is_directory(inode) && inode->private) {
		ASSERT(tmpfs_is_empty(inode));
		kmem_cache_free(&directory_cache, inode->private);
	} else if (inode_is_symlink(inode)) {
		kfree(inode->private);
	} else if ((inode->mode & S_IFMT) == S_IFIFO) {
		fifo_destroy(inode);
	}
}

static const struct inode_ops tmpfs_dir_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create_node,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.exchange = tmpfs_exchange,
	.is_empty = tmpfs_is_empty,
	.name_of = tmpfs_name_of,
	.discard = tmpfs_discard,
	.destroy = tmpfs_destroy,
};

static const struct inode_ops tmpfs_node_ops = {
	.readlink = tmpfs_readlink,
	.truncate = tmpfs_truncate,
	.destroy = tmpfs_destroy,
};

/* ---- Listing a directory ------------------------------------------------- */

static int tmpfs_readdir(struct file *file, struct dir_writer *writer)
{
	struct inode *dir = file->inode;
	const struct directory *directory = dir->private;
	const struct entry *entry;

	if (dir->links == 0)
		return -ENOENT;
	if (!dir_emit_dots(file, writer))
		return 0;
	mutex_lock(&dir->lock);
	list_for_each_entry(entry, &directory->list, list_node) {
		struct dir_entry shown = {
			.name = entry->name,
			.inode = entry->inode->number,
			.mode = entry->inode->mode,
			.next_offset = entry->offset + 1,
		};

		if (entry->offset >= file->position &&
		    !dir_emit(writer, &shown))
			break;
	}
	mutex_unlock(&dir->lock);
	return 0;
}

static const struct file_ops tmpfs_dir_file_ops = {
	.lseek = file_lseek_inode,
	.readdir = tmpfs_readdir,
};
