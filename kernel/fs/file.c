/*
 * file.c - see file.h
 */
#include "kernel/fs/file.h"

#include "kernel/fs/epoll.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/kmem.h"

static struct kmem_cache file_cache = KMEM_CACHE("file", struct file);

/* They say how to open and are then forgotten. */
#define O_OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* O_PATH: a place in the tree, with which nothing can be done. */
static const struct file_ops path_only_ops = { .is_stream = true };

struct file *file_reserve(void)
{
	return kmem_cache_alloc_zeroed(&file_cache);
}

void file_unreserve(struct file *file)
{
	kmem_cache_free(&file_cache, file);
}

int file_open(struct file *file, struct inode *inode, u32 flags)
{
	int error = 0;

	inode_use(inode);
	file->refcount = 1;
	file->flags = flags; /* all of them, for ->open() */
	file->ops = flags & O_PATH ? &path_only_ops : inode->file_ops;
	file->inode = inode;
	mutex_init(&file->position_lock, "file");
	list_init(&file->watchers);
	if (!file->ops)
		error = -ENXIO;
	else if (file->ops->open)
		error = file->ops->open(file);
	file->flags &= ~O_OPEN_ONLY;
	if (error)
		inode_unuse(inode);
	return error;
}

int file_alloc(struct inode *inode, u32 flags, struct file **result)
{
	struct file *file = file_reserve();
	int error;

	if (!file)
		return -ENOMEM;
	error = file_open(file, inode, flags);
	if (error)
		file_unreserve(file);
	else
		*result = file;
	return error;
}

bool file_get_if_open(struct file *file)
{
	u32 count = __atomic_load_n(&file->refcount, __ATOMIC_RELAXED);

	while (count && !__atomic_compare_exchange_n(
				&file->refcount, &count, count + 1, true,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return count != 0;
}

void file_put(struct file *file)
{
	if (__atomic_sub_fetch(&file->refcount, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (!list_is_empty(&file->watchers))
		epoll_forget(file);
	locks_release(file->inode, file);
	if (file->ops->release)
		file->ops->release(file);
	if (file->is_writer)
		inode_end_write(file->inode);
	inode_unuse(file->inode);
	kmem_cache_free(&file_cache, file);
}

i64 file_read_at(struct file *file, struct io *io)
{
	if (!file_can_read(file))
		return -EBADF;
	if (inode_is_directory(file->inode))
		return -EISDIR;
	if (!file->ops->read)
		return -EINVAL;
	return file->ops->read(file, io);
}

i64 file_write_at(struct file *file, struct io *io)
{
	if (!file_can_write(file))
		return -EBADF;
	if (!file->ops->write)
		return -EINVAL;
	return file->ops->write(file, io);
}

i64 file_read(struct file *file, struct io *io)
{
	i64 moved;

	if (file->ops->is_stream)
		return file_read_at(file, io);
	mutex_lock(&file->position_lock);
	io->position = file->position;
	moved = file_read_at(file, io);
	file->position = io->position;
	mutex_unlock(&file->position_lock);
	return moved;
}

i64 file_write(struct file *file, struct io *io)
{
	i64 moved;

	if (file->ops->is_stream)
		return file_write_at(file, io);
	mutex_lock(&file->position_lock);
	io->position = file->position;
	moved = file_write_at(file, io);
	file->position = io->position;
	mutex_unlock(&file->position_lock);
	return moved;
}

i64 file_lseek_inode(struct file *file, i64 offset, int whence)
{
	i64 base;
	i64 result;

	mutex_lock(&file->position_lock);
	switch (whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = (i64)file->position;
		break;
	case SEEK_END:
		base = (i64)inode_size(file->inode);
		break;
	default:
		base = -1;
	}
	if (base < 0 || __builtin_add_overflow(base, offset, &result) ||
	    result < 0)
		result = -EINVAL;
	else
		file->position = (u64)result;
	mutex_unlock(&file->position_lock);
	return result;
}

int file_map(struct file *file, bool is_shared, bool is_write, u64 bytes,
	     struct object **object)
{
	if (!file_can_read(file))
		return -EACCES;
	if (is_shared && is_write && !file_can_write(file))
		return -EACCES;
	if (file->ops->map)
		return file->ops->map(file, is_shared, bytes, object);
	if (!file->inode->object)
		return -ENODEV;
	vfs_name_object(file->inode);
	object_get(file->inode->object);
	*object = file->inode->object;
	return 0;
}

bool dir_emit(struct dir_writer *writer, const struct dir_entry *entry)
{
	struct {
		struct linux_dirent64 header;
		char name[NAME_MAX + 1 + 8]; /* the padding */
	} record = {};
	size_t length = strnlen(entry->name, NAME_MAX);
	u16 bytes = (u16)align_up(sizeof(record.header) + length + 1, 8);

	if (bytes > writer->io->left) {
		writer->error = -EINVAL;
		return false;
	}
	record.header.inode = entry->inode;
	record.header.next_offset = (i64)entry->next_offset;
	record.header.record_bytes = bytes;
	record.header.type = (u8)((entry->mode & S_IFMT) >> DT_SHIFT);
	memcpy(record.name, entry->name, length);
	if (io_copy_out(writer->io, &record, bytes) < bytes) {
		writer->error = -EFAULT;
		return false;
	}
	writer->next_offset = entry->next_offset;
	return true;
}

bool dir_emit_dots(struct file *file, struct dir_writer *writer)
{
	struct dir_entry entry = { ".", file->inode->number, S_IFDIR, 1 };
	struct inode *above;
	bool has_room;

	if (file->position == 0 && !dir_emit(writer, &entry))
		return false;
	if (file->position > 1)
		return true;
	above = inode_above(file->inode);
	entry = (struct dir_entry){ "..", above->number, S_IFDIR, 2 };
	has_room = dir_emit(writer, &entry);
	inode_put(above);
	return has_room;
}
