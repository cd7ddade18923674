/*
 * eventfd.c - eventfd(2): a counter one can wait for
 *
 * Locks: event->lock, a spinlock: user memory is copied outside it.
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/anon_file.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "mm/kmem.h"

#define EFD_SEMAPHORE 1u

/* The counter's largest value; one more means "overflow". */
#define EVENT_MAX (~0UL - 1)

struct event {
	struct spinlock lock;
	u64 count; /* lock */
	bool is_semaphore; /* a read takes one, not all */
	struct wait_queue can_read;
	struct wait_queue can_write;
};

/* Return: what a read gets; 0: it must wait. */
static u64 take(struct event *event)
{
	u64 value;

	spin_lock(&event->lock);
	value = event->is_semaphore ? min_u64(event->count, 1) : event->count;
	event->count -= value;
	spin_unlock(&event->lock);
	return value;
}

static i64 eventfd_read(struct file *file, struct io *io)
{
	struct event *event = file->inode->private;
	u64 value;

	if (io->left < sizeof(value))
		return -EINVAL;
	while (!(value = take(event))) {
		int error;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_event_interruptible(&event->can_read,
						 READ_ONCE(event->count));
		if (error)
			return error;
	}
	wait_wake_all(&event->can_write);
	if (io_copy_out(io, &value, sizeof(value)) < sizeof(value))
		return -EFAULT;
	return sizeof(value);
}

static bool add(struct event *event, u64 value)
{
	bool fits;

	spin_lock(&event->lock);
	fits = value <= EVENT_MAX - event->count;
	if (fits)
		event->count += value;
	spin_unlock(&event->lock);
	return fits;
}

static i64 eventfd_write(struct file *file, struct io *io)
{
	struct event *event = file->inode->private;
	u64 value;

	if (io->left < sizeof(value))
		return -EINVAL;
	if (io_copy_in(io, &value, sizeof(value)) < sizeof(value))
		return -EFAULT;
	if (value > EVENT_MAX)
		return -EINVAL;
	while (!add(event, value)) {
		int error;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_event_interruptible(
			&event->can_write,
			value <= EVENT_MAX - READ_ONCE(event->count));
		if (error)
			return error;
	}
	wait_wake_all(&event->can_read);
	return sizeof(value);
}

static u32 eventfd_poll(struct file *file, struct poll_table *table)
{
	struct event *event = file->inode->private;
	u64 count = READ_ONCE(event->count);
	u32 ready = 0;

	if (table->events & POLLIN)
		poll_wait(table, &event->can_read);
	if (table->events & POLLOUT)
		poll_wait(table, &event->can_write);
	if (count > 0)
		ready |= POLLIN;
	if (count < EVENT_MAX)
		ready |= POLLOUT;
	return ready;
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.is_stream = true,
};

i64 sys_eventfd2(u32 count, u32 flags)
{
	struct event *event;

	if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	event = kmalloc_zeroed(sizeof(*event));
	if (!event)
		return -ENOMEM;
	spinlock_init(&event->lock, "eventfd");
	wait_queue_init(&event->can_read, "eventfd_can_read");
	wait_queue_init(&event->can_write, "eventfd_can_write");
	event->count = count;
	event->is_semaphore = flags & EFD_SEMAPHORE;
	return anon_file_install(&eventfd_ops, event, flags & ~EFD_SEMAPHORE);
}

i64 sys_eventfd(u32 count)
{
	return sys_eventfd2(count, 0);
}
