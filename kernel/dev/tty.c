/*
 * tty.c - see tty.h: files on a terminal
 */
#include "kernel/dev/tty.h"

#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/time.h"

/* VTIME counts these. */
#define DECISECOND_NS 100000000UL

/* Bytes that pass through the kernel's stack at a time. */
#define CHUNK_BYTES 128

/* /dev/console, which never becomes anybody's controlling terminal. */
#define CONSOLE_RDEV 0x501

static void echo(struct tty_line *line, const char *text, u32 length)
{
	struct tty *tty = container_of(line, struct tty, line);

	if (length)
		tty->driver->write(tty, text, length);
}

void tty_init(struct tty *tty, const struct tty_driver *driver, u64 rdev,
	      bool is_raw)
{
	tty->driver = driver;
	tty->rdev = rdev;
	tty->refcount = 1;
	tty->speed = 38400;
	spinlock_init(&tty->lock, "tty");
	mutex_init(&tty->write_lock, "tty_write");
	wait_queue_init(&tty->can_read, "tty_can_read");
	wait_queue_init(&tty->can_write, "tty_can_write");
	tty->line.echo = echo;
	tty_line_init(&tty->line, is_raw);
}

void tty_put(struct tty *tty)
{
	if (__atomic_sub_fetch(&tty->refcount, 1, __ATOMIC_ACQ_REL) == 0)
		tty->driver->free(tty);
}

/* ---- Input --------------------------------------------------------------- */

/* Stop or start the sender, also by ^S and ^Q where it understands them. */
static void set_paused(struct tty *tty, bool is_paused)
{
	const struct termios *termios = &tty->line.termios;
	char flow = (char)termios->characters[is_paused ? VSTOP : VSTART];

	if (tty->is_paused == is_paused)
		return;
	tty->is_paused = is_paused;
	if (termios->input & IXOFF && flow)
		tty->driver->write(tty, &flow, 1);
	tty->driver->pause(tty, is_paused);
}

void tty_resume_if_room(struct tty *tty)
{
	if (!tty_line_is_full(&tty->line))
		set_paused(tty, false);
}

void tty_receive(struct tty *tty, u8 byte)
{
	u64 rflags = spin_lock_irqsave(&tty->lock);
	bool was_stopped = tty->line.is_stopped;
	int signal = tty_line_receive(&tty->line, byte);
	bool can_read = tty_line_can_read(&tty->line);
	bool can_write = was_stopped && !tty->line.is_stopped;

	if (tty_line_is_full(&tty->line))
		set_paused(tty, true);
	else if (signal)
		tty_resume_if_room(tty); /* it has flushed the input */
	spin_unlock_irqrestore(&tty->lock, rflags);
	if (signal && READ_ONCE(tty->foreground_group))
		signal_send_group(READ_ONCE(tty->foreground_group), signal);
	if (can_read)
		wait_wake_all(&tty->can_read);
	if (can_write)
		wait_wake_all(&tty->can_write);
}

/* ---- Opening ------------------------------------------------------------- */

void tty_open(struct tty *tty, struct file *file)
{
	tty_get(tty);
	file->private = tty;
	if (!(file->flags & O_NOCTTY) && file->inode->rdev != CONSOLE_RDEV &&
	    file_can_read(file))
		tty_become_controlling(tty);
}

static void tty_release(struct file *file)
{
	tty_put(file->private);
}

static int open_current(struct file *file)
{
	struct task *task = current_task();
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	struct tty *tty = task->process->tty;

	if (tty)
		tty_get(tty);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	if (!tty)
		return -ENXIO;
	file->private = tty;
	file->ops = &tty_ops;
	return 0;
}

const struct file_ops tty_current_ops = { .open = open_current,
					  .is_stream = true };

/* ---- Reading ------------------------------------------------------------- */

/* How long a read waits, by what POSIX calls cases A to D. */
struct read_plan {
	bool is_canonical;
	u64 least; /* bytes to return with; 0: whatever there is */
	u64 time_ns; /* 0: for ever */
};

static struct read_plan plan_read(struct tty *tty, u64 wanted)
{
	u64 rflags = spin_lock_irqsave(&tty->lock);
	const u8 *characters = tty->line.termios.characters;
	struct read_plan plan = {
		.is_canonical = tty_line_is_canonical(&tty->line),
		.least = min_u64(characters[VMIN], wanted),
		.time_ns = characters[VTIME] * DECISECOND_NS,
	};

	spin_unlock_irqrestore(&tty->lock, rflags);
	return plan;
}

/* Hand out what is there, up to the end of one line. */
static i64 take_input(struct tty *tty, struct io *io, bool *is_end)
{
	u8 bytes[CHUNK_BYTES];
	i64 done = 0;

	*is_end = false;
	while (io->left && !*is_end) {
		u32 room = (u32)min_u64(io->left, sizeof(bytes));
		u64 rflags = spin_lock_irqsave(&tty->lock);
		u32 count = tty_line_take(&tty->line, bytes, room, is_end);

		tty_resume_if_room(tty);
		spin_unlock_irqrestore(&tty->lock, rflags);
		if (io_copy_out(io, bytes, count) < count)
			return done ? done : -EFAULT;
		done += count;
		if (count < room)
			break;
	}
	wait_wake_all(&tty->can_write); /* the master's, if it is waiting */
	return done;
}

