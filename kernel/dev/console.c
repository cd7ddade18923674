/*
 * console.c - see console.h
 */
#include "kernel/dev/console.h"

#include "kernel/dev/device.h"
#include "kernel/dev/fw_cfg.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/tty.h"

/* Nobody can be asked for the size; this is the classic one. */
#define DEFAULT_ROWS 24
#define DEFAULT_COLUMNS 80

/* As of /dev/ttyS0. */
#define SERIAL_MAJOR 4
#define SERIAL_MINOR 64

static struct tty console;

static void console_write(struct tty *tty, const char *bytes, u32 count)
{
	(void)tty;
	serial_write(bytes, count);
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

/* Called by the serial port, in its interrupt. */
static void console_receive(u8 byte)
{
	tty_receive(&console, byte);
}

static void set_size(void)
{
	struct window_size *size = &console.size;

	if (fw_cfg_window_size(&size->rows, &size->columns))
		return;
	size->rows = DEFAULT_ROWS;
	size->columns = DEFAULT_COLUMNS;
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
