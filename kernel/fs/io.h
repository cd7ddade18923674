/*
 * io.h - one transfer between a file and memory, on its way through it
 *
 * Owns: struct io, which remembers how far a read or write has come.  A file
 * moves bytes by io_copy_in() and io_copy_out() and never sees whether
 * they belong to read(2), to the pieces of readv(2) or to the kernel itself.
 * Locks: none.  User memory may fault: no spinlock is held by callers.
 * See: Linux v6.12 include/linux/uio.h, struct iov_iter.
 */
#pragma once

#include "kernel/fs/abi.h"
#include "mm/uaccess.h"

/* Pieces kept without allocating memory, as Linux's UIO_FASTIOV. */
#define IO_INLINE_PIECES 8

struct io {
	struct linux_iovec *pieces;
	struct linux_iovec inline_pieces[IO_INLINE_PIECES];
	u32 piece; /* the one that is next */
	u64 piece_done; /* bytes of it that are done */
	u64 left; /* bytes to go, in all pieces */
	u64 position; /* in the file; advanced by the file's operations */
	bool is_kernel; /* the addresses are the kernel's own */
};

/* @buffer is the user's.  => @bytes <= RW_COUNT_MAX, the range is checked */
void io_init_user(struct io *io, vaddr_t buffer, u64 bytes);
void io_init_kernel(struct io *io, void *buffer, u64 bytes);

/**
 * io_init_pieces() - the pieces of readv(2) and writev(2)
 * @pieces: an array of @count struct linux_iovec in user memory
 *
 * => io_destroy() afterwards, but not after a failure
 *
 * Return: 0, -EINVAL, -EFAULT or -ENOMEM.
 */
int io_init_pieces(struct io *io, vaddr_t pieces, u64 count) __must_check;
void io_destroy(struct io *io);

/*
 * Both move up to @bytes, at most io->left, and stop at the first bad address.
 * Return: the number of bytes moved, which the io has advanced by.
 */
u64 io_copy_out(struct io *io, const void *src, u64 bytes);
u64 io_copy_in(struct io *io, void *dst, u64 bytes);
/* As io_copy_out() of that many zeros. */
u64 io_zero_out(struct io *io, u64 bytes);

/* Take back the last @bytes moved: the transfer did not happen. */
void io_rewind(struct io *io, u64 bytes);
