/*
 * io.c - see io.h
 */
#include "kernel/fs/io.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/sched.h"
#include "mm/kmem.h"

static void io_init(struct io *io, u64 base, u64 bytes, bool is_kernel)
{
	io->pieces = io->inline_pieces;
	io->inline_pieces[0] = (struct linux_iovec){ base, bytes };
	io->piece = 0;
	io->piece_done = 0;
	io->left = bytes;
	io->position = 0;
	io->is_kernel = is_kernel;
}

void io_init_user(struct io *io, vaddr_t buffer, u64 bytes)
{
	io_init(io, buffer.val, bytes, false);
}

void io_init_kernel(struct io *io, void *buffer, u64 bytes)
{
	io_init(io, (u64)buffer, bytes, true);
}

/* Check every piece as Linux does, and cut the sum at RW_COUNT_MAX. */
static int io_check_pieces(struct io *io, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		struct linux_iovec *piece = &io->pieces[i];

		if ((i64)piece->length < 0)
			return -EINVAL;
		if (!user_range_ok(VADDR(piece->base), piece->length))
			return -EFAULT;
		piece->length = min_u64(piece->length, RW_COUNT_MAX - io->left);
		io->left += piece->length;
	}
	return 0;
}

int io_init_pieces(struct io *io, vaddr_t pieces, u64 count)
{
	int error;

	if (count > IOV_MAX)
		return -EINVAL;
	io_init(io, 0, 0, false);
	if (count > IO_INLINE_PIECES)
		io->pieces = kmalloc(count * sizeof(struct linux_iovec));
	if (!io->pieces)
		return -ENOMEM;
	error = copy_from_user(io->pieces, pieces,
			       count * sizeof(struct linux_iovec));
	if (!error)
		error = io_check_pieces(io, count);
	if (error)
		io_destroy(io);
	return error;
}

void io_destroy(struct io *io)
{
	if (io->pieces != io->inline_pieces)
		kfree(io->pieces);
}

/* Move within one piece; returns the bytes moved. */
typedef u64 io_move_fn(const struct io *io, u64 address, void *buffer,
		       u64 bytes);

static u64 io_move_out(const struct io *io, u64 address, void *buffer,
		       u64 bytes)
{
	if (!io->is_kernel)
		return bytes -
		       copy_to_user_partial(VADDR(address), buffer, bytes);
	memcpy((void *)address, buffer, bytes);
	return bytes;
}

static u64 io_move_in(const struct io *io, u64 address, void *buffer, u64 bytes)
{
	if (!io->is_kernel)
		return bytes -
		       copy_from_user_partial(buffer, VADDR(address), bytes);
	memcpy(buffer, (const void *)address, bytes);
	return bytes;
}

static u64 io_move(struct io *io, io_move_fn *move, void *buffer, u64 bytes)
{
	u64 done = 0;

	bytes = min_u64(bytes, io->left);
	while (done < bytes) {
		const struct linux_iovec *piece = &io->pieces[io->piece];
		u64 room = piece->length - io->piece_done;
		u64 chunk = min_u64(room, bytes - done);
		u64 moved = 0;

		/* A gigabyte may come this way: others run in between. */
		if (chunk && (io->is_kernel || sched_checkpoint()))
			moved = move(io, piece->base + io->piece_done,
				     (char *)buffer + done, chunk);
		done += moved;
		io->piece_done += moved;
		if (moved < chunk)
			break;
		if (moved == room) {
			io->piece++;
			io->piece_done = 0;
		}
	}
	io->left -= done;
	return done;
}

u64 io_copy_out(struct io *io, const void *src, u64 bytes)
{
	/* io_move_out() only reads from it. */
	return io_move(io, io_move_out, (void *)(uintptr_t)src, bytes);
}

u64 io_copy_in(struct io *io, void *dst, u64 bytes)
{
	return io_move(io, io_move_in, dst, bytes);
}

u64 io_zero_out(struct io *io, u64 bytes)
{
	static const char zeros[PAGE_SIZE];
	u64 done = 0;

	while (done < bytes && io->left) {
		u64 chunk =
			min_u64(min_u64(bytes - done, sizeof(zeros)), io->left);
		u64 moved = io_copy_out(io, zeros, chunk);

		done += moved;
		if (moved < chunk)
			break;
	}
	return done;
}

void io_rewind(struct io *io, u64 bytes)
{
	io->left += bytes;
	while (bytes > io->piece_done) {
		ASSERT(io->piece > 0);
		bytes -= io->piece_done;
		io->piece--;
		io->piece_done = io->pieces[io->piece].length;
	}
	io->piece_done -= bytes;
}
