/*
 * anon_file.c - see anon_file.h
 */
#include "kernel/fs/anon_file.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "mm/kmem.h"

static void anon_destroy(struct inode *inode)
{
	kfree(inode->private);
}

static const struct inode_ops anon_inode_ops = {
	.destroy = anon_destroy,
};

int anon_file_install(const struct file_ops *ops, void *private, u32 flags)
{
	static u32 filesystem;
	/* As Linux's anonymous inodes: rights, but no type. */
	struct inode *inode = inode_alloc(0600, &anon_inode_ops);
	struct file *file;
	int fd;

	if (!inode) {
		kfree(private);
		return -ENOMEM;
	}
	if (!filesystem)
		filesystem = inode_next_filesystem();
	inode->filesystem = filesystem;
	inode->number = inode_next_number();
	inode->file_ops = ops;
	inode->private = private;
	fd = file_alloc(inode, O_RDWR | flags, &file);
	inode_put(inode); /* the file holds it now */
	if (fd)
		return fd;
	fd = files_install(file, 0, flags);
	if (fd < 0)
		file_put(file);
	return fd;
}
