/*
 * vfs_name.c - making, removing and moving names in directories
 *
 * Locks: see inode.h.  Where two directories are locked, inode_tree_lock is
 * held, and of two that lie one below the other the upper one comes first.
 */
#include "kernel/fs/path.h"
#include "kernel/fs/permission.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmem.h"

#define DELETED " (deleted)"

static void set_object_name(struct object *object, char *name)
{
	const char *old;

	spin_lock(&object->lock);
	old = object->name;
	object->name = name;
	spin_unlock(&object->lock);
	kfree((void *)(uintptr_t)old);
}

void vfs_name_object(struct inode *inode)
{
	char *path;
	char *name;
	size_t bytes;

	if (!inode->object)
		return;
	path = kmalloc(PATH_MAX);
	if (!path)
		return; /* then maps shows an old name or none */
	if (inode_path(inode, path, PATH_MAX) == 0) {
		bytes = strlen(path) + 1;
		name = kmalloc(bytes);
		if (name) {
			memcpy(name, path, bytes);
			set_object_name(inode->object, name);
		}
	}
	kfree(path);
}

/* The last name of @inode is gone: say so where it is still mapped. */
static void mark_deleted(struct inode *inode)
{
	struct object *object = inode->object;
	size_t bytes;
	char *name;

	if (inode->links > 0 || !object || !object->name)
		return;
	bytes = strlen(object->name) + sizeof(DELETED);
	name = kmalloc(bytes);
	if (!name)
		return;
	snprintf(name, bytes, "%s" DELETED, object->name);
	set_object_name(object, name);
}

/* ---- Make ---------------------------------------------------------------- */

static int make_locked(const struct path_last *last,
		       const struct new_node *node, struct inode **made)
{
	struct inode *dir = last->directory;
	bool is_directory = (node->mode & S_IFMT) == S_IFDIR;
	int error = dir->ops->lookup(dir, last->name, made);

	if (!error) {
		inode_put(*made);
		return -EEXIST;
	}
	if (error != -ENOENT)
		return error;
	if (last->has_slash && !is_directory)
		return -ENOENT;
	if (!dir->ops->create)
		return -ENOENT;
	error = inode_permission(dir, W_OK | X_OK);
	return error ? error : dir->ops->create(dir, last->name, node, made);
}

int vfs_make(struct inode *start, const char *path, const struct new_node *node)
{
	struct path_last last;
	struct inode *made;
	int error = path_walk_parent(start, path, &last);

	if (error)
		return error;
	if (path_last_is_special(&last)) {
		error = -EEXIST;
	} else {
		mutex_lock(&last.directory->lock);
		error = make_locked(&last, node, &made);
		mutex_unlock(&last.directory->lock);
		if (!error)
			inode_put(made);
	}
	path_last_put(&last);
	return error;
}

/* ---- Remove -------------------------------------------------------------- */

/* What unlink(2) and rmdir(2) say to names that cannot go. */
static int check_removable_name(const struct path_last *last, bool is_directory)
{
	if (!path_last_is_special(last))
		return 0;
	if (!is_directory)
		return -EISDIR;
	if (!*last->name)
		return -EBUSY;
	return strcmp(last->name, ".") ? -ENOTEMPTY : -EINVAL;
}

/* => dir->lock held */
static int remove_found(struct inode *dir, const struct path_last *last,
			struct inode *victim, bool is_directory)
{
	int error = inode_permission_remove(dir, victim);

	if (error)
		return error;
	if (!is_directory && inode_is_directory(victim))
		return -EISDIR;
	if ((is_directory || last->has_slash) && !inode_is_directory(victim))
		return -ENOTDIR;
	if (!dir->ops->unlink)
		return -EPERM;
	mutex_lock_nested(&victim->lock); /* from the top down */
	if (victim->mounted)
		error = -EBUSY;
	else if (is_directory && !victim->ops->is_empty(victim))
		error = -ENOTEMPTY;
	else
		error = dir->ops->unlink(dir, last->name);
	mutex_unlock(&victim->lock);
	return error;
}

