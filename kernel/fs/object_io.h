/*
 * object_io.h - bytes in and out of a memory object
 *
 * Owns: the loop over pages between a transfer and the frames of an object.
 * Locks: none held while bytes are copied: each frame is kept by a reference.
 */
#pragma once

#include "kernel/fs/io.h"
#include "mm/object.h"

/*
 * Both work at io->position and advance it.
 * Return: bytes moved; 0: end of file; -EFAULT; object_io_write() also -EFBIG,
 * and -ENOSPC: no memory.  What was moved before an error counts.
 */
i64 object_io_read(struct object *object, struct io *io);
/* => grows the object; the caller keeps other writers out */
i64 object_io_write(struct object *object, struct io *io);

/**
 * object_read() - copy from an object to kernel memory, as execve does
 *
 * Return: bytes copied; fewer than @bytes at the end of the object.
 */
u64 object_read(struct object *object, u64 offset, void *buffer, u64 bytes);
