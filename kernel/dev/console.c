/*
 * console.c - see console.h
 *
 * Locks: console.lock, a spinlock taken with interrupts off: the serial
 * interrupt takes it too.  Inside it only serial_write(), a leaf.
 */
#include "kernel/dev/console.h"

#include "kernel/dev/device.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/tty_line.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/time.h"

/* A serial line cannot be asked for its size; this is the classic one. */
#define DEFAULT_ROWS 24
#define DEFAULT_COLUMNS 80

/* VTIME counts these. */
#define DECISECOND_NS 100000000UL

/* Bytes that pass through the kernel's stack at a time. */
#define CHUNK_BYTES 256

static struct {
	struct spinlock lock;
	struct tty_line line; /* lock */
	bool is_paused; /* lock; the port keeps its bytes back */
	u32 foreground_group; /* lock; gets what ^C sends */
	struct window_size size; /* lock */
	struct wait_queue can_read;
} console = {
	.lock = SPINLOCK_INIT("console"),
	.foreground_group = INIT_PID,
	.size = { .rows = DEFAULT_ROWS, .columns = DEFAULT_COLUMNS },
	.can_read = WAIT_QUEUE_INIT(console.can_read),
};

/* Called by the serial port, in its interrupt. */
static void console_receive(u8 byte)
{
	u64 rflags = spin_lock_irqsave(&console.lock);
	int signal = tty_line_receive(&console.line, byte);
	u32 group = console.foreground_group;
	bool can_read = tty_line_can_read(&console.line);

	if (tty_line_is_full(&console.line)) {
		console.is_paused = true;
		serial_receive_pause();
	}
	spin_unlock_irqrestore(&console.lock, rflags);
	if (signal)
		signal_send_group(group, signal);
	if (can_read)
		wait_wake_all(&console.can_read);
}

void console_init(bool is_raw)
{
	tty_line_init(&console.line, is_raw, serial_write);
	serial_set_receiver(console_receive);
}

/* There may be room again.  => console.lock is held */
static void resume_if_room(void)
{
	if (!console.is_paused || tty_line_is_full(&console.line))
		return;
	console.is_paused = false;
	serial_receive_resume();
}

/* ---- Reading ------------------------------------------------------------- */

/* Until when a read waits for its first byte. */
static u64 read_deadline(const struct termios *termios)
{
	if ((termios->local & ICANON) || termios->characters[VMIN])
		return WAIT_FOREVER;
	return time_since_boot_ns() +
	       termios->characters[VTIME] * DECISECOND_NS;
}

/* Wait for input.  Return: 0, or -errno; -ETIMEDOUT: nothing came. */
static int wait_for_input(const struct file *file)
{
	u64 rflags = spin_lock_irqsave(&console.lock);
	u64 deadline = read_deadline(&console.line.termios);
	bool can_read = tty_line_can_read(&console.line);

	spin_unlock_irqrestore(&console.lock, rflags);
	if (can_read)
		return 0;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible_deadline(
		&console.can_read, tty_line_can_read(&console.line), deadline);
}

/* Hand out what is there, up to the end of one line. */
static i64 take_input(struct io *io)
{
	u8 bytes[CHUNK_BYTES];
	bool is_end = false;
	i64 done = 0;

	while (io->left && !is_end) {
		u32 room = (u32)min_u64(io->left, sizeof(bytes));
		u64 rflags = spin_lock_irqsave(&console.lock);
		u32 count = tty_line_take(&console.line, bytes, room, &is_end);

		resume_if_room();
		spin_unlock_irqrestore(&console.lock, rflags);
		if (io_copy_out(io, bytes, count) < count)
			return done ? done : -EFAULT;
		done += count;
		if (count < room)
			break;
	}
	return done;
}

static i64 console_read(struct file *file, struct io *io)
{
	int error;

	if (!io->left)
		return 0;
	error = wait_for_input(file);
	if (error == -ETIMEDOUT)
		return 0;
	return error ? error : take_input(io);
}

/* ---- Writing ------------------------------------------------------------- */

/* A newline becomes a carriage return and a newline. */
static void write_processed(const char *bytes, size_t count)
{
	size_t start = 0;

	for (size_t i = 0; i < count; i++) {
		if (bytes[i] != '\n')
			continue;
		serial_write(bytes + start, i - start);
		serial_write("\r\n", 2);
		start = i + 1;
	}
	serial_write(bytes + start, count - start);
}

