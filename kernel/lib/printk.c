/*
 * printk.c - the kernel log
 *
 * Each message is formatted once, kept in a ring that the next ones overwrite,
 * and copied to every sink that wants its level.  In the ring a message is
 * "<level>text\n", as in Linux's /dev/kmsg.  A sink that is added late gets
 * what the ring still holds.
 * Locks: log_lock, over everything here; a leaf, taken with interrupts off.
 */
#include "kernel/lib/printk.h"

#include "kernel/lib/spinlock.h"

#define LOG_LINE_BYTES 512 /* half of the largest allowed stack frame */
#define LOG_PREFIX_BYTES 3 /* "<2>" */

static struct spinlock log_lock = SPINLOCK_INIT("log");
static char log_ring[LOG_RING_BYTES];
static u64 log_ring_written; /* bytes ever; the next goes to this % size */
static struct log_sink *log_sinks;

static void ring_put(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		log_ring[log_ring_written++ % LOG_RING_BYTES] = text[i];
}

/* @line has LOG_PREFIX_BYTES of room, then the text. */
static void log_line(enum log_level level, char *line, size_t length)
{
	u64 rflags = spin_lock_irqsave(&log_lock);

	line[0] = '<';
	line[1] = (char)('0' + level);
	line[2] = '>';
	ring_put(line, length);
	for (struct log_sink *sink = log_sinks; sink; sink = sink->next) {
		if (level <= sink->max_level)
			sink->write(line + LOG_PREFIX_BYTES,
				    length - LOG_PREFIX_BYTES);
	}
	spin_unlock_irqrestore(&log_lock, rflags);
}

static void log_format(enum log_level level, const char *fmt, va_list args)
{
	char line[LOG_LINE_BYTES];
	const size_t room = sizeof(line) - LOG_PREFIX_BYTES;
	size_t length =
		(size_t)vsnprintf(line + LOG_PREFIX_BYTES, room, fmt, args);

	if (length >= room) { /* cut, but still a line */
		length = room - 1;
		line[LOG_PREFIX_BYTES + length - 1] = '\n';
	}
	log_line(level, line, LOG_PREFIX_BYTES + length);
}

void log_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_format(LOG_ERROR, fmt, args);
	va_end(args);
}

void log_warning(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_format(LOG_WARNING, fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_format(LOG_INFO, fmt, args);
	va_end(args);
}

/* Return: the position behind the line that starts at @position. */
static u64 ring_line_copy(u64 position, char *line, size_t *length)
{
	*length = 0;
	while (position < log_ring_written) {
		char c = log_ring[position++ % LOG_RING_BYTES];

		if (*length < LOG_LINE_BYTES)
			line[(*length)++] = c;
		if (c == '\n')
			break;
	}
	return position;
}

static void sink_replay(struct log_sink *sink)
{
	char line[LOG_LINE_BYTES];
	size_t length;
	u64 position = 0;

	/* The oldest line is cut where the newest overwrote it: skip it. */
	if (log_ring_written > LOG_RING_BYTES)
		position = ring_line_copy(log_ring_written - LOG_RING_BYTES,
					  line, &length);
	while (position < log_ring_written) {
		position = ring_line_copy(position, line, &length);
		if (length > LOG_PREFIX_BYTES &&
		    line[1] - '0' <= (int)sink->max_level)
			sink->write(line + LOG_PREFIX_BYTES,
				    length - LOG_PREFIX_BYTES);
	}
}

void printk_add_sink(struct log_sink *sink)
{
	u64 rflags = spin_lock_irqsave(&log_lock);

	sink_replay(sink);
	sink->next = log_sinks;
	log_sinks = sink;
	spin_unlock_irqrestore(&log_lock, rflags);
}

u64 printk_end(void)
{
	return READ_ONCE(log_ring_written);
}

size_t printk_read_line(u64 *position, char *line, size_t size)
{
	char text[LOG_LINE_BYTES];
	u64 rflags = spin_lock_irqsave(&log_lock);
	size_t length = 0;

	/* The oldest line is cut where the newest overwrote it. */
	if (*position + LOG_RING_BYTES < log_ring_written)
		*position = ring_line_copy(log_ring_written - LOG_RING_BYTES,
					   text, &length);
	length = 0;
	if (*position < log_ring_written)
		*position = ring_line_copy(*position, text, &length);
	spin_unlock_irqrestore(&log_lock, rflags);
	length = length < size ? length : size;
	for (size_t i = 0; i < length; i++)
		line[i] = text[i];
	return length;
}
