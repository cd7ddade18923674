/*
 * oom.h - the machine is out of memory: what now, and who has to go?
 *
 * Owns: the choice of a victim, its death, the table that explains the choice,
 * and the rule when a failed allocation is worth another try.
 * Does not own: the allocator and its reserve (mm/frame.h), and where to try
 * again.  mm/ never kills and never sleeps: it gives up with -ENOMEM or
 * FAULT_OOM and nothing has changed (I14), so that those who called it, with
 * no spinlock held, can ask oom_retry() and begin again:
 *
 *	trap.c		a page fault, of user mode or of a copy to user memory
 *	syscall.c	a whole system call that has changed nothing
 *	fs/, sys_memory.c	the middle of those that have
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct mm;
struct task;

/* As Linux's: never chosen … the first to be chosen. */
#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000

/* /proc/sys/vm, as on Linux. */
extern u64 panic_on_oom; /* 0, 1, 2: 1 and 2 are the same here */
extern u64 oom_kill_allocating_task;
extern u64 oom_dump_tasks;

/**
 * oom_retry() - an allocation for the current task failed: shall it try again?
 *
 * A failure that was injected (vm.fail_nth) or is a limit's says no.  When
 * frames were missing, one process is killed, or the one that was killed
 * before gets time to end and is then robbed of its memory; the caller
 * may sleep meanwhile.
 * => no spinlock is held, interrupts are on
 * => panics with EXIT_OOM when there is nobody left to kill
 *
 * Return: false also for a task that is dying itself: give up and let it.
 */
bool oom_retry(void);

/* No 2^@order frames for the current task, short of the reserve. */
void oom_note_shortage(unsigned int order);

/* Will it give back its memory soon?  Then the reserve is for it. */
bool oom_is_dying(const struct task *task);

/**
 * oom_badness() - how much is it worth to kill @task?
 * @score: in pages; as Linux: resident pages, page tables and the process's
 *         own oom_score_adj, in thousandths of all frames
 *
 * Return: NULL, or why it must never be chosen.
 */
const char *oom_badness(struct task *task, i64 *score);

/* Frames there are for anyone at all: MemTotal. */
u64 oom_total_pages(void);

/* The current task leaves @mm: mm_put(), and what is due if it was killed. */
void oom_put_mm(struct mm *mm);

/* Kills since boot, for /proc/vmstat. */
u64 oom_kill_count(void);
