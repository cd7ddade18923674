/*
 * pty.c - pseudo-terminals: a program instead of a screen and keys
 *
 * Opening /dev/ptmx makes a pair.  What is written to the master arrives at
 * the slave as if it were typed; what is written to the slave, echo included,
 * waits in a ring for the master to read it.  The slave is a tty like any
 * other, /dev/pts/N.
 *
 * Owns: the table of pairs, and their nodes below /dev/pts.
 * Locks: pairs_lock over the table; pty->lock, inside tty->lock, over the
 * ring.  A pair is freed with its last reference: the master's file, the
 * slave's files, and the tasks it is the controlling terminal of.
 * Source: pty(7); Linux v6.12 drivers/tty/pty.c.
 */
#include "kernel/dev/device.h"
#include "kernel/dev/tty.h"

#include "kernel/fs/path.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

#define PAIRS_MAX 256
#define PTS_MAJOR 136
#define RING_BYTES 8192
/* Of the ring: for echo, which cannot wait. */
#define ECHO_BYTES 512
#define CHUNK_BYTES 256

struct pty {
	struct tty slave; /* holds the reference count of both */
	u32 number;
	bool is_locked; /* TIOCSPTLCK: the slave cannot be opened yet */
	u32 slave_files; /* pairs_lock */
	bool was_opened; /* pairs_lock; the slave, at least once */
	struct spinlock lock;
	u64 head; /* lock; bytes ever written */
	u64 tail; /* lock; bytes ever read */
	struct wait_queue has_output; /* the master's readers */
	char ring[RING_BYTES];
};

static struct mutex pairs_lock = MUTEX_INIT(pairs_lock);
static struct pty *pairs[PAIRS_MAX]; /* pairs_lock; NULL: no master */

static struct pty *pty_of(struct tty *tty)
{
	return container_of(tty, struct pty, slave);
}

/* ---- The slave's driver -------------------------------------------------- */

static u32 used(const struct pty *pty)
{
	return (u32)(READ_ONCE(pty->head) - READ_ONCE(pty->tail));
}

static void pty_output(struct tty *tty, const char *bytes, u32 count)
{
	struct pty *pty = pty_of(tty);
	u64 rflags = spin_lock_irqsave(&pty->lock);

	for (u32 i = 0; i < count && used(pty) < RING_BYTES; i++)
		pty->ring[pty->head++ % RING_BYTES] = bytes[i];
	spin_unlock_irqrestore(&pty->lock, rflags);
	wait_wake_all(&pty->has_output);
}

static void pty_flush(struct tty_line *line)
{
	struct pty *pty = container_of(line, struct pty, slave.line);
	u64 rflags = spin_lock_irqsave(&pty->lock);

	pty->tail = pty->head;
	spin_unlock_irqrestore(&pty->lock, rflags);
}

static u32 pty_room(struct tty *tty)
{
	u32 taken = used(pty_of(tty)) + ECHO_BYTES;

	return taken < RING_BYTES ? RING_BYTES - taken : 0;
}

/* The master looks whether the line is full before it sends. */
static void pty_pause(struct tty *tty, bool is_paused)
{
	(void)tty;
	(void)is_paused;
}

static void pty_free(struct tty *tty)
{
	kfree(pty_of(tty));
}

static const struct tty_driver pty_driver = {
	.write = pty_output,
	.room = pty_room,
	.pause = pty_pause,
	.free = pty_free,
};

/* ---- The slave's files --------------------------------------------------- */

static int slave_open(struct file *file)
{
	u32 number = file->inode->rdev & 0xff;
	struct pty *pty;
	int error = 0;

	mutex_lock(&pairs_lock);
	pty = pairs[number];
	if (!pty || pty->is_locked) {
		error = -EIO;
	} else {
		tty_open(&pty->slave, file);
		pty->slave_files++;
		pty->was_opened = true;
	}
	mutex_unlock(&pairs_lock);
	return error;
}

static void slave_release(struct file *file)
{
	struct pty *pty = pty_of(file->private);

	mutex_lock(&pairs_lock);
	pty->slave_files--;
	mutex_unlock(&pairs_lock);
	wait_wake_all(&pty->has_output);
	tty_put(&pty->slave);
}

const struct file_ops device_pts_ops = {
	.open = slave_open,
	.read = tty_file_read,
	.write = tty_file_write,
	.ioctl = tty_file_ioctl,
	.poll = tty_file_poll,
	.release = slave_release,
	.is_stream = true,
};

/* ---- Making a pair ------------------------------------------------------- */

/* "/dev/pts/N": where devpts is expected to be mounted. */
static void node_path(const struct pty *pty, char path[32])
{
	snprintf(path, 32, "/dev/pts/%u", pty->number);
}

static int make_node(struct pty *pty)
{
	const struct new_node node = {
		.mode = S_IFCHR | 0620,
		.rdev = pty->slave.rdev,
	};
	char path[32];

	node_path(pty, path);
	return vfs_make(NULL, path, &node);
}

/* The lowest free number, as on Linux. */
static int reserve_number(struct pty *pty)
{
	int error = -ENOSPC;

	mutex_lock(&pairs_lock);
	for (u32 i = 0; i < PAIRS_MAX && error; i++) {
		if (pairs[i])
			continue;
		pairs[i] = pty;
		pty->number = i;
		error = 0;
	}
	mutex_unlock(&pairs_lock);
	return error;
}

