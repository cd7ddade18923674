/*
 * pipe.c - see pipe.h
 *
 * The bytes lie in a ring of pages.  Two positions count all bytes that ever
 * went in and out; a page is allocated when the first byte goes into it and
 * freed when the last one has come out, so an idle pipe holds no memory.
 *
 * Locks: pipe->lock, a mutex, over everything; user memory is copied under it,
 * which may fault, but never waits for another process.
 */
#include "kernel/fs/pipe.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/percpu.h"
#include "mm/frame.h"
#include "mm/kmem.h"

#define PIPE_PAGES 16 /* 64 KiB, Linux's default */
#define PIPE_BYTES (PIPE_PAGES * PAGE_SIZE)
/* Writes up to this size are never mixed with those of others. */
#define PIPE_BUF 4096

#define FIONREAD 0x541b

struct pipe {
	struct mutex lock;
	struct frame *pages[PIPE_PAGES]; /* lock; NULL: not allocated */
	u64 read_position; /* lock to change, both */
	u64 write_position;
	u32 readers; /* lock to change; open ends */
	u32 writers;
	struct wait_queue can_read;
	struct wait_queue can_write;
};

static struct kmem_cache pipe_cache = KMEM_CACHE("pipe", struct pipe);

static u64 pipe_used(const struct pipe *pipe)
{
	return READ_ONCE(pipe->write_position) - READ_ONCE(pipe->read_position);
}

static struct frame **pipe_page(struct pipe *pipe, u64 position)
{
	return &pipe->pages[(position >> PAGE_SHIFT) % PIPE_PAGES];
}

static char *pipe_bytes(struct pipe *pipe, u64 position)
{
	return (char *)frame_ptr(*pipe_page(pipe, position)) +
	       (position & ~PAGE_MASK);
}

static u64 page_rest(u64 position)
{
	return PAGE_SIZE - (position & ~PAGE_MASK);
}

static void free_page(struct pipe *pipe, u64 position)
{
	struct frame **page = pipe_page(pipe, position);

	if (*page)
		frame_put(*page);
	*page = NULL;
}

/* @bytes have come out: free the page if nothing is left in it. */
static void advance_read(struct pipe *pipe, u64 bytes)
{
	u64 old = pipe->read_position;
	u64 new = old + bytes;
	u64 page_end = (old & PAGE_MASK) + PAGE_SIZE;

	/* The ring's other end may have come round to the same page. */
	if (new == pipe->write_position ||
	    (new == page_end &&
	     pipe->write_position <= page_end + PIPE_BYTES - PAGE_SIZE))
		free_page(pipe, old);
	WRITE_ONCE(pipe->read_position, new);
	if (new == pipe->write_position) {
		/* Empty: begin the next message at the start of a page. */
		free_page(pipe, new);
		new = align_up(new, PAGE_SIZE);
		WRITE_ONCE(pipe->write_position, new);
		WRITE_ONCE(pipe->read_position, new);
	}
}

/*
 * What lies in one page goes out whole or not at all, so that bytes are lost
 * to nobody when the reader's buffer is bad.
 */
static i64 pipe_take(struct pipe *pipe, struct io *io)
{
	u64 done = 0;

	while (io->left && pipe_used(pipe)) {
		u64 chunk = min_u64(page_rest(pipe->read_position),
				    min_u64(pipe_used(pipe), io->left));
		u64 moved = io_copy_out(
			io, pipe_bytes(pipe, pipe->read_position), chunk);

		if (moved < chunk) {
			io_rewind(io, moved);
			return done ? (i64)done : -EFAULT;
		}
		advance_read(pipe, chunk);
		done += chunk;
	}
	return (i64)done;
}

static i64 pipe_read(struct file *file, struct io *io)
{
	struct pipe *pipe = file->inode->private;
	i64 result = 0;

	if (!io->left)
		return 0;
	mutex_lock(&pipe->lock);
	while (!pipe_used(pipe) && pipe->writers) {
		if (file->flags & O_NONBLOCK) {
			result = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->lock);
		result = wait_event_interruptible(
			&pipe->can_read,
			pipe_used(pipe) || !READ_ONCE(pipe->writers));
		if (result)
			return result;
		mutex_lock(&pipe->lock);
	}
	if (!result)
		result = pipe_take(pipe, io);
	mutex_unlock(&pipe->lock);
	if (result > 0)
		wait_wake_all(&pipe->can_write);
	return result;
}

/* As pipe_take(): page by page, each whole or not at all. */
static i64 pipe_fill(struct pipe *pipe, struct io *io)
{
	u64 done = 0;

	while (io->left && pipe_used(pipe) < PIPE_BYTES) {
		u64 position = pipe->write_position;
		u64 room = PIPE_BYTES - pipe_used(pipe);
		u64 chunk =
			min_u64(page_rest(position), min_u64(room, io->left));
		struct frame **page = pipe_page(pipe, position);
		u64 moved;

		if (!*page)
			*page = frame_alloc(FRAME_KERNEL);
		if (!*page)
			return done ? (i64)done : -ENOMEM;
		moved = io_copy_in(io, pipe_bytes(pipe, position), chunk);
		if (moved < chunk) {
			io_rewind(io, moved);
			if (!pipe_used(pipe))
				free_page(pipe, position);
			return done ? (i64)done : -EFAULT;
		}
		WRITE_ONCE(pipe->write_position, position + chunk);
		done += chunk;
	}
	return (i64)done;
}