int vfs_remove(struct inode *start, const char *path, bool is_directory)
{
	struct path_last last;
	struct inode *victim = NULL;
	int error = path_walk_parent(start, path, &last);

	if (error)
		return error;
	error = check_removable_name(&last, is_directory);
	if (!error) {
		struct inode *dir = last.directory;

		mutex_lock(&dir->lock);
		error = dir->ops->lookup(dir, last.name, &victim);
		if (!error)
			error = remove_found(dir, &last, victim, is_directory);
		mutex_unlock(&dir->lock);
	}
	if (!error)
		mark_deleted(victim);
	inode_put(victim); /* outside the locks: it may free a lot */
	path_last_put(&last);
	return error;
}

/* ---- Rename and link ----------------------------------------------------- */

/* Is @upper the same as @lower or above it?  => inode_tree_lock held */
static bool is_above(const struct inode *upper, const struct inode *lower)
{
	while (lower && lower != upper)
		lower = lower->parent;
	return lower == upper;
}

/*
 * The upper one first, as when a name is looked up and removed.  Where neither
 * is above the other, inode_tree_lock keeps the next who wants both away.
 */
static void lock_two(struct inode *a, struct inode *b)
{
	if (a != b && is_above(b, a)) {
		mutex_lock(&b->lock);
		mutex_lock_nested(&a->lock);
		return;
	}
	mutex_lock(&a->lock);
	if (a != b)
		mutex_lock_nested(&b->lock);
}

static void unlock_two(struct inode *a, struct inode *b)
{
	mutex_unlock(&a->lock);
	if (a != b)
		mutex_unlock(&b->lock);
}

/* One rename under way.  The two inodes are references, or NULL. */
struct rename {
	struct path_last from;
	struct path_last to;
	struct inode *moved;
	struct inode *replaced;
	u32 flags;
};

/* Both must exist, and neither may end up inside itself. */
static int check_exchange(const struct rename *rename)
{
	const struct inode *other = rename->replaced;

	if (!other)
		return -ENOENT;
	if (inode_is_directory(other) &&
	    is_above(other, rename->from.directory))
		return -EINVAL;
	return rename->from.directory->ops->exchange ? 0 : -EINVAL;
}

/* May the names be taken from where they are, and put there? */
static int check_rename_rights(const struct rename *rename)
{
	const struct inode *to = rename->to.directory;
	int error =
		inode_permission_remove(rename->from.directory, rename->moved);

	if (error)
		return error;
	if (rename->replaced)
		return inode_permission_remove(to, rename->replaced);
	return inode_permission(to, W_OK | X_OK);
}

