/*
 * ksym.h - names for kernel addresses, for backtraces
 *
 * The table is made from the linked kernel itself by tools/mksyms and
 * linked in by a second pass.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct ksym {
	u64 address;
	const char *name;
};

extern const struct ksym ksym_table[]; /* sorted by address */
extern const u64 ksym_count;

/* Return: the symbol at or below @address, or NULL. */
const struct ksym *ksym_find(u64 address);
