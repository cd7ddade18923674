/*
 * file.h - an open file: position, flags and what can be done with it
 *
 * Owns: struct file and its life.  Several descriptors, of several processes
 * too, may share one; they share the position then (dup(2), fork(2)).
 * Locks: position_lock is held over a whole read or write that uses the
 * position.  It is the outermost lock of the file layer.
 */
#pragma once

#include "kernel/fs/inode.h"
#include "kernel/fs/io.h"

struct dir_writer;
struct poll_table;

/* NULL means: not possible with this kind of file. */
struct file_ops {
	/* After an open: fill in ->private. */
	int (*open)(struct file *file);
	/*
	 * Move up to io->left bytes at io->position and advance that.
	 * Return: bytes moved, 0 at the end of the file, or -errno.
	 */
	i64 (*read)(struct file *file, struct io *io);
	i64 (*write)(struct file *file, struct io *io);
	i64 (*lseek)(struct file *file, i64 offset, int whence);
	i64 (*ioctl)(struct file *file, u32 command, u64 argument);
	int (*readdir)(struct file *file, struct dir_writer *writer);
	/*
	 * Memory for mmap(2), where it is not the inode's object: /dev/zero.
	 * *@object with a reference, or NULL: anonymous memory.
	 */
	int (*map)(struct file *file, bool is_shared, u64 bytes,
		   struct object **object);
	/*
	 * What it is ready for (POLL…), and whom to wait for: see
	 * kernel/fs/poll.h.  NULL: always ready.  => must not sleep
	 */
	u32 (*poll)(struct file *file, struct poll_table *table);
	/* The last reference is gone. */
	void (*release)(struct file *file);
	bool is_stream; /* no position: lseek and pread fail with ESPIPE */
};

struct file {
	u32 refcount; /* atomic */
	u32 flags; /* O_…; O_APPEND and O_NONBLOCK may change */
	const struct file_ops *ops;
	struct inode *inode;
	struct mutex position_lock;
	u64 position; /* position_lock */
	void *private;
	bool is_writer; /* counted by inode_start_write() */
	struct list_node watchers; /* of kernel/fs/epoll.h, under its lock */
};

/*
 * Memory for file_open(), so that a file is not made that cannot be opened.
 * Return: NULL: there is none.
 */
struct file *file_reserve(void) __must_check;
void file_unreserve(struct file *file);

/**
 * file_open() - open @inode
 * @file: from file_reserve(); on failure it stays the caller's
 * @flags: O_… as given to open(2)
 *
 * => takes a reference of @inode; calls ops->open
 *
 * Return: 0, and @file has one reference; or a negative errno.
 */
int file_open(struct file *file, struct inode *inode, u32 flags) __must_check;

/**
 * file_alloc() - open @inode
 * @flags: O_… as given to open(2)
 *
 * => takes a reference of @inode; calls ops->open
 *
 * Return: 0 and one reference, or a negative errno.
 */
int file_alloc(struct inode *inode, u32 flags, struct file **file) __must_check;

static inline void file_get(struct file *file)
{
	__atomic_fetch_add(&file->refcount, 1, __ATOMIC_RELAXED);
}

/* As file_get(), unless the last reference is gone already. */
bool file_get_if_open(struct file *file) __must_check;

/* => may sleep: the last one closes the file */
void file_put(struct file *file);

static inline bool file_can_read(const struct file *file)
{
	return (file->flags & O_ACCMODE) != O_WRONLY && !(file->flags & O_PATH);
}

static inline bool file_can_write(const struct file *file)
{
	return (file->flags & O_ACCMODE) != O_RDONLY && !(file->flags & O_PATH);
}

/*
 * Read or write at the file's position and advance it, or at io->position
 * and leave it alone.  Return: bytes moved, or a negative errno.
 */
i64 file_read(struct file *file, struct io *io);
i64 file_write(struct file *file, struct io *io);
i64 file_read_at(struct file *file, struct io *io);
i64 file_write_at(struct file *file, struct io *io);

/* The lseek of files that have a size; for file_ops. */
i64 file_lseek_inode(struct file *file, i64 offset, int whence);

/**
 * file_map() - what mmap(2) of @file shall map
 * @is_shared: MAP_SHARED
 * @is_write: PROT_WRITE
 *
 * Return: 0 and *@object with a reference, or NULL for anonymous memory;
 * -EACCES: not opened for that; -ENODEV: this kind cannot be mapped; -ENOMEM.
 */
int file_map(struct file *file, bool is_shared, bool is_write, u64 bytes,
	     struct object **object) __must_check;

/*
 * Entries of a directory on their way to the user's buffer.  readdir() calls
 * dir_emit() for each entry from file->position on.
 */
struct dir_writer {
	struct io *io;
	u64 next_offset; /* what file->position becomes */
	int error; /* -EINVAL: not even one entry fits; -EFAULT */
};

struct dir_entry {
	const char *name;
	u64 inode;
	u32 mode; /* only the type is used */
	u64 next_offset; /* the position of the entry after this one */
};

/* Return: false when the buffer is full: stop. */
bool dir_emit(struct dir_writer *writer, const struct dir_entry *entry);
/* The entries "." and "..", at offsets 0 and 1. */
bool dir_emit_dots(struct file *file, struct dir_writer *writer);
