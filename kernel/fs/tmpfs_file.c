/*
 * tmpfs_file.c - the data of tmpfs's files; see tmpfs.h
 */
#include "kernel/fs/tmpfs_internal.h"

#include "kernel/fs/object_io.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/rlimit.h"

static i64 tmpfs_read(struct file *file, struct io *io)
{
	u64 wanted = io->left;
	i64 moved = object_io_read(file->inode->object, io);

	if (moved > 0 || !wanted)
		file->inode->accessed_ns = inode_now_ns();
	return moved;
}

static i64 tmpfs_write(struct file *file, struct io *io)
{
	struct inode *inode = file->inode;
	i64 moved;

	if (!io->left)
		return 0;
	mutex_lock(&inode->lock);
	if (file->flags & O_APPEND)
		io->position = inode_size(inode);
	moved = rlimit_check_write(io->position, &io->left);
	if (!moved)
		moved = object_io_write(inode->object, io);
	if (moved > 0)
		inode_touch_modified(inode);
	mutex_unlock(&inode->lock);
	return moved;
}

int tmpfs_truncate(struct inode *inode, u64 size_bytes)
{
	int error = 0;

	if (size_bytes > inode_size(inode))
		error = rlimit_check_size(size_bytes);
	if (error)
		return error;
	if (size_bytes > FILE_BYTES_MAX)
		return -EFBIG;
	object_truncate(inode->object, size_bytes);
	return 0;
}

const struct file_ops tmpfs_file_ops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.lseek = file_lseek_inode,
};
