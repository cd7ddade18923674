/*
 * sysctl.h - the switches of /proc/sys/vm
 *
 * Owns: the table of names.  The values belong to those who read them.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Longest text that sysctl_read() makes, newline and terminator included. */
#define SYSCTL_TEXT_BYTES 64

struct sysctl {
	const char *name; /* in /proc/sys/vm, and after "sysctl.vm." */
	u64 *value; /* NULL: @read and @write do it */
	u64 min;
	u64 max;
	void (*read)(char *text, size_t size);
	int (*write)(u64 value);
	u64 *replaces; /* becomes 0 when this is written, or NULL */
};

extern const struct sysctl sysctl_vm[];
extern const u64 sysctl_vm_count;

/* Return: the entry, or NULL. */
const struct sysctl *sysctl_find(const char *name);

/* The value as text with a newline.  Return: its length. */
size_t sysctl_read(const struct sysctl *entry, char *text, size_t size);

/* Set it from text.  Return: 0, or -EINVAL: no number, or out of range. */
int sysctl_write(const struct sysctl *entry, const char *text) __must_check;