/* Sleep until there is room for @bytes.  => pipe->lock is dropped meanwhile */
static int wait_for_room(struct pipe *pipe, u64 bytes)
{
	int error;

	mutex_unlock(&pipe->lock);
	wait_wake_all(&pipe->can_read);
	error = wait_event_interruptible(
		&pipe->can_write, PIPE_BYTES - pipe_used(pipe) >= bytes ||
					  !READ_ONCE(pipe->readers));
	mutex_lock(&pipe->lock);
	return error;
}

static i64 pipe_write(struct file *file, struct io *io)
{
	struct pipe *pipe = file->inode->private;
	u64 needed = io->left <= PIPE_BUF ? io->left : 1;
	i64 done = 0;
	i64 result = 0;

	mutex_lock(&pipe->lock);
	while (io->left && result >= 0) {
		if (!pipe->readers) {
			signal_send(current_task(), SIGPIPE);
			result = -EPIPE;
		} else if (PIPE_BYTES - pipe_used(pipe) >= needed) {
			result = pipe_fill(pipe, io);
			if (result > 0)
				done += result;
			if (io->left && needed != 1)
				break; /* a bad buffer or no memory */
		} else if (file->flags & O_NONBLOCK) {
			result = -EAGAIN;
		} else {
			result = wait_for_room(pipe, needed);
		}
	}
	mutex_unlock(&pipe->lock);
	if (done)
		wait_wake_all(&pipe->can_read);
	return done ? done : result;
}

static i64 pipe_ioctl(struct file *file, u32 command, u64 argument)
{
	struct pipe *pipe = file->inode->private;
	u32 used = (u32)pipe_used(pipe);

	if (command != FIONREAD)
		return -ENOTTY;
	return copy_to_user(VADDR(argument), &used, sizeof(used));
}

static int pipe_open(struct file *file)
{
	struct pipe *pipe = file->inode->private;

	mutex_lock(&pipe->lock);
	if (file_can_read(file))
		pipe->readers++;
	if (file_can_write(file))
		pipe->writers++;
	mutex_unlock(&pipe->lock);
	return 0;
}

static void pipe_release(struct file *file)
{
	struct pipe *pipe = file->inode->private;

	mutex_lock(&pipe->lock);
	if (file_can_read(file))
		pipe->readers--;
	if (file_can_write(file))
		pipe->writers--;
	mutex_unlock(&pipe->lock);
	wait_wake_all(&pipe->can_read);
	wait_wake_all(&pipe->can_write);
}

static const struct file_ops pipe_file_ops = {
	.open = pipe_open,
	.read = pipe_read,
	.write = pipe_write,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
	.is_stream = true,
};

static void pipe_destroy(struct inode *inode)
{
	struct pipe *pipe = inode->private;

	for (u64 i = 0; i < PIPE_PAGES; i++)
		if (pipe->pages[i])
			frame_put(pipe->pages[i]);
	kmem_cache_free(&pipe_cache, pipe);
}

static const struct inode_ops pipe_inode_ops = {
	.destroy = pipe_destroy,
};

/* The inode that both ends share. */
static struct inode *make_inode(void)
{
	static u32 filesystem;
	struct pipe *pipe = kmem_cache_alloc_zeroed(&pipe_cache);
	struct inode *inode;

	if (!pipe)
		return NULL;
	inode = inode_alloc(S_IFIFO | 0600, &pipe_inode_ops);
	if (!inode) {
		kmem_cache_free(&pipe_cache, pipe);
		return NULL;
	}
	if (!filesystem)
		filesystem = inode_next_filesystem();
	mutex_init(&pipe->lock, "pipe");
	wait_queue_init(&pipe->can_read, "pipe_can_read");
	wait_queue_init(&pipe->can_write, "pipe_can_write");
	inode->filesystem = filesystem;
	inode->number = inode_next_number();
	inode->file_ops = &pipe_file_ops;
	inode->private = pipe;
	return inode;
}

int pipe_create(u32 flags, struct file **read_end, struct file **write_end)
{
	struct inode *inode = make_inode();
	int error;

	if (!inode)
		return -ENOMEM;
	error = file_alloc(inode, O_RDONLY | flags, read_end);
	if (!error) {
		error = file_alloc(inode, O_WRONLY | flags, write_end);
		if (error)
			file_put(*read_end);
	}
	inode_put(inode); /* the files hold it now */
	return error;
}

static int fifo_open(struct file *file)
{
	(void)file;
	return -ENXIO;
}

const struct file_ops fifo_file_ops = {
	.open = fifo_open,
	.is_stream = true,
};
