/*
 * futex.h - sleep until another thread says that a word of memory has changed
 *
 * Owns: who sleeps for which word.  What the word means is the program's
 * business: locks of C libraries are free or taken without the kernel,
 * and come here only when somebody has to wait.
 * Locks: one spinlock for each bucket of the hash table; two are taken in the
 * order of their addresses.  Nothing is taken inside but the run queue's.
 * Source: futex(2).
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

struct task;

/* Before the first program runs. */
void futex_init(void);

/**
 * futex_give_up_robust() - the locks @task holds get a mark: its owner has died
 *
 * => @task is the current one and is about to leave its memory; walks the list
 *    it has named with set_robust_list(2), and stops at what it cannot read
 */
void futex_give_up_robust(struct task *task);

/* Wake up to @count that wait for the word at @address.  => may fault */
void futex_wake_at(vaddr_t address, int count);
