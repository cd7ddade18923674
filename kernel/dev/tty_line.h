/*
 * tty_line.h - the line discipline: from key strokes to lines
 *
 * Owns: struct tty_line, the input buffer between the sender and read(2);
 * editing, quoting, echo; what output becomes.  Does not own where bytes come
 * from and go to: it is given a function for the echo.
 * Locks: none; the caller holds the terminal's lock (kernel/dev/tty.h).
 * See: Linux v6.12 drivers/tty/n_tty.c.
 */
#pragma once

#include "kernel/dev/termios.h"

/* As Linux's: the longest line, with its newline. */
#define TTY_LINE_BYTES 4096

/* Echo that waits while output is stopped; more of it is lost. */
#define TTY_HELD_BYTES 256

/* The longest that one byte becomes on its way out: a tab. */
#define TTY_OUTPUT_MAX 8

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
	bool is_stopped; /* ^S was typed: no output */
	u32 column; /* of the cursor, as far as OPOST knows */
	u32 line_column; /* where it was when the line being typed began */
	u32 held_count;
	char held[TTY_HELD_BYTES]; /* echo, while is_stopped */
	/* Bytes for the screen.  Called with the caller's lock held. */
	void (*echo)(struct tty_line *line, const char *text, u32 length);
	/* Throw away what was sent but not shown yet; or NULL.  Likewise. */
	void (*flush_output)(struct tty_line *line);
};

/* @is_raw: no echo, no signals, no output processing; lines still */
void tty_line_init(struct tty_line *line, bool is_raw);

/**
 * tty_line_receive() - one byte has arrived
 *
 * Return: the signal it asks for, or 0.
 */
int tty_line_receive(struct tty_line *line, u8 byte) __must_check;

/* Is there something for read(2)? */
bool tty_line_can_read(const struct tty_line *line);
/* Is there as much as poll(2) waits for, by VMIN? */
bool tty_line_can_poll(const struct tty_line *line);
/* Must the sender wait until something was read? */
bool tty_line_is_full(const struct tty_line *line);

/**
 * tty_line_take() - move up to @size bytes out
 * @is_end: set when read(2) must not wait for more: the line has ended
 *
 * Return: the bytes moved; 0 with @is_end: end of file was typed.
 */
u32 tty_line_take(struct tty_line *line, u8 *bytes, u32 size, bool *is_end);

/**
 * tty_line_output() - what a byte that a program writes becomes
 *
 * Return: how many bytes of @out are filled in.
 */
u32 tty_line_output(struct tty_line *line, u8 byte, char out[TTY_OUTPUT_MAX]);

/* ^S and ^Q, by hand. */
void tty_line_stop(struct tty_line *line);
void tty_line_start(struct tty_line *line);

/* Throw away all input. */
void tty_line_flush(struct tty_line *line);

/* New settings; what was typed so far can be read when lines are off. */
void tty_line_set_termios(struct tty_line *line, const struct termios *termios);

/* Bytes that a read could take now. */
u32 tty_line_available(const struct tty_line *line);

/* Does the terminal make lines (ICANON)? */
static inline bool tty_line_is_canonical(const struct tty_line *line)
{
	return line->termios.local & ICANON;
}