static void forget_number(struct pty *pty)
{
	mutex_lock(&pairs_lock);
	pairs[pty->number] = NULL;
	mutex_unlock(&pairs_lock);
}

static int master_open(struct file *file)
{
	struct pty *pty = kmalloc_zeroed(sizeof(*pty));
	int error;

	if (!pty)
		return -ENOMEM;
	tty_init(&pty->slave, &pty_driver, 0, false);
	pty->slave.line.flush_output = pty_flush;
	spinlock_init(&pty->lock, "pty");
	wait_queue_init(&pty->has_output, "pty_has_output");
	pty->is_locked = true;
	error = reserve_number(pty);
	if (error) {
		kfree(pty);
		return error;
	}
	pty->slave.rdev = device_number(PTS_MAJOR, pty->number);
	error = make_node(pty);
	if (error) {
		forget_number(pty);
		kfree(pty);
		return error;
	}
	file->private = pty;
	return 0;
}

static void master_release(struct file *file)
{
	struct pty *pty = file->private;
	char path[32];

	node_path(pty, path);
	/* Someone may have removed it before. */
	(void)!vfs_remove(NULL, path, false);
	tty_hang_up(&pty->slave);
	forget_number(pty);
	tty_put(&pty->slave);
}

/* ---- The master's files -------------------------------------------------- */

/* All slaves that there were are closed. */
static bool is_other_closed(const struct pty *pty)
{
	return READ_ONCE(pty->was_opened) && !READ_ONCE(pty->slave_files);
}

static u32 take_output(struct pty *pty, char *bytes, u32 room)
{
	u64 rflags = spin_lock_irqsave(&pty->lock);
	u32 count = 0;

	while (count < room && used(pty))
		bytes[count++] = pty->ring[pty->tail++ % RING_BYTES];
	spin_unlock_irqrestore(&pty->lock, rflags);
	return count;
}

static i64 wait_for_output(struct file *file)
{
	struct pty *pty = file->private;

	if (used(pty))
		return 0;
	if (is_other_closed(pty))
		return -EIO;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(&pty->has_output,
					used(pty) || is_other_closed(pty));
}

static i64 master_read(struct file *file, struct io *io)
{
	struct pty *pty = file->private;
	char bytes[CHUNK_BYTES];
	i64 done = 0;

	while (io->left) {
		u32 room = (u32)min_u64(io->left, sizeof(bytes));
		i64 error = done ? 0 : wait_for_output(file);
		u32 count;

		if (error)
			return error;
		count = take_output(pty, bytes, room);
		if (io_copy_out(io, bytes, count) < count)
			return done ? done : -EFAULT;
		done += count;
		if (count < room && done)
			break;
	}
	wait_wake_all(&pty->slave.can_write);
	return done;
}

static bool can_type(struct pty *pty)
{
	return !tty_line_is_full(&pty->slave.line);
}

static i64 wait_to_type(struct file *file)
{
	struct pty *pty = file->private;

	if (can_type(pty))
		return 0;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(&pty->slave.can_write, can_type(pty));
}

static i64 master_write(struct file *file, struct io *io)
{
	struct pty *pty = file->private;
	i64 done = 0;

	while (io->left) {
		i64 error = wait_to_type(file);
		u8 byte;

		if (error)
			return done ? done : error;
		if (io_copy_in(io, &byte, 1) < 1)
			return done ? done : -EFAULT;
		tty_receive(&pty->slave, byte);
		done++;
	}
	return done;
}

static u32 master_poll(struct file *file, struct poll_table *table)
{
	struct pty *pty = file->private;
	u32 ready = 0;

	poll_wait(table, &pty->has_output);
	poll_wait(table, &pty->slave.can_write);
	if (used(pty))
		ready |= POLLIN | POLLRDNORM;
	if (is_other_closed(pty))
		ready |= POLLHUP;
	if (can_type(pty))
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}

static i64 put_u32(vaddr_t to, u32 value)
{
	return copy_to_user(to, &value, sizeof(value));
}

static i64 master_ioctl(struct file *file, u32 command, u64 argument)
{
	struct pty *pty = file->private;
	vaddr_t address = VADDR(argument);
	i32 value;

	switch (command) {
	case TIOCGPTN:
		return put_u32(address, pty->number);
	case TIOCGPTLCK:
		return put_u32(address, pty->is_locked);
	case TIOCSPTLCK:
		if (copy_from_user(&value, address, sizeof(value)) != 0)
			return -EFAULT;
		pty->is_locked = value != 0;
		return 0;
	case TIOCGPGRP:
		return tty_get_foreground(&pty->slave, address, true);
	case TIOCGSID:
		return tty_get_session(&pty->slave, address, true);
	case FIONREAD:
		return put_u32(address, used(pty));
	}
	return tty_ioctl_common(&pty->slave, command, argument);
}

const struct file_ops device_ptmx_ops = {
	.open = master_open,
	.read = master_read,
	.write = master_write,
	.ioctl = master_ioctl,
	.poll = master_poll,
	.release = master_release,
	.is_stream = true,
};
