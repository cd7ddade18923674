/* SPDX-License-Identifier: MIT */
/*
 * tests/random/differ.h - what the two halves of differ share.
 *
 * differ.c invents the steps and tells the processes one after the other what
 * to do; differ_steps.h is what a process does with a step.
 */
#pragma once

#include "../guest/guest.h"

/*
 * The arena: a few pages across the border of two page tables.  Far below it
 * lies room for an area that grows downwards, with nothing near it.
 */
#define ARENA ((char *)0x2000001e0000)
#define GROW_TOP ((char *)0x1fff00000000)
#define CODE_RET ((char)0xc3) /* the instruction "ret" */

enum {
	PAGES = 64,
	FILES = 3,
	FILE_PAGES = 24, /* files are at most so long */
	GROW_PAGES = 700,
	MAPS_SIZE = 3000,
};

/* Which fields of a step a call looks at; the others are not printed. */
enum use {
	USE_PAGES = 1, /* page and count */
	USE_OTHER = 2, /* other page and other count */
	USE_PROT = 4,
	USE_FLAGS = 8,
	USE_FILE = 16,
	USE_VALUE = 32,
	USE_PROCESS = 64, /* another process */
};

struct step {
	int call; /* index of the table in differ_steps.h */
	int page, count;
	int other, other_count;
	int prot, flags;
	int file;
	unsigned long value; /* free to use: bytes, offsets, lengths */
	int process; /* number of another process: -1 for any */
	pid_t pid; /* ... and its pid */
};

/* What the process answers. */
struct result {
	long value; /* what the call returned; an address as a page number */
	int error; /* errno if it returned -1 */
	int signo, code; /* the signal it took, 0 for none */
	long page; /* where, as a page of the arena */
	unsigned long hash; /* of the bytes it saw */
};

/* What a process sees of its arena: the answer to a look. */
struct view {
	unsigned long pagemap[PAGES]; /* before the pages are touched */
	unsigned long hash[PAGES]; /* of the bytes; or the signal */
	char maps[MAPS_SIZE];
};

enum { ELSEWHERE = -1000 }; /* an address outside of the arena */

static inline char *address_of(int page)
{
	return ARENA + (long)page * PAGE_SIZE;
}

static inline long page_of(unsigned long address)
{
	long page = ((long)address - (long)ARENA) / PAGE_SIZE;

	return page >= -GROW_PAGES && page < 2 * PAGES ? page : ELSEWHERE;
}

static inline unsigned long mix(unsigned long hash, unsigned long word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}
