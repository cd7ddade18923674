/*
 * mem_devices.c - /dev/null, /dev/zero, /dev/full, /dev/random
 *
 * Source: null(4), zero(4), full(4), random(4).
 */
#include "kernel/dev/device.h"
#include "kernel/lib/errno.h"
#include "kernel/random.h"
#include "mm/object.h"

static i64 null_read(struct file *file, struct io *io)
{
	(void)file;
	(void)io;
	return 0;
}

/* The bytes are not even looked at, so no address can be bad. */
static i64 null_write(struct file *file, struct io *io)
{
	u64 bytes = io->left;

	(void)file;
	io->left = 0;
	io->position += bytes;
	return (i64)bytes;
}

static i64 zero_read(struct file *file, struct io *io)
{
	u64 wanted = io->left;
	u64 moved = io_zero_out(io, wanted);

	(void)file;
	return wanted && !moved ? -EFAULT : (i64)moved;
}

/* Mapping /dev/zero is the old way to ask for anonymous memory. */
static int zero_map(struct file *file, bool is_shared, u64 bytes,
		    struct object **object)
{
	(void)file;
	*object = is_shared ? object_create_shared(bytes, true) : NULL;
	return is_shared && !*object ? -ENOMEM : 0;
}

static i64 full_write(struct file *file, struct io *io)
{
	(void)file;
	return io->left ? -ENOSPC : 0;
}

static i64 random_read(struct file *file, struct io *io)
{
	u8 bytes[256];
	i64 done = 0;

	(void)file;
	while (io->left) {
		u64 chunk = min_u64(io->left, sizeof(bytes));
		u64 moved;

		random_fill(bytes, chunk);
		moved = io_copy_out(io, bytes, chunk);
		done += (i64)moved;
		if (moved < chunk)
			return done ? done : -EFAULT;
	}
	return done;
}

/* Seeking succeeds and means nothing, as on Linux. */
static i64 null_lseek(struct file *file, i64 offset, int whence)
{
	(void)file;
	(void)offset;
	(void)whence;
	return 0;
}

const struct file_ops device_null_ops = {
	.read = null_read,
	.write = null_write,
	.lseek = null_lseek,
};

const struct file_ops device_zero_ops = {
	.read = zero_read,
	.write = null_write,
	.lseek = null_lseek,
	.map = zero_map,
};

const struct file_ops device_full_ops = {
	.read = zero_read,
	.write = full_write,
	.lseek = null_lseek,
};

/* What is written would be stirred in on Linux; it is not needed here. */
const struct file_ops device_random_ops = {
	.read = random_read,
	.write = null_write,
	.lseek = null_lseek,
};
