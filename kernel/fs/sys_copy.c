/*
 * sys_copy.c - system calls that move bytes between files, and make room
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/traps.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

/* ---- sendfile, copy_file_range ------------------------------------------- */

/* Where a copy reads or writes: at @position, or at the file's own. */
struct place {
	struct file *file;
	vaddr_t user; /* of the position; 0: use the file's own */
	u64 position;
};

static int place_get(struct place *place, int fd, vaddr_t user)
{
	i64 position;
	int error = files_get_file(fd, &place->file);

	if (error)
		return error;
	place->user = user;
	place->position = READ_ONCE(place->file->position);
	if (!user.val)
		return 0;
	error = copy_from_user(&position, user, sizeof(position));
	if (!error && place->file->ops->is_stream)
		error = -ESPIPE;
	if (!error && position < 0)
		error = -EINVAL;
	if (error) {
		file_put(place->file);
		return error;
	}
	place->position = (u64)position;
	return 0;
}

/* @moved: something was, so the position has changed. */
static int place_put(struct place *place, bool moved)
{
	int error = 0;

	if (moved && place->user.val) {
		error = copy_to_user(place->user, &place->position,
				     sizeof(place->position));
	} else if (moved && !place->file->ops->is_stream) {
		mutex_lock(&place->file->position_lock);
		place->file->position = place->position;
		mutex_unlock(&place->file->position_lock);
	}
	file_put(place->file);
	return error;
}

/* One buffer full.  Return: bytes that arrived. */
static i64 copy_chunk(struct place *in, struct place *out, void *buffer,
		      u64 bytes)
{
	struct io io;
	i64 got, put;

	io_init_kernel(&io, buffer, bytes);
	io.position = in->position;
	got = file_read_at(in->file, &io);
	if (got <= 0)
		return got;
	io_init_kernel(&io, buffer, (u64)got);
	io.position = out->position;
	put = file_write_at(out->file, &io);
	if (put > 0) {
		in->position += (u64)put;
		out->position = io.position;
	}
	return put;
}

static i64 copy(struct place *in, struct place *out, u64 bytes)
{
	void *buffer = kmalloc(PAGE_SIZE);
	u64 done = 0;
	i64 moved = 1;

	if (!buffer)
		return -ENOMEM;
	bytes = min_u64(bytes, RW_COUNT_MAX);
	while (done < bytes && moved > 0 && !task_has_signal(current_task())) {
		u64 chunk = min_u64(bytes - done, PAGE_SIZE);

		moved = copy_chunk(in, out, buffer, chunk);
		if (moved > 0)
			done += (u64)moved;
		if (!sched_checkpoint())
			break;
	}
	kfree(buffer);
	if (!done && moved > 0 && bytes)
		return -ERESTARTSYS;
	return done || moved > 0 ? (i64)done : moved;
}

i64 sys_sendfile(int out_fd, int in_fd, vaddr_t offset, u64 bytes)
{
	struct place in, out;
	i64 result = place_get(&in, in_fd, offset);
	int error;

	if (result)
		return result;
	result = place_get(&out, out_fd, VADDR(0));
	if (!result) {
		if (!file_can_read(in.file) || !file_can_write(out.file))
			result = -EBADF;
		else if (in.file->ops->is_stream ||
			 inode_is_anonymous(out.file->inode) ||
			 (out.file->flags & O_APPEND))
			result = -EINVAL;
		else
			result = copy(&in, &out, bytes);
		(void)!place_put(&out, result > 0);
	}
	error = place_put(&in, result > 0);
	return error ? error : result;
}

static int check_copy_range(const struct place *in, const struct place *out,
			    u64 bytes)
{
	const struct inode *from = in->file->inode;
	const struct inode *to = out->file->inode;

	if (inode_is_directory(from) || inode_is_directory(to))
		return -EISDIR;
	if (!inode_is_regular(from) || !inode_is_regular(to))
		return -EINVAL;
	if (!file_can_read(in->file) || !file_can_write(out->file) ||
	    (out->file->flags & O_APPEND))
		return -EBADF;
	if (from == to && in->position < out->position + bytes &&
	    out->position < in->position + bytes)
		return -EINVAL;
	return 0;
}

