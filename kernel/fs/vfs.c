/*
 * vfs.c - see vfs.h: open, make, truncate; names are moved in vfs_name.c
 */
#include "kernel/fs/vfs.h"

#include "kernel/fs/path.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/oom.h"

static bool wants_write(u32 flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

/*
 * A regular file, which may be a program that runs.
 * => a file that memfd_create makes does not come here: it can be executed
 *    while its maker still has it open
 */
static int open_regular(struct inode *inode, u32 flags, struct file *file)
{
	bool is_writer = wants_write(flags) && !(flags & O_PATH);
	int error = is_writer ? inode_start_write(inode) : 0;

	if (error)
		return error;
	if (flags & O_TRUNC)
		error = vfs_truncate(inode, 0);
	if (!error)
		error = file_open(file, inode, flags);
	if (!error)
		file->is_writer = is_writer;
	else if (is_writer)
		inode_end_write(inode);
	return error;
}

/* Open what the walk has found; @inode's reference stays the caller's. */
static int open_found(struct inode *inode, u32 flags, bool is_new,
		      struct file *file)
{
	int error;

	if (inode_is_symlink(inode) && !(flags & O_PATH))
		return -ELOOP; /* O_NOFOLLOW */
	if ((flags & O_DIRECTORY) && !inode_is_directory(inode))
		return -ENOTDIR;
	if (inode_is_directory(inode) &&
	    (wants_write(flags) || (flags & (O_CREAT | O_TRUNC))))
		return -EISDIR;
	/* Who makes a file may open it, whatever rights he gives it. */
	error = is_new ? 0 : inode_permission_open(inode, flags);
	if (error)
		return error;
	/* Here, as with O_CREAT the whole call could not be made again. */
	do
		error = inode_is_regular(inode) ?
				open_regular(inode, flags, file) :
				file_open(file, inode, flags);
	while (error == -ENOMEM && oom_retry());
	return error;
}

/* What a walk has found, or made. */
struct found {
	struct inode *inode;
	bool is_new;
};

/* Find or make the last component.  => neither "." nor ".." nor empty */
static int find_or_create(struct path_last *last, u32 flags, u32 mode,
			  struct found *found)
{
	struct inode **inode = &found->inode;
	struct new_node node = { .mode = S_IFREG | (mode & S_IPERM) };
	struct inode *dir = last->directory;
	int error;

	mutex_lock(&dir->lock);
	error = dir->ops->lookup(dir, last->name, inode);
	if (error != -ENOENT) {
		if (!error && (flags & O_EXCL)) {
			inode_put(*inode);
			error = -EEXIST;
		} else if (!error && last->has_slash) {
			inode_put(*inode);
			error = -EISDIR;
		}
	} else if (last->has_slash) {
		error = -EISDIR;
	} else if (dir->ops->create) {
		error = inode_permission(dir, W_OK | X_OK);
		if (!error)
			error = dir->ops->create(dir, last->name, &node, inode);
		found->is_new = !error;
	} else {
		error = -ENOENT; /* a file system of fixed names: /proc */
	}
	mutex_unlock(&dir->lock);
	return error;
}

/* As find_or_create(), through symbolic links at the end. */
static int walk_or_create(struct path_last *last, u32 flags, u32 mode,
			  struct found *found)
{
	struct inode **inode = &found->inode;

	for (;;) {
		struct inode *link;
		int error;

		if (path_last_is_special(last))
			return flags & O_EXCL ? -EEXIST : -EISDIR;
		error = find_or_create(last, flags, mode, found);
		if (error || !inode_is_symlink(*inode) || (flags & O_NOFOLLOW))
			return error;
		link = *inode;
		if (link->ops->follow) {
			error = link->ops->follow(link, inode);
			inode_put(link);
			return error;
		}
		error = path_last_follow(last, link);
		inode_put(link);
		if (error)
			return error;
	}
}

/* open(2) with O_CREAT. */
static int open_or_create(struct vfs_place place, u32 flags, u32 mode,
			  struct file *file)
{
	struct path_last last;
	struct found found = { .is_new = false };
	int error = path_walk_parent(place.start, place.path, &last);

	if (error)
		return error;
	error = walk_or_create(&last, flags, mode, &found);
	path_last_put(&last);
	if (error)
		return error;
	error = open_found(found.inode, flags, found.is_new, file);
	inode_put(found.inode);
	return error;
}

static int open_place(struct vfs_place place, u32 flags, u32 mode,
		      struct file *file)
{
	struct inode *inode;
	int error;

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return -EINVAL;
	if (flags & O_CREAT)
		return open_or_create(place, flags, mode, file);
	error = path_walk(place.start, place.path,
			  flags & O_NOFOLLOW ? 0 : WALK_FOLLOW, &inode);
	if (error)
		return error;
	error = open_found(inode, flags, false, file);
	inode_put(inode);
	return error;
}

/* First the memory: what O_CREAT has made must not be left unopened. */
int vfs_open(struct inode *start, const char *path, u32 flags, u32 mode,
	     struct file **result)
{
	struct vfs_place place = { start, path };
	struct file *file = file_reserve();
	int error;

	if (!file)
		return -ENOMEM;
	error = open_place(place, flags, mode, file);
	if (error)
		file_unreserve(file);
	else
		*result = file;
	return error;
}

int vfs_truncate(struct inode *inode, u64 size_bytes)
{
	int error;

	if (inode_is_directory(inode))
		return -EISDIR;
	if (!inode_is_regular(inode) || !inode->ops->truncate)
		return inode_is_regular(inode) ? 0 : -EINVAL;
	error = inode_start_write(inode);
	if (error)
		return error;
	error = vfs_truncate_open(inode, size_bytes);
	inode_end_write(inode);
	return error;
}

int vfs_truncate_open(struct inode *inode, u64 size_bytes)
{
	int error;

	if (!inode->ops->truncate)
		return 0; /* such as a file of /proc */
	mutex_lock(&inode->lock);
	error = inode->ops->truncate(inode, size_bytes);
	if (!error)
		inode_touch_modified(inode);
	mutex_unlock(&inode->lock);
	return error;
}

int vfs_start_exec(struct inode *inode)
{
	int error;

	if (!inode_is_regular(inode) || !inode->object ||
	    inode_permission(inode, X_OK) != 0)
		return -EACCES;
	error = inode_start_exec(inode);
	if (!error)
		vfs_name_object(inode);
	return error;
}

int vfs_open_exec(const char *path, struct inode **found)
{
	struct inode *inode;
	int error = path_walk(NULL, path, WALK_FOLLOW, &inode);

	if (error)
		return error;
	error = vfs_start_exec(inode);
	if (error)
		inode_put(inode);
	else
		*found = inode;
	return error;
}

void vfs_close_exec(struct inode *inode)
{
	inode_end_exec(inode);
	inode_put(inode);
}
