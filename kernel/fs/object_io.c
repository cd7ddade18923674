/*
 * object_io.c - see object_io.h
 */
#include "kernel/fs/object_io.h"

#include "kernel/lib/errno.h"
#include "kernel/oom.h"

/* What lies between @position and the end of its page. */
static u64 page_rest(u64 position)
{
	return PAGE_SIZE - (position & ~PAGE_MASK);
}

static u64 read_page(struct object *object, struct io *io, u64 bytes)
{
	struct frame *frame;
	u64 moved;

	object_find_frame(object, io->position >> PAGE_SHIFT, &frame);
	if (!frame)
		return io_zero_out(io, bytes); /* a hole */
	frame_pin(frame); /* the copy may fault, and the checker run */
	frame_put(frame);
	moved = io_copy_out(
		io, (char *)frame_ptr(frame) + (io->position & ~PAGE_MASK),
		bytes);
	frame_unpin(frame);
	return moved;
}

i64 object_io_read(struct object *object, struct io *io)
{
	u64 done = 0;

	while (io->left) {
		u64 size = READ_ONCE(object->size_bytes);
		u64 chunk, moved;

		if (io->position >= size)
			break;
		chunk = min_u64(page_rest(io->position), size - io->position);
		chunk = min_u64(chunk, io->left);
		moved = read_page(object, io, chunk);
		io->position += moved;
		done += moved;
		if (moved < chunk)
			return done ? (i64)done : -EFAULT;
	}
	return (i64)done;
}

/*
 * The object grows page by page, and shrinks back over what could not be
 * copied: its size never counts bytes that nobody wrote.
 */
static i64 write_page(struct object *object, struct io *io, u64 bytes)
{
	u64 old_size = object->size_bytes;
	u64 end = io->position + bytes;
	struct frame *frame;
	u64 moved;
	int error;

	if (end > old_size)
		object_truncate(object, end);
	do
		error = object_get_frame(object, io->position >> PAGE_SHIFT,
					 &frame);
	while (error == -ENOMEM && oom_retry());
	if (error) {
		object_truncate(object, old_size);
		return error;
	}
	frame_pin(frame);
	frame_put(frame);
	moved = io_copy_in(
		io, (char *)frame_ptr(frame) + (io->position & ~PAGE_MASK),
		bytes);
	frame_unpin(frame);
	if (moved < bytes && end > old_size)
		object_truncate(object, moved ? max_u64(old_size,
							io->position + moved) :
						old_size);
	return (i64)moved;
}

i64 object_io_write(struct object *object, struct io *io)
{
	u64 done = 0;

	if (io->position >= FILE_BYTES_MAX)
		return -EFBIG;
	while (io->left && io->position < FILE_BYTES_MAX) {
		u64 chunk = min_u64(page_rest(io->position), io->left);
		i64 moved;

		chunk = min_u64(chunk, FILE_BYTES_MAX - io->position);
		moved = write_page(object, io, chunk);
		if (moved < 0)
			return done ? (i64)done : moved;
		io->position += (u64)moved;
		done += (u64)moved;
		if ((u64)moved < chunk)
			return done ? (i64)done : -EFAULT;
	}
	return (i64)done;
}

u64 object_read(struct object *object, u64 offset, void *buffer, u64 bytes)
{
	struct io io;

	io_init_kernel(&io, buffer, bytes);
	io.position = offset;
	return (u64)object_io_read(object, &io);
}
