/*
 * pipe.c - see pipe.h
 *
 * A ring of buffers of one page each.  A buffer is allocated when bytes go in
 * and freed when the last one has come out, so an idle pipe holds no memory.
 * How writes are spread over buffers is Linux's, since programs can see it:
 * it decides how much fits before a write has to wait.
 *
 * Locks: pipe->lock, a mutex, over everything; user memory is copied under it,
 * which may fault, but never waits for another process.
 */
#include "kernel/fs/pipe.h"

#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/percpu.h"
#include "mm/frame.h"
#include "mm/kmem.h"

/* 64 KiB, Linux's default. */
#define PIPE_BUFFERS 16

#define FIONREAD 0x541b

struct buffer {
	struct frame *frame;
	u64 start; /* of the bytes not yet read */
	u64 end;
};

struct pipe {
	struct mutex lock;
	/* Counts of buffers that ever went in and out.  lock to change. */
	u32 head;
	u32 tail;
	struct buffer ring[PIPE_BUFFERS]; /* lock; of numbers [tail, head) */
	u32 readers; /* lock to change; open ends */
	u32 writers;
	struct wait_queue can_read;
	struct wait_queue can_write;
};

static struct kmem_cache pipe_cache = KMEM_CACHE("pipe", struct pipe);

static bool is_empty(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) == READ_ONCE(pipe->tail);
}

static bool is_full(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail) == PIPE_BUFFERS;
}

static struct buffer *buffer_at(struct pipe *pipe, u32 number)
{
	return &pipe->ring[number % PIPE_BUFFERS];
}

static char *buffer_bytes(const struct buffer *buffer)
{
	return frame_ptr(buffer->frame);
}

/* ---- Reading ------------------------------------------------------------- */

/*
 * What is wanted of one buffer goes out whole or not at all, so that a
 * reader's bad address loses no bytes.
 */
static i64 pipe_take(struct pipe *pipe, struct io *io)
{
	u64 done = 0;

	while (io->left && !is_empty(pipe)) {
		struct buffer *buffer = buffer_at(pipe, pipe->tail);
		u64 chunk = min_u64(buffer->end - buffer->start, io->left);
		u64 moved = io_copy_out(
			io, buffer_bytes(buffer) + buffer->start, chunk);

		if (moved < chunk) {
			io_rewind(io, moved);
			return done ? (i64)done : -EFAULT;
		}
		done += chunk;
		buffer->start += chunk;
		if (buffer->start == buffer->end) {
			frame_put(buffer->frame);
			WRITE_ONCE(pipe->tail, pipe->tail + 1);
		}
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
	while (is_empty(pipe) && pipe->writers) {
		if (file->flags & O_NONBLOCK) {
			result = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->lock);
		result = wait_event_interruptible(
			&pipe->can_read,
			!is_empty(pipe) || !READ_ONCE(pipe->writers));
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

/* ---- Writing ------------------------------------------------------------- */

/* Copy to the end of @buffer, all @bytes or none. */
static int append(struct buffer *buffer, struct io *io, u64 bytes)
{
	u64 moved = io_copy_in(io, buffer_bytes(buffer) + buffer->end, bytes);

	if (moved < bytes) {
		io_rewind(io, moved);
		return -EFAULT;
	}
	buffer->end += bytes;
	return 0;
}

/*
 * What exceeds whole pages joins the bytes of the write before, if it fits.
 * Return: bytes moved, or -EFAULT.
 */
static i64 pipe_merge(struct pipe *pipe, struct io *io)
{
	u64 odd_bytes = io->left & ~PAGE_MASK;
	struct buffer *last = buffer_at(pipe, pipe->head - 1);
	int error;

	if (!odd_bytes || is_empty(pipe) || last->end + odd_bytes > PAGE_SIZE)
		return 0;
	error = append(last, io, odd_bytes);
	return error ? error : (i64)odd_bytes;
}

/* Fill one more buffer.  Return: bytes moved, -EFAULT or -ENOMEM. */
static i64 pipe_add_buffer(struct pipe *pipe, struct io *io)
{
	struct buffer *buffer = buffer_at(pipe, pipe->head);
	u64 bytes = min_u64(io->left, PAGE_SIZE);
	int error;

	*buffer = (struct buffer){ .frame = frame_alloc(FRAME_KERNEL) };
	if (!buffer->frame)
		return -ENOMEM;
	error = append(buffer, io, bytes);
	if (error) {
		frame_put(buffer->frame);
		return error;
	}
	WRITE_ONCE(pipe->head, pipe->head + 1);
	return (i64)bytes;
}

/* Sleep until there is room.  => pipe->lock is dropped meanwhile */
static int wait_for_room(struct pipe *pipe)
{
	int error;

	mutex_unlock(&pipe->lock);
	wait_wake_all(&pipe->can_read);
	error = wait_event_interruptible(
		&pipe->can_write, !is_full(pipe) || !READ_ONCE(pipe->readers));
	mutex_lock(&pipe->lock);
	return error;
}

/* One step of a write.  Return: bytes moved, 0: try again, or -errno. */
static i64 write_step(struct file *file, struct pipe *pipe, struct io *io)
{
	if (!pipe->readers) {
		signal_send(current_task(), SIGPIPE);
		return -EPIPE;
	}
	if (!is_full(pipe))
		return pipe_add_buffer(pipe, io);
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_for_room(pipe);
}

/*
 * A write of up to PIPE_BUF bytes, which is one page, goes into one buffer:
 * it is never mixed with those of others.
 */
static i64 pipe_write(struct file *file, struct io *io)
{
	struct pipe *pipe = file->inode->private;
	i64 done = 0;
	i64 result = 0;

	mutex_lock(&pipe->lock);
	if (pipe->readers)
		result = pipe_merge(pipe, io);
	while (result >= 0 && io->left) {
		done += result;
		result = write_step(file, pipe, io);
	}
	if (result > 0)
		done += result;
	mutex_unlock(&pipe->lock);
	if (done)
		wait_wake_all(&pipe->can_read);
	return done ? done : result;
}

/* ---- The rest ------------------------------------------------------------ */

static i64 pipe_ioctl(struct file *file, u32 command, u64 argument)
{
	struct pipe *pipe = file->inode->private;
	u32 used = 0;

	if (command != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->lock);
	for (u32 i = pipe->tail; i != pipe->head; i++)
		used += (u32)(buffer_at(pipe, i)->end -
			      buffer_at(pipe, i)->start);
	mutex_unlock(&pipe->lock);
	return copy_to_user(VADDR(argument), &used, sizeof(used));
}

static u32 pipe_poll(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->inode->private;
	u32 ready = 0;

	if (file_can_read(file)) {
		poll_wait(table, &pipe->can_read);
		if (!is_empty(pipe))
			ready |= POLLIN | POLLRDNORM;
		if (!READ_ONCE(pipe->writers))
			ready |= POLLHUP;
	}
	if (file_can_write(file)) {
		poll_wait(table, &pipe->can_write);
		if (!is_full(pipe))
			ready |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(pipe->readers))
			ready |= POLLERR;
	}
	return ready;
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
	.poll = pipe_poll,
	.release = pipe_release,
	.is_stream = true,
};

static void pipe_destroy(struct inode *inode)
{
	struct pipe *pipe = inode->private;

	for (u32 i = pipe->tail; i != pipe->head; i++)
		frame_put(buffer_at(pipe, i)->frame);
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
