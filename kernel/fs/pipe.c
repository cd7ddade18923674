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
#include "kernel/oom.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/percpu.h"
#include "mm/frame.h"
#include "mm/kmem.h"

/* 64 KiB, Linux's default; and its default limit, 1 MiB. */
#define PIPE_BUFFERS 16
#define PIPE_BUFFERS_MAX 256

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
	struct buffer *ring; /* lock; of numbers [tail, head) */
	u32 buffers; /* lock to change; entries of the ring, a power of 2 */
	u32 readers; /* lock to change; open ends */
	u32 writers;
	/* Opens that ever happened: who waits for one might miss its end. */
	u32 readers_seen;
	u32 writers_seen;
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
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail) ==
	       READ_ONCE(pipe->buffers);
}

static struct buffer *buffer_at(struct pipe *pipe, u32 number)
{
	return &pipe->ring[number % pipe->buffers];
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
	if (mutex_lock_killable(&pipe->lock) != 0)
		return -ERESTARTSYS;
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

	do
		*buffer = (struct buffer){ .frame = frame_alloc(FRAME_KERNEL) };
	while (!buffer->frame && oom_retry());
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
		signal_send_thread(current_task(), SIGPIPE);
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

	if (mutex_lock_killable(&pipe->lock) != 0)
		return -ERESTARTSYS;
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
		/* A named pipe that nobody has written to has not ended. */
		if (!READ_ONCE(pipe->writers) &&
		    READ_ONCE(pipe->writers_seen) !=
			    (u32)(uintptr_t)file->private)
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
	if (file_can_read(file)) {
		pipe->readers++;
		WRITE_ONCE(pipe->readers_seen, pipe->readers_seen + 1);
	}
	if (file_can_write(file)) {
		pipe->writers++;
		WRITE_ONCE(pipe->writers_seen, pipe->writers_seen + 1);
	}
	mutex_unlock(&pipe->lock);
	return 0;
}

/* Throw away what nobody has read.  => pipe->lock held, or no user left */
static void drain(struct pipe *pipe)
{
	while (!is_empty(pipe)) {
		frame_put(buffer_at(pipe, pipe->tail)->frame);
		WRITE_ONCE(pipe->tail, pipe->tail + 1);
	}
}

static void pipe_release(struct file *file)
{
	struct pipe *pipe = file->inode->private;

	mutex_lock(&pipe->lock);
	if (file_can_read(file))
		pipe->readers--;
	if (file_can_write(file))
		pipe->writers--;
	if (!pipe->readers && !pipe->writers)
		drain(pipe);
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

	if (!pipe)
		return;
	drain(pipe);
	kfree(pipe->ring);
	kmem_cache_free(&pipe_cache, pipe);
}

static const struct inode_ops pipe_inode_ops = {
	.destroy = pipe_destroy,
};

static struct pipe *pipe_alloc(void)
{
	struct pipe *pipe = kmem_cache_alloc_zeroed(&pipe_cache);

	if (!pipe)
		return NULL;
	pipe->buffers = PIPE_BUFFERS;
	pipe->ring = kmalloc(PIPE_BUFFERS * sizeof(*pipe->ring));
	if (!pipe->ring) {
		kmem_cache_free(&pipe_cache, pipe);
		return NULL;
	}
	mutex_init(&pipe->lock, "pipe");
	wait_queue_init(&pipe->can_read, "pipe_can_read");
	wait_queue_init(&pipe->can_write, "pipe_can_write");
	return pipe;
}

/* The inode that both ends share. */
static struct inode *make_inode(void)
{
	static u32 filesystem;
	struct inode *inode = inode_alloc(S_IFIFO | 0600, &pipe_inode_ops);

