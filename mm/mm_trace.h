/*
 * mm_trace.h - what the memory code tells the trace about more than one thing
 *
 * Single changes are told where they are made (mm/frame.h, mm/mm.h).
 */
#pragma once

#include "kernel/x86_64/asm/trap_frame.h"
#include "mm/mm.h"

/*
 * Before fork shares the pages of @count entries from @slots on, which are
 * those of @va and up.
 */
void mm_trace_share(const struct vma *vma, const struct vma *child_vma,
		    vaddr_t va, const pte_t *slots, u64 count);

/* Before the frames of a whole table go at the end of an mm. */
void mm_trace_drop(const struct vma *vma, vaddr_t va, const pte_t *slots,
		   u64 count);

__cold void mm_trace_trap_now(const struct trap_frame *frame);
__cold void mm_trace_fault_now(const struct fault *fault,
			       enum fault_result result);

/* The CPU has reported a page fault.  => CR2 is still that of this fault */
static inline void mm_trace_trap(const struct trap_frame *frame)
{
	if (trace_is_on(TRACE_TRAP))
		mm_trace_trap_now(frame);
}

/* What became of it.  => mm->lock is held */
static inline void mm_trace_fault(const struct fault *fault,
				  enum fault_result result)
{
	if (trace_is_on(TRACE_FAULT))
		mm_trace_fault_now(fault, result);
}

/**
 * mm_trace_state() - all frames and entries there are, to compare with
 *
 * => as for check_all()
 */
void mm_trace_state(void);