static bool is_enough(const struct read_plan *plan, u64 done, bool is_end)
{
	if (plan->is_canonical)
		return done > 0 || is_end;
	return plan->time_ns && plan->least == 0 ? done > 0 :
						   done >= plan->least;
}

/* Until when to wait for the next byte. */
static u64 read_deadline(const struct read_plan *plan, u64 done)
{
	/* With a least number the time begins with the first byte. */
	if (plan->is_canonical || !plan->time_ns || (plan->least && !done))
		return WAIT_FOREVER;
	return time_since_boot_ns() + plan->time_ns;
}

static i64 wait_for_input(struct file *file, const struct read_plan *plan,
			  u64 done)
{
	struct tty *tty = file->private;

	if (READ_ONCE(tty->is_hung_up))
		return -EIO;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible_deadline(
		&tty->can_read,
		tty_line_can_read(&tty->line) || READ_ONCE(tty->is_hung_up),
		read_deadline(plan, done));
}

i64 tty_file_read(struct file *file, struct io *io)
{
	struct tty *tty = file->private;
	struct read_plan plan = plan_read(tty, io->left);
	i64 done = 0;
	bool is_end;
	i64 got;

	if (!io->left || READ_ONCE(tty->is_hung_up))
		return 0;
	if (file->inode->rdev != CONSOLE_RDEV) {
		int error = tty_check_change(tty, SIGTTIN);

		if (error)
			return error;
	}
	for (;;) {
		got = take_input(tty, io, &is_end);
		if (got < 0)
			return done ? done : got;
		done += got;
		if (!io->left || is_enough(&plan, (u64)done, is_end))
			return done;
		got = wait_for_input(file, &plan, (u64)done);
		if (got == -ETIMEDOUT)
			return done;
		if (got)
			return done ? done : got;
	}
}

/* ---- Writing ------------------------------------------------------------- */

static bool can_write(struct tty *tty)
{
	return READ_ONCE(tty->is_hung_up) ||
	       (!READ_ONCE(tty->line.is_stopped) &&
		(!tty->driver->room ||
		 tty->driver->room(tty) >= TTY_OUTPUT_MAX));
}

static i64 wait_to_write(struct file *file)
{
	struct tty *tty = file->private;

	if (can_write(tty))
		return READ_ONCE(tty->is_hung_up) ? -EIO : 0;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(&tty->can_write, can_write(tty));
}

/* Each byte becomes what it is on the screen; as many as there is room for. */
static u32 process(struct tty *tty, const u8 *bytes, u32 count, char *out)
{
	u64 rflags = spin_lock_irqsave(&tty->lock);
	u32 length = 0;

	for (u32 i = 0; i < count; i++)
		length += tty_line_output(&tty->line, bytes[i], out + length);
	spin_unlock_irqrestore(&tty->lock, rflags);
	return length;
}

/* One piece.  Return: the bytes taken; 0: there was no room; or -EFAULT. */
static i64 write_piece(struct tty *tty, struct io *io)
{
	char out[CHUNK_BYTES * TTY_OUTPUT_MAX / 2];
	u8 bytes[CHUNK_BYTES / 2];
	u64 room = sizeof(out);
	u64 count;
	u64 moved;

	if (tty->driver->room)
		room = min_u64(room, tty->driver->room(tty));
	count = min_u64(min_u64(io->left, sizeof(bytes)),
			room / TTY_OUTPUT_MAX);
	moved = io_copy_in(io, bytes, count);
	if (count && !moved)
		return -EFAULT;
	tty->driver->write(tty, out, process(tty, bytes, (u32)moved, out));
	return (i64)moved;
}

i64 tty_file_write(struct file *file, struct io *io)
{
	struct tty *tty = file->private;
	i64 done = 0;
	i64 result = 0;

	if (READ_ONCE(tty->is_hung_up))
		return -EIO;
	if (READ_ONCE(tty->line.termios.local) & TOSTOP &&
	    file->inode->rdev != CONSOLE_RDEV)
		result = tty_check_change(tty, SIGTTOU);
	while (io->left && !result) {
		result = wait_to_write(file);
		if (result)
			break;
		mutex_lock(&tty->write_lock);
		result = write_piece(tty, io);
		mutex_unlock(&tty->write_lock);
		if (result < 0)
			break;
		done += result;
		/* ^C must stop a long output. */
		result = io->left && task_has_signal(current_task()) ?
				 -ERESTARTSYS :
				 0;
	}
	return done ? done : result;
}

/* ---- The rest ------------------------------------------------------------ */

u32 tty_file_poll(struct file *file, struct poll_table *table)
{
	struct tty *tty = file->private;
	u32 ready = 0;

	poll_wait(table, &tty->can_read);
	poll_wait(table, &tty->can_write);
	if (READ_ONCE(tty->is_hung_up))
		return POLL_ALWAYS | POLLERR | POLLHUP;
	if (tty_line_can_poll(&tty->line))
		ready |= POLLIN | POLLRDNORM;
	if (can_write(tty))
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}

i64 tty_file_ioctl(struct file *file, u32 command, u64 argument)
{
	struct tty *tty = file->private;

	if (READ_ONCE(tty->is_hung_up))
		return command == TIOCSPGRP ? -ENOTTY : -EIO;
	return tty_ioctl(tty, file, command, argument);
}

const struct file_ops tty_ops = {
	.read = tty_file_read,
	.write = tty_file_write,
	.ioctl = tty_file_ioctl,
	.poll = tty_file_poll,
	.release = tty_release,
	.is_stream = true,
};
