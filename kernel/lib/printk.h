/*
 * printk.h - the kernel log and formatted text
 *
 * Owns: the log ring and the list of sinks it is copied to.  Does not own
 * any device: kernel/dev registers its consoles as sinks.
 * Formats: %d %u %x, also with l, ll and z, %s %c %p %%; width, '0', '-',
 * '#' for %x, and a precision for %s.
 */
#pragma once

#include <stdarg.h>

#include "kernel/x86_64/asm/types.h"

#define LOG_RING_BYTES 32768 /* about 500 lines */

enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_INFO,
};

/* A place the log is copied to.  Called with interrupts off, must not block. */
struct log_sink {
	void (*write)(const char *text, size_t length);
	enum log_level max_level; /* LOG_WARNING: silent under "quiet" */
	struct log_sink *next;
};

/**
 * printk_read_line() - the line of the log at *@position
 * @line: gets "<level>text\n"; longer lines are cut to @size
 *
 * => advances *@position; what was overwritten meanwhile is skipped
 *
 * Return: the bytes in @line; 0: there is no line yet.
 */
size_t printk_read_line(u64 *position, char *line, size_t size);

/* The position behind the last line. */
u64 printk_end(void);

void printk_add_sink(struct log_sink *sink);

/* One line each; the newline is part of the format. */
void log_error(const char *fmt, ...) __printf(1, 2);
void log_warning(const char *fmt, ...) __printf(1, 2);
void log_info(const char *fmt, ...) __printf(1, 2);

/**
 * snprintf() - format into @buffer of @size bytes, always terminated
 *
 * Return: the length the whole text would have, as in C17.
 */
int snprintf(char *buffer, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buffer, size_t size, const char *fmt, va_list args);
