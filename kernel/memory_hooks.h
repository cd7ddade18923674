/*
 * memory_hooks.h - what the memory code asks about the task that allocates
 *
 * Owns: fault injection (vm.fail_nth), who asks for a promise (mm/commit.h), and
 * the log line if it is refused; asks kernel/oom.c who may use the emergency
 * reserve.  mm/ knows no tasks, so it asks through function pointers.
 *
 * An injected failure is no shortage: it stays what the allocator said, ENOMEM
 * or EFAULT, nobody is killed and nothing tried again; only a fault of user
 * mode is, by the instruction itself.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct task;

/* => once, before the first task runs */
void memory_hooks_init(void);

/**
 * fail_nth_write() - let an allocation of the calling task fail
 * @nth: 1: the next frame or object it allocates; 2: the one after that …;
 *       0: none
 *
 * On the command line, sysctl.vm.fail_nth=N is for the first child of init.
 * As Linux's /proc/self/fail-nth.
 *
 * Return: 0.
 */
int fail_nth_write(u64 nth);

/* What is left to count; 0: it has failed, or was never asked to. */
void fail_nth_read(char *text, size_t size);

/* @child was forked by init: does the command line mean this one? */
void fail_nth_hand_over(struct task *child);
