/*
 * cow.h - copy-on-write: a present page is written and its PTE says R/W = 0
 *
 * Owns: the verdict copy or reuse, and both ways to carry it out.
 * Invariants: I4, I9, I13, I14.
 * Locks: the caller holds mm->lock for reading, and the lock of the page.
 */
#pragma once

#include "mm/fault.h"

struct frame;

/* /proc/sys/vm/cow_reuse: 0 copies even where nobody else is left. */
extern u64 cow_reuse_enabled;

/**
 * cow_break() - give the faulting mm a page it may write
 * @fault: the vma is writable; the PTE is present with R/W = 0
 *
 * => called and returns with fault->mm->lock and the page's lock held
 *
 * Return: FAULT_DONE, or FAULT_OOM with nothing changed (I14).
 */
enum fault_result cow_break(struct fault *fault) __must_check;

/**
 * cow_copy() - give the faulting mm a private copy of a frame
 * @source: the frame to copy; the PTE may map it or be absent (the first
 *          write to a page of a private file mapping)
 *
 * => may allocate one frame; on failure nothing has changed (I14)
 * => flushes the page on all CPUs of the mm before the old frame is put (I13)
 *
 * Return: FAULT_DONE, or FAULT_OOM.
 * See: Intel SDM vol. 3A, "Recommended Invalidation"; Linux v6.12
 *      mm/memory.c wp_page_copy(); UVM case 1B.
 */
enum fault_result cow_copy(struct fault *fault, struct frame *source)
	__must_check;