/* The rules of rename(2).  => both directories locked */
static int check_rename(const struct rename *rename)
{
	const struct inode *moved = rename->moved;
	const struct inode *replaced = rename->replaced;

	if (!inode_is_directory(moved) &&
	    (rename->from.has_slash || rename->to.has_slash))
		return -ENOTDIR;
	if (replaced && (rename->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (inode_is_directory(moved) && is_above(moved, rename->to.directory))
		return -EINVAL;
	if (moved->mounted || (replaced && replaced->mounted))
		return -EBUSY;
	if (!rename->from.directory->ops->rename)
		return -EPERM;
	if (rename->flags & RENAME_EXCHANGE)
		return check_exchange(rename);
	if (!replaced || replaced == moved)
		return 0;
	if (inode_is_directory(moved) && !inode_is_directory(replaced))
		return -ENOTDIR;
	if (!inode_is_directory(moved) && inode_is_directory(replaced))
		return -EISDIR;
	return 0;
}

/* => both directories locked */
static int rename_locked(struct rename *rename)
{
	struct inode *from = rename->from.directory;
	struct inode *to = rename->to.directory;
	int error = from->ops->lookup(from, rename->from.name, &rename->moved);

	if (error)
		return error;
	error = to->ops->lookup(to, rename->to.name, &rename->replaced);
	if (error && error != -ENOENT)
		return error;
	error = check_rename_rights(rename);
	if (!error)
		error = check_rename(rename);
	if (error || rename->moved == rename->replaced)
		return error;
	if (!rename->replaced)
		return from->ops->rename(from, rename->from.name, to,
					 rename->to.name);
	if (rename->flags & RENAME_EXCHANGE) {
		from->ops->exchange(from, rename->from.name, to,
				    rename->to.name);
		return 0;
	}
	/* Above the directory it is moved to: then it cannot be empty. */
	if (is_above(rename->replaced, from))
		return -ENOTEMPTY;
	mutex_lock_nested(&rename->replaced->lock); /* from the top down */
	if (inode_is_directory(rename->replaced) &&
	    !rename->replaced->ops->is_empty(rename->replaced))
		error = -ENOTEMPTY;
	else
		error = from->ops->rename(from, rename->from.name, to,
					  rename->to.name);
	mutex_unlock(&rename->replaced->lock);
	return error;
}

static int rename_found(struct rename *rename)
{
	struct inode *from = rename->from.directory;
	struct inode *to = rename->to.directory;
	int error;

	if (from->filesystem != to->filesystem)
		return -EXDEV;
	if (path_last_is_special(&rename->from) ||
	    path_last_is_special(&rename->to))
		return -EBUSY;
	mutex_lock(&inode_tree_lock);
	lock_two(from, to);
	error = rename_locked(rename);
	unlock_two(from, to);
	mutex_unlock(&inode_tree_lock);
	if (error)
		return error;
	if (rename->flags & RENAME_EXCHANGE)
		vfs_name_object(rename->replaced);
	else if (rename->replaced && rename->replaced != rename->moved)
		mark_deleted(rename->replaced);
	if (rename->moved->object && rename->moved->object->name)
		vfs_name_object(rename->moved);
	return 0;
}

int vfs_rename(struct vfs_place from, struct vfs_place to, u32 flags)
{
	struct rename rename = { .flags = flags };
	int error = path_walk_parent(from.start, from.path, &rename.from);

	if (error)
		return error;
	error = path_walk_parent(to.start, to.path, &rename.to);
	if (!error) {
		error = rename_found(&rename);
		inode_put(rename.moved);
		inode_put(rename.replaced);
		path_last_put(&rename.to);
	}
	path_last_put(&rename.from);
	return error;
}

/* => dir->lock held */
static int link_locked(const struct path_last *last, struct inode *inode)
{
	struct inode *dir = last->directory;
	struct inode *existing;
	int error = dir->ops->lookup(dir, last->name, &existing);

	if (!error) {
		inode_put(existing);
		return -EEXIST;
	}
	if (error != -ENOENT)
		return error;
	if (last->has_slash)
		return -ENOENT;
	if (inode->filesystem != dir->filesystem)
		return -EXDEV;
	error = inode_permission(dir, W_OK | X_OK);
	if (error)
		return error;
	if (inode_is_directory(inode) || !dir->ops->link)
		return -EPERM;
	return dir->ops->link(dir, last->name, inode);
}

int vfs_link(struct vfs_place from, struct vfs_place to, u32 walk_flags)
{
	struct path_last last;
	struct inode *inode;
	int error = path_walk(from.start, from.path, walk_flags, &inode);

	if (error)
		return error;
	error = path_walk_parent(to.start, to.path, &last);
	if (!error) {
		if (path_last_is_special(&last)) {
			error = -EEXIST;
		} else {
			mutex_lock(&inode_tree_lock);
			mutex_lock(&last.directory->lock);
			error = link_locked(&last, inode);
			mutex_unlock(&last.directory->lock);
			mutex_unlock(&inode_tree_lock);
		}
		path_last_put(&last);
	}
	inode_put(inode);
	return error;
}
