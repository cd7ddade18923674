/*
 * text.h - a text of any length, made once and read in pieces
 *
 * Owns: struct text.  A file of /proc is written into one at the first read,
 * so that what a program reads in several pieces belongs together.
 * Locks: none; may be filled while a spinlock is held, as it never sleeps.
 */
#pragma once

#include "kernel/fs/io.h"

struct text_page;

struct text {
	struct text_page *first; /* full pages but for the last */
	struct text_page *last;
	u64 length;
	bool is_incomplete; /* no memory for all of it */
};

void text_init(struct text *text);
void text_destroy(struct text *text);

void text_append(struct text *text, const char *bytes, u64 count);
void text_string(struct text *text, const char *string);
/* => the result is shorter than 256 characters */
void text_printf(struct text *text, const char *fmt, ...) __printf(2, 3);

/* From io->position on, as file_ops.read. */
i64 text_read(const struct text *text, struct io *io);
