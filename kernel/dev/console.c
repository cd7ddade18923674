/*
 * console.c - see console.h
 */
#include "kernel/dev/console.h"

#include "kernel/dev/device.h"
#include "kernel/dev/fw_cfg.h"
#include "kernel/dev/keyboard.h"
#include "kernel/dev/screen.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/tty.h"
#include "kernel/dev/window.h"

/* Where nobody tells it, and there is no screen: the classic one. */
#define DEFAULT_ROWS 24
#define DEFAULT_COLUMNS 80

/* As of /dev/ttyS0. */
#define SERIAL_MAJOR 4
#define SERIAL_MINOR 64

static struct tty console;
/* QEMU runs in a terminal of this size, and the person sits there. */
static bool is_size_told; /* console.lock */

static void console_write(struct tty *tty, const char *bytes, u32 count)
{
	(void)tty;
	serial_write(bytes, count);
	screen_write(bytes, count);
}

static void console_pause(struct tty *tty, bool is_paused)
{
	(void)tty;
	if (is_paused)
		serial_receive_pause();
	else
		serial_receive_resume();
}

/* Never freed: it begins with a reference that nobody drops. */
static const struct tty_driver console_driver = {
	.write = console_write,
	.pause = console_pause,
};

/* Called in the interrupts of the serial port and of the keyboard. */
static void console_receive(u8 byte)
{
	tty_receive(&console, byte);
}

void console_interrupt(void)
{
	serial_interrupt();
	keyboard_interrupt();
	window_interrupt();
}

static void set_size(void)
{
	struct window_size *size = &console.size;
	struct screen_size room = screen_room();

	is_size_told = fw_cfg_window_size(&size->rows, &size->columns);
	if (!is_size_told && room.rows) {
		size->rows = room.rows;
		size->columns = room.columns;
	} else if (!is_size_told) {
		size->rows = DEFAULT_ROWS;
		size->columns = DEFAULT_COLUMNS;
	}
	screen_set_size((struct screen_size){ size->rows, size->columns });
}

/* What a program or a person sees is one size, so the screen keeps to it. */
void console_set_room(u16 rows, u16 columns)
{
	struct window_size size = { .rows = rows, .columns = columns };
	u64 rflags = spin_lock_irqsave(&console.lock);
	bool is_mine = !is_size_told;

	if (!is_mine)
		size = console.size;
	screen_set_size((struct screen_size){ size.rows, size.columns });
	spin_unlock_irqrestore(&console.lock, rflags);
	if (is_mine)
		tty_set_size(&console, &size);
}

/* The host's terminal: it is of this size from now on. */
static void console_set_window(u16 rows, u16 columns)
{
	const struct window_size size = { .rows = rows, .columns = columns };
	u64 rflags = spin_lock_irqsave(&console.lock);

	is_size_told = true;
	if (console.size.rows != rows || console.size.columns != columns) {
		screen_set_size((struct screen_size){ rows, columns });
		screen_redraw();
	}
	spin_unlock_irqrestore(&console.lock, rflags);
	tty_set_size(&console, &size);
}

void console_init(bool is_raw)
{
	struct termios *termios = &console.line.termios;

	tty_init(&console, &console_driver,
		 device_number(SERIAL_MAJOR, SERIAL_MINOR), is_raw);
	/* What is typed today is UTF-8. */
	termios->input |= IUTF8;
	termios->control = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
	console.speed = 115200;
	set_size();
	serial_set_receiver(console_receive);
	if (screen_room().rows && !keyboard_init(console_receive))
		log_info("calf: there is a screen, but no PS/2 keyboard\n");
	window_init(console_set_window);
}

static int console_open(struct file *file)
{
	tty_open(&console, file);
	file->ops = &tty_ops;
	return 0;
}

const struct file_ops device_console_ops = {
	.open = console_open,
	.is_stream = true,
};
