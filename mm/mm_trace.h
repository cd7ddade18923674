/*
 * mm_trace.h - what the memory code tells the trace about more than one thing
 *
 * Single changes are told where they are made (mm/frame.h, mm/mm.h).
 */
#pragma once

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

/* The CPU has reported a fault. */
__cold void mm_trace_trap(vaddr_t address, u64 error_code, u64 rip);

/* What became of a fault.  => mm->lock is held */
void mm_trace_fault_end(const struct fault *fault, u64 error_code,
			enum fault_result result);

static inline void mm_trace_fault(const struct fault *fault, u64 error_code,
				  enum fault_result result)
{
	if (trace_is_on(TRACE_FAULT))
		mm_trace_fault_end(fault, error_code, result);
}

/**
 * mm_trace_state() - all frames and entries there are, to compare with
 *
 * => as for check_all()
 */
void mm_trace_state(void);
