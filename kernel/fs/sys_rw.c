/*
 * sys_rw.c - system calls that move bytes through a descriptor
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/x86_64/traps.h"

typedef i64 transfer_fn(struct file *file, struct io *io);

/* One buffer.  The order of the checks is Linux's. */
static i64 transfer_buffer(int fd, struct io *io, transfer_fn *transfer,
			   bool is_write)
{
	vaddr_t buffer = VADDR(io->pieces[0].base);
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	if (is_write ? !file_can_write(file) : !file_can_read(file))
		result = -EBADF;
	else if (!user_range_ok(buffer, io->left))
		result = -EFAULT;
	if (!result) {
		io->left = min_u64(io->left, RW_COUNT_MAX);
		io->pieces[0].length = io->left;
		result = transfer(file, io);
	}
	file_put(file);
	return result;
}

i64 sys_read(int fd, vaddr_t buffer, u64 bytes)
{
	struct io io;

	io_init_user(&io, buffer, bytes);
	return transfer_buffer(fd, &io, file_read, false);
}

i64 sys_write(int fd, vaddr_t buffer, u64 bytes)
{
	struct io io;

	io_init_user(&io, buffer, bytes);
	return transfer_buffer(fd, &io, file_write, true);
}

static i64 read_at(struct file *file, struct io *io)
{
	return file->ops->is_stream ? -ESPIPE : file_read_at(file, io);
}

static i64 write_at(struct file *file, struct io *io)
{
	return file->ops->is_stream ? -ESPIPE : file_write_at(file, io);
}

i64 sys_pread64(int fd, vaddr_t buffer, u64 bytes, i64 position)
{
	struct io io;

	if (position < 0)
		return -EINVAL;
	io_init_user(&io, buffer, bytes);
	io.position = (u64)position;
	return transfer_buffer(fd, &io, read_at, false);
}

i64 sys_pwrite64(int fd, vaddr_t buffer, u64 bytes, i64 position)
{
	struct io io;

	if (position < 0)
		return -EINVAL;
	io_init_user(&io, buffer, bytes);
	io.position = (u64)position;
	return transfer_buffer(fd, &io, write_at, true);
}

static i64 transfer_pieces(int fd, vaddr_t pieces, u64 count,
			   transfer_fn *transfer)
{
	struct io io;
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	result = io_init_pieces(&io, pieces, count);
	if (!result) {
		result = transfer(file, &io);
		io_destroy(&io);
	}
	file_put(file);
	return result;
}

i64 sys_readv(int fd, vaddr_t pieces, u64 count)
{
	return transfer_pieces(fd, pieces, count, file_read);
}

i64 sys_writev(int fd, vaddr_t pieces, u64 count)
{
	return transfer_pieces(fd, pieces, count, file_write);
}

/* ---- preadv, pwritev ----------------------------------------------------- */

/* Flags that ask for speed or for a medium: nothing to do here. */
#define RWF_HARMLESS 0x7u /* HIPRI, DSYNC, SYNC */

static i64 transfer_pieces_at(int fd, vaddr_t pieces, u64 count, i64 position,
			      transfer_fn *transfer)
{
	struct io io;
	struct file *file;
	i64 result;

	if (position < 0)
		return -EINVAL;
	result = files_get_file(fd, &file);
	if (result)
		return result;
	result = io_init_pieces(&io, pieces, count);
	if (!result) {
		io.position = (u64)position;
		result = transfer(file, &io);
		io_destroy(&io);
	}
	file_put(file);
	return result;
}

i64 sys_preadv(int fd, vaddr_t pieces, u64 count, i64 position)
{
	return transfer_pieces_at(fd, pieces, count, position, read_at);
}

i64 sys_pwritev(int fd, vaddr_t pieces, u64 count, i64 position)
{
	return transfer_pieces_at(fd, pieces, count, position, write_at);
}

/* Six arguments, the fifth unused on 64 bits; position -1: the file's own. */
i64 sys_preadv2(const struct trap_frame *frame)
{
	if (frame->r9 & ~RWF_HARMLESS)
		return -EOPNOTSUPP;
	if ((i64)frame->r10 == -1)
		return sys_readv((int)frame->rdi, VADDR(frame->rsi),
				 frame->rdx);
	return sys_preadv((int)frame->rdi, VADDR(frame->rsi), frame->rdx,
			  (i64)frame->r10);
}

i64 sys_pwritev2(const struct trap_frame *frame)
{
	if (frame->r9 & ~RWF_HARMLESS)
		return -EOPNOTSUPP;
	if ((i64)frame->r10 == -1)
		return sys_writev((int)frame->rdi, VADDR(frame->rsi),
				  frame->rdx);
	return sys_pwritev((int)frame->rdi, VADDR(frame->rsi), frame->rdx,
			   (i64)frame->r10);
}

i64 sys_lseek(int fd, i64 offset, int whence)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	if (file->ops->is_stream || !file->ops->lseek)
		result = file->flags & O_PATH ? -EBADF : -ESPIPE;
	else
		result = file->ops->lseek(file, offset, whence);
	file_put(file);
	return result;
}

i64 sys_ioctl(int fd, u32 command, u64 argument)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	result = file->ops->ioctl ? file->ops->ioctl(file, command, argument) :
				    -ENOTTY;
	file_put(file);
	return result;
}

/* => file->position_lock is held */
static i64 read_directory(struct file *file, struct io *io)
{
	u64 room = io->left;
	struct dir_writer writer = { .io = io, .next_offset = file->position };
	int error = file->ops->readdir(file, &writer);

	file->position = writer.next_offset;
	if (error)
		return error;
	if (io->left < room)
		return (i64)(room - io->left);
	return writer.error;
}

i64 sys_getdents64(int fd, vaddr_t buffer, u32 bytes)
{
	struct file *file;
	struct io io;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	io_init_user(&io, buffer, bytes);
	if (!file_can_read(file)) {
		result = -EBADF;
	} else if (!file->ops->readdir) {
		result = -ENOTDIR;
	} else if (!user_range_ok(buffer, bytes)) {
		result = -EFAULT;
	} else {
		mutex_lock(&file->position_lock);
		result = read_directory(file, &io);
		mutex_unlock(&file->position_lock);
	}
	file_put(file);
	return result;
}

/* There is no medium to be in step with. */
i64 sys_fsync(int fd)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	result = file->ops->is_stream ? -EINVAL : 0;
	file_put(file);
	return result;
}