/* Six arguments: taken out of the registers. */
i64 sys_copy_file_range(const struct trap_frame *frame)
{
	u64 bytes = min_u64(frame->r8, RW_COUNT_MAX);
	struct place in, out;
	i64 result;
	int error;

	if ((u32)frame->r9)
		return -EINVAL;
	result = place_get(&in, (int)frame->rdi, VADDR(frame->rsi));
	if (result)
		return result;
	result = place_get(&out, (int)frame->rdx, VADDR(frame->r10));
	if (!result) {
		result = check_copy_range(&in, &out, bytes);
		if (!result)
			result = copy(&in, &out, bytes);
		error = place_put(&out, result > 0);
		if (error)
			result = error;
	}
	error = place_put(&in, result > 0);
	return error ? error : result;
}

/* ---- fallocate ----------------------------------------------------------- */

#define FALLOC_FL_KEEP_SIZE 1u
#define FALLOC_FL_PUNCH_HOLE 2u

/* Zeros in one page, if it has a frame at all. */
static void zero_within(struct object *object, u64 start, u64 end)
{
	struct frame *frame;

	if (start >= end)
		return;
	object_find_frame(object, start >> PAGE_SHIFT, &frame);
	if (!frame)
		return;
	memset((char *)frame_ptr(frame) + (start & ~PAGE_MASK), 0, end - start);
	frame_put(frame);
}

/*
 * Whole pages lose their frames, and whoever maps them gets fresh zeros;
 * of those at the edges only the bytes go.  => inode->lock held
 */
static void punch(struct object *object, u64 start, u64 end)
{
	u64 first = align_up(start, PAGE_SIZE);
	u64 last = align_down(end, PAGE_SIZE);

	if (first > last) { /* inside one page */
		zero_within(object, start, end);
		return;
	}
	zero_within(object, start, first);
	zero_within(object, last, end);
	if (first < last)
		object_punch(object, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
}

/* Frames for each page of the range, as far as the file reaches. */
static int reserve(struct object *object, u64 start, u64 end)
{
	u64 first = start >> PAGE_SHIFT;
	u64 last;

	end = min_u64(end, READ_ONCE(object->size_bytes));
	last = bytes_to_pages(end);
	/* Refuse before taking all memory there is. */
	if (last > first && last - first > frame_stats_read().free)
		return -ENOSPC;
	for (u64 index = first; index < last; index++) {
		struct frame *frame;
		int error = object_get_frame(object, index, &frame);

		if (error)
			return error;
		frame_put(frame);
	}
	return 0;
}

/* => inode->lock held */
static int allocate(struct inode *inode, u32 mode, u64 start, u64 end)
{
	u64 old_size = READ_ONCE(inode->object->size_bytes);
	int error;

	if (mode & FALLOC_FL_PUNCH_HOLE) {
		punch(inode->object, start, end);
		return 0;
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > old_size) {
		error = rlimit_check_size(end);
		if (error)
			return error;
		object_truncate(inode->object, end);
	}
	error = reserve(inode->object, start, end);
	if (error && end > old_size)
		object_truncate(inode->object, old_size);
	return error;
}

static int fallocate_file(struct file *file, u32 mode, u64 start, u64 bytes)
{
	struct inode *inode = file->inode;
	int error;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (mode == FALLOC_FL_PUNCH_HOLE) /* must say KEEP_SIZE as well */
		return -EOPNOTSUPP;
	if (!file_can_write(file))
		return -EBADF;
	if ((inode->mode & S_IFMT) == S_IFIFO)
		return -ESPIPE;
	if (!inode_is_regular(inode))
		return inode_is_directory(inode) ? -EISDIR : -ENODEV;
	if (!inode->object)
		return -EOPNOTSUPP;
	if (start + bytes > FILE_BYTES_MAX)
		return -EFBIG;
	mutex_lock(&inode->lock);
	error = allocate(inode, mode, start, start + bytes);
	if (!error)
		inode_touch_modified(inode);
	mutex_unlock(&inode->lock);
	return error;
}

i64 sys_fallocate(int fd, u32 mode, i64 start, i64 bytes)
{
	struct file *file;
	int error;

	if (start < 0 || bytes <= 0)
		return -EINVAL;
	error = files_get_file(fd, &file);
	if (error)
		return error;
	error = fallocate_file(file, mode, (u64)start, (u64)bytes);
	file_put(file);
	return error;
}

/* ---- There is no medium to write to -------------------------------------- */

i64 sys_sync(void)
{
	return 0;
}

i64 sys_syncfs(int fd)
{
	struct file *file;
	int error = files_get_file(fd, &file);

	if (!error)
		file_put(file);
	return error;
}

i64 sys_fdatasync(int fd)
{
	return sys_fsync(fd);
}