static i64 console_write(struct file *file, struct io *io)
{
	u32 output = READ_ONCE(console.line.termios.output);
	char bytes[CHUNK_BYTES];
	i64 done = 0;

	(void)file;
	while (io->left) {
		u64 count = min_u64(io->left, sizeof(bytes));
		u64 moved = io_copy_in(io, bytes, count);

		if ((output & OPOST) && (output & ONLCR))
			write_processed(bytes, moved);
		else
			serial_write(bytes, moved);
		done += (i64)moved;
		if (moved < count)
			return done ? done : -EFAULT;
		if (io->left && task_has_signal(current_task()))
			break; /* ^C must stop a long output */
	}
	return done;
}

/* ---- ioctl --------------------------------------------------------------- */

static i64 get_termios(vaddr_t address)
{
	u64 rflags = spin_lock_irqsave(&console.lock);
	struct termios termios = console.line.termios;

	spin_unlock_irqrestore(&console.lock, rflags);
	return copy_to_user(address, &termios, sizeof(termios));
}

static i64 set_termios(vaddr_t address, bool flush)
{
	struct termios termios;
	u64 rflags;

	if (copy_from_user(&termios, address, sizeof(termios)) != 0)
		return -EFAULT;
	rflags = spin_lock_irqsave(&console.lock);
	if (flush)
		tty_line_flush(&console.line);
	tty_line_set_termios(&console.line, &termios);
	resume_if_room();
	spin_unlock_irqrestore(&console.lock, rflags);
	wait_wake_all(&console.can_read);
	return 0;
}

static i64 flush_input(void)
{
	u64 rflags = spin_lock_irqsave(&console.lock);

	tty_line_flush(&console.line);
	resume_if_room();
	spin_unlock_irqrestore(&console.lock, rflags);
	return 0;
}

static i64 set_foreground(vaddr_t address)
{
	i32 group;

	if (copy_from_user(&group, address, sizeof(group)) != 0)
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	WRITE_ONCE(console.foreground_group, (u32)group);
	return 0;
}

static i64 set_window_size(vaddr_t address)
{
	struct window_size size;

	if (copy_from_user(&size, address, sizeof(size)) != 0)
		return -EFAULT;
	console.size = size;
	return 0;
}

static i64 get_u32(vaddr_t address, u32 value)
{
	return copy_to_user(address, &value, sizeof(value));
}

static i64 console_ioctl(struct file *file, u32 command, u64 argument)
{
	vaddr_t address = VADDR(argument);

	(void)file;
	switch (command) {
	case TCGETS:
		return get_termios(address);
	case TCSETS:
	case TCSETSW: /* output is never pending */
		return set_termios(address, false);
	case TCSETSF:
		return set_termios(address, true);
	case TIOCGWINSZ:
		return copy_to_user(address, &console.size,
				    sizeof(console.size));
	case TIOCSWINSZ:
		return set_window_size(address);
	case TIOCGPGRP:
		return get_u32(address, console.foreground_group);
	case TIOCSPGRP:
		return set_foreground(address);
	case TIOCGSID:
		return get_u32(address, current_task()->session);
	case FIONREAD:
		return get_u32(address, tty_line_available(&console.line));
	case TCFLSH:
		return flush_input();
	case TCSBRK:
	case TCXONC:
	case TIOCSCTTY:
	case TIOCNOTTY:
		return 0;
	default:
		return -ENOTTY;
	}
}

static u32 console_poll(struct file *file, struct poll_table *table)
{
	u64 rflags;
	bool can_read;

	(void)file;
	poll_wait(table, &console.can_read);
	rflags = spin_lock_irqsave(&console.lock);
	can_read = tty_line_can_read(&console.line);
	spin_unlock_irqrestore(&console.lock, rflags);
	return POLLOUT | POLLWRNORM | (can_read ? POLLIN | POLLRDNORM : 0);
}

const struct file_ops device_console_ops = {
	.read = console_read,
	.write = console_write,
	.ioctl = console_ioctl,
	.poll = console_poll,
	.is_stream = true,
};
