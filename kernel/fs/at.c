/*
 * at.c - see at.h
 */
#include "kernel/fs/at.h"

#include "kernel/fs/files.h"
#include "kernel/fs/path.h"
#include "kernel/lib/errno.h"
#include "mm/uaccess.h"

static int get_start(struct at *at, int dir_fd)
{
	struct file *file;
	int error;

	if (dir_fd == AT_FDCWD || at->path[0] == '/')
		return 0;
	error = files_get_file(dir_fd, &file);
	if (error)
		return error;
	if (inode_is_directory(file->inode)) {
		inode_get(file->inode);
		at->start = file->inode;
	} else {
		error = -ENOTDIR;
	}
	file_put(file);
	return error;
}

int at_get(struct at *at, int dir_fd, vaddr_t path)
{
	int error;

	*at = (struct at){ .path = NULL };
	error = path_from_user(path, &at->path);
	if (error)
		return error;
	error = get_start(at, dir_fd);
	if (error)
		path_free(at->path);
	return error;
}

void at_put(struct at *at)
{
	inode_put(at->start);
	path_free(at->path);
}

int at_walk(int dir_fd, vaddr_t path, u32 flags, struct inode **inode)
{
	struct at at;
	int error = at_get(&at, dir_fd, path);

	if (error)
		return error;
	error = path_walk(at.start, at.path, flags, inode);
	at_put(&at);
	return error;
}

int at_find(int dir_fd, vaddr_t path, u32 flags, struct inode **inode)
{
	struct file *file;
	char first = '\0';
	int error;

	if ((flags & AT_EMPTY_PATH) && path.val &&
	    copy_from_user(&first, path, 1) != 0)
		return -EFAULT;
	if (!(flags & AT_EMPTY_PATH) || first)
		return at_walk(dir_fd, path,
			       flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW,
			       inode);
	if (dir_fd == AT_FDCWD) {
		*inode = files_get_cwd();
		return 0;
	}
	error = files_get_file(dir_fd, &file);
	if (error)
		return error;
	inode_get(file->inode);
	*inode = file->inode;
	file_put(file);
	return 0;
}
