/*
 * tty_line.h - the line discipline: from key strokes to lines
 *
 * Owns: struct tty_line, the input buffer between the serial port's interrupt
 * and read(2); editing, quoting, echo.  Does not own the port: it is
 * given functions for what it needs from outside.
 * Locks: none; the caller holds the terminal's lock (kernel/dev/console.c).
 * See: Linux v6.12 drivers/tty/n_tty.c.
 */
#pragma once

#include "kernel/dev/termios.h"

/* As Linux's: the longest line, with its newline. */
#define TTY_LINE_BYTES 4096

struct tty_line {
	struct termios termios;
	/*
	 * A ring.  [tail, ready) are complete lines, [ready, head) is the line
	 * being typed.  Positions count all bytes since boot.
	 */
	u8 bytes[TTY_LINE_BYTES];
	u64 ends_line[TTY_LINE_BYTES / 64]; /* a bit for each byte */
	u64 tail;
	u64 ready;
	u64 head;
	bool quote_next; /* ^V was typed */
	void (*echo)(const char *text, size_t length);
};

/* @is_raw: no echo, no signals, no output processing; lines still */
void tty_line_init(struct tty_line *line, bool is_raw,
		   void (*echo)(const char *text, size_t length));

/**
 * tty_line_receive() - one byte has arrived
 *
 * Return: the signal it asks for, or 0.
 */
int tty_line_receive(struct tty_line *line, u8 byte) __must_check;

/* Is there something for read(2)? */
bool tty_line_can_read(const struct tty_line *line);
/* Must the sender wait until something was read? */
bool tty_line_is_full(const struct tty_line *line);

/**
 * tty_line_take() - move up to @size bytes out
 * @is_end: set when read(2) must not wait for more: the line has ended
 *
 * Return: the bytes moved; 0 with @is_end: end of file was typed.
 */
u32 tty_line_take(struct tty_line *line, u8 *bytes, u32 size, bool *is_end);

/* Throw away all input. */
void tty_line_flush(struct tty_line *line);

/* New settings; what was typed so far can be read when lines are off. */
void tty_line_set_termios(struct tty_line *line, const struct termios *termios);

/* Bytes that a read could take now. */
u32 tty_line_available(const struct tty_line *line);