	if (!inode)
		return NULL;
	if (!filesystem)
		filesystem = inode_next_filesystem();
	inode->filesystem = filesystem;
	inode->number = inode_next_number();
	inode->file_ops = &pipe_file_ops;
	inode->private = pipe_alloc();
	if (inode->private)
		return inode;
	inode_put(inode);
	return NULL;
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

/* ---- Named pipes --------------------------------------------------------- */

void fifo_destroy(struct inode *inode)
{
	pipe_destroy(inode);
}

static int fifo_get_pipe(struct inode *inode)
{
	int error = 0;

	mutex_lock(&inode->lock);
	if (!inode->private)
		inode->private = pipe_alloc();
	if (!inode->private)
		error = -ENOMEM;
	mutex_unlock(&inode->lock);
	return error;
}

/* Wait until the other end is open, or has been since we opened ours. */
static int wait_for_reader(struct pipe *pipe)
{
	u32 seen = pipe->readers_seen;

	return wait_event_interruptible(&pipe->can_write,
					READ_ONCE(pipe->readers) ||
						READ_ONCE(pipe->readers_seen) !=
							seen);
}

static int wait_for_writer(struct pipe *pipe)
{
	u32 seen = pipe->writers_seen;

	return wait_event_interruptible(
		&pipe->can_read, READ_ONCE(pipe->writers) ||
					 READ_ONCE(pipe->writers_seen) != seen);
}

/* The rules of fifo(7); opening for both never waits. */
static int fifo_open(struct file *file)
{
	bool is_both = file_can_read(file) && file_can_write(file);
	bool may_wait = !(file->flags & O_NONBLOCK);
	struct pipe *pipe;
	int error = fifo_get_pipe(file->inode);

	if (error)
		return error;
	pipe = file->inode->private;
	if (!file_can_read(file) && !may_wait && !READ_ONCE(pipe->readers))
		return -ENXIO;
	(void)!pipe_open(file);
	wait_wake_all(&pipe->can_read);
	wait_wake_all(&pipe->can_write);
	if (!is_both && file_can_write(file) && may_wait)
		error = wait_for_reader(pipe);
	else if (!is_both && may_wait)
		error = wait_for_writer(pipe);
	else if (!is_both && !pipe->writers)
		file->private = (void *)(uintptr_t)pipe->writers_seen;
	if (error)
		pipe_release(file);
	return error;
}

const struct file_ops fifo_file_ops = {
	.open = fifo_open,
	.read = pipe_read,
	.write = pipe_write,
	.ioctl = pipe_ioctl,
	.poll = pipe_poll,
	.release = pipe_release,
	.is_stream = true,
};

/* ---- Size ---------------------------------------------------------------- */

static struct pipe *to_pipe(const struct file *file)
{
	if (file->ops != &pipe_file_ops && file->ops != &fifo_file_ops)
		return NULL;
	return file->inode->private;
}

i64 pipe_get_size(const struct file *file)
{
	const struct pipe *pipe = to_pipe(file);

	return pipe ? (i64)READ_ONCE(pipe->buffers) * (i64)PAGE_SIZE : -EBADF;
}

/* => pipe->lock held */
static int resize(struct pipe *pipe, u32 buffers)
{
	u32 used = pipe->head - pipe->tail;
	struct buffer *ring;

	if (used > buffers)
		return -EBUSY;
	ring = kmalloc(buffers * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (u32 i = pipe->tail; i != pipe->head; i++)
		ring[i % buffers] = *buffer_at(pipe, i);
	kfree(pipe->ring);
	pipe->ring = ring;
	WRITE_ONCE(pipe->buffers, buffers);
	return 0;
}

i64 pipe_set_size(struct file *file, u64 bytes)
{
	struct pipe *pipe = to_pipe(file);
	u32 buffers = 1;
	int error;

	if (!pipe)
		return -EBADF;
	if (bytes > INT32_MAX)
		return -EINVAL;
	while (buffers * PAGE_SIZE < bytes)
		buffers *= 2;
	if (buffers > PIPE_BUFFERS_MAX)
		return -EPERM;
	mutex_lock(&pipe->lock);
	error = resize(pipe, buffers);
	mutex_unlock(&pipe->lock);
	wait_wake_all(&pipe->can_write);
	return error ? error : (i64)(buffers * PAGE_SIZE);
}
