/*
 * commit.h - overcommit: how much memory may be promised
 *
 * A mapping is a promise: there is no frame behind it yet, but there has to be
 * one when it is written.  All promises together are Committed_AS of
 * /proc/meminfo; what becomes of a further one is the policy,
 * /proc/sys/vm/overcommit_memory:
 *
 *   0  heuristic  refused only if it alone is more than all of RAM
 *   1  always     never refused
 *   2  never      refused if all together would pass CommitLimit
 *
 * Promised is each page that can come to need a frame of its own: of private
 * writable areas (VMA_ACCOUNT), and of shared memory, once, with its object.
 *
 * Owns: the sum of all promises, the limit, the policy.  Does not know areas.
 * Invariants: I8.
 * Locks: none for the sum, which is atomic; an mm's share is under mm->lock.
 * Source: Linux v6.12 mm/util.c, __vm_enough_memory(), vm_commit_limit();
 * Documentation/mm/overcommit-accounting.rst.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct mm;

enum commit_policy {
	COMMIT_GUESS,
	COMMIT_ALWAYS,
	COMMIT_NEVER,
};

/* The switches of /proc/sys/vm, under Linux's names there. */
extern u64 overcommit_memory; /* enum commit_policy */
extern u64 overcommit_ratio; /* percent of RAM; 0 if the next is set */
extern u64 overcommit_kbytes; /* 0: the ratio decides */
extern u64 admin_reserve_kbytes; /* which only root may have */
extern u64 user_reserve_kbytes; /* that a single process cannot take */

/* Who asks, as mm/ knows no tasks.  NULL: the kernel does, before any task. */
extern const struct mm *(*commit_asking_mm)(void);
extern bool (*commit_asked_by_root)(void);
/* Told of every refusal, for the log.  Not before there are tasks. */
extern void (*commit_refused)(u64 bytes);

/* Set both reserves from the memory that is free at boot. */
void commit_init(void);

/* What mode 2 allows in all, in pages. */
u64 commit_limit(void);
/* What is promised in all, in pages. */
u64 commit_total(void);

/**
 * commit_charge() - promise @pages more
 *
 * => charge first, test, undo on refusal (I14): two CPUs that ask at the same
 *    time may both be refused, but never both pass the limit
 *
 * Return: 0, or -ENOMEM: the policy forbids it.
 */
int commit_charge(u64 pages) __must_check;

/* Take back a promise. */
void commit_uncharge(u64 pages);

/**
 * commit_reserve() - make sure that @pages more of @mm are promised
 * @mm: its areas are about to grow by @pages with VMA_ACCOUNT
 *
 * => mm->lock is held, and commit_settle() comes before it is free
 * => what the areas have given up since then is used first
 *
 * Return: 0, or -ENOMEM with nothing changed.
 */
int commit_reserve(struct mm *mm, u64 pages) __must_check;

/*
 * Give back what was reserved, or is held since before, but no area needs.
 * Every change of areas ends with it, whether it went well or not, and so
 * gives back exactly what it took (I8).
 */
void commit_settle(struct mm *mm);
