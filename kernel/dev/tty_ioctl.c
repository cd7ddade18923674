/*
 * tty_ioctl.c - see tty.h: settings
 */
#include "kernel/dev/tty.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/signal.h"
#include "mm/uaccess.h"

/* ---- Speeds -------------------------------------------------------------- */

/* Of B0, B50 …; those from B57600 on have CBAUD's top bit set. */
static const u32 speeds[] = { 0,   50,	 75,   110,  134,  150,	 200,	300,
			      600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
static const u32 high_speeds[] = { 0,	    57600,   115200,  230400,
				   460800,  500000,  576000,  921600,
				   1000000, 1152000, 1500000, 2000000,
				   2500000, 3000000, 3500000, 4000000 };

/* What the B… constant in @control means; @other: it says "other". */
static u32 speed_of(u32 control, u32 other)
{
	u32 code = control & CBAUD;

	if (code == BOTHER)
		return other;
	return code & BOTHER ? high_speeds[code & 15] : speeds[code & 15];
}

/* ---- termios ------------------------------------------------------------- */

static i64 get_termios(struct tty *tty, vaddr_t to, u64 bytes)
{
	u64 rflags = spin_lock_irqsave(&tty->lock);
	struct termios2 termios = {
		.termios = tty->line.termios,
		.input_speed = tty->speed,
		.output_speed = tty->speed,
	};

	spin_unlock_irqrestore(&tty->lock, rflags);
	return copy_to_user(to, &termios, bytes);
}

/* @bytes: of a termios or a termios2 */
static i64 set_termios(struct tty *tty, vaddr_t from, u64 bytes, bool flush)
{
	struct termios2 termios = { .output_speed = tty->speed };
	u64 rflags;
	int error = tty_check_change(tty, SIGTTOU);

	if (error)
		return error;
	if (copy_from_user(&termios, from, bytes) != 0)
		return -EFAULT;
	rflags = spin_lock_irqsave(&tty->lock);
	if (flush)
		tty_line_flush(&tty->line);
	tty->speed = speed_of(termios.termios.control, termios.output_speed);
	tty_line_set_termios(&tty->line, &termios.termios);
	tty_resume_if_room(tty);
	spin_unlock_irqrestore(&tty->lock, rflags);
	wait_wake_all(&tty->can_read);
	wait_wake_all(&tty->can_write);
	return 0;
}

/* ---- Flow ---------------------------------------------------------------- */

static i64 flush(struct tty *tty, u64 which)
{
	u64 rflags;
	int error = tty_check_change(tty, SIGTTOU);

	if (error)
		return error;
	if (which > TCIOFLUSH)
		return -EINVAL;
	rflags = spin_lock_irqsave(&tty->lock);
	if (which != TCOFLUSH)
		tty_line_flush(&tty->line);
	if (which != TCIFLUSH && tty->line.flush_output)
		tty->line.flush_output(&tty->line);
	tty_resume_if_room(tty);
	spin_unlock_irqrestore(&tty->lock, rflags);
	wait_wake_all(&tty->can_write);
	return 0;
}

static i64 flow(struct tty *tty, u64 action)
{
	const u8 *characters = tty->line.termios.characters;
	char byte = 0;
	u64 rflags;
	int error = tty_check_change(tty, SIGTTOU);

	if (error)
		return error;
	if (action > TCION)
		return -EINVAL;
	rflags = spin_lock_irqsave(&tty->lock);
	if (action == TCOOFF)
		tty_line_stop(&tty->line);
	else if (action == TCOON)
		tty_line_start(&tty->line);
	else
		byte = (char)characters[action == TCIOFF ? VSTOP : VSTART];
	if (byte)
		tty->driver->write(tty, &byte, 1);
	spin_unlock_irqrestore(&tty->lock, rflags);
	wait_wake_all(&tty->can_write);
	return 0;
}

/* ---- Window size --------------------------------------------------------- */

static i64 get_size(struct tty *tty, vaddr_t to)
{
	u64 rflags = spin_lock_irqsave(&tty->lock);
	struct window_size size = tty->size;

	spin_unlock_irqrestore(&tty->lock, rflags);
	return copy_to_user(to, &size, sizeof(size));
}

void tty_set_size(struct tty *tty, const struct window_size *size)
{
	u64 rflags = spin_lock_irqsave(&tty->lock);
	bool is_other = memcmp(size, &tty->size, sizeof(*size)) != 0;

	tty->size = *size;
	spin_unlock_irqrestore(&tty->lock, rflags);
	if (is_other && READ_ONCE(tty->foreground_group))
		signal_send_group(READ_ONCE(tty->foreground_group), SIGWINCH);
}

static i64 set_size(struct tty *tty, vaddr_t from)
{
	struct window_size size;

	if (copy_from_user(&size, from, sizeof(size)) != 0)
		return -EFAULT;
	tty_set_size(tty, &size);
	return 0;
}

/* ---- The commands -------------------------------------------------------- */

static i64 put_u32(vaddr_t to, u32 value)
{
	return copy_to_user(to, &value, sizeof(value));
}

i64 tty_ioctl_common(struct tty *tty, u32 command, u64 argument)
{
	vaddr_t address = VADDR(argument);

	switch (command) {
	case TCGETS:
		return get_termios(tty, address, sizeof(struct termios));
	case TCGETS2:
		return get_termios(tty, address, sizeof(struct termios2));
	case TCSETS:
	case TCSETSW: /* output is never pending */
		return set_termios(tty, address, sizeof(struct termios), false);
	case TCSETSF:
		return set_termios(tty, address, sizeof(struct termios), true);
	case TCSETS2:
	case TCSETSW2:
		return set_termios(tty, address, sizeof(struct termios2),
				   false);
	case TCSETSF2:
		return set_termios(tty, address, sizeof(struct termios2), true);
	case TIOCGWINSZ:
		return get_size(tty, address);
	case TIOCSWINSZ:
		return set_size(tty, address);
	case TCFLSH:
		return flush(tty, argument);
	case TCXONC:
		return flow(tty, argument);
	case TCSBRK:
	case TCSBRKP:
		return tty_check_change(tty, SIGTTOU);
	case TIOCOUTQ:
	case TIOCGETD:
		return put_u32(address, 0);
	}
	return -ENOTTY;
}

i64 tty_ioctl(struct tty *tty, struct file *file, u32 command, u64 argument)
{
	vaddr_t address = VADDR(argument);

	switch (command) {
	case TIOCSCTTY:
		if (!file_can_read(file))
			return -EPERM;
		return tty_set_controlling(tty, argument);
	case TIOCNOTTY:
		return tty_give_up(tty);
	case TIOCGPGRP:
		return tty_get_foreground(tty, address, false);
	case TIOCSPGRP:
		return tty_set_foreground(tty, address);
	case TIOCGSID:
		return tty_get_session(tty, address, false);
	case FIONREAD:
		return put_u32(address, tty_line_available(&tty->line));
	}
	return tty_ioctl_common(tty, command, argument);
}
