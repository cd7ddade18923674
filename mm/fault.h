/*
 * fault.h - the page fault: what the trap hands down, what comes back
 *
 * Owns: the decision which case a fault is; the case of absent pages.
 * Present pages that are written go to mm/cow.c.
 * Invariants: I4, I5, I9 where entries are written (mm/mm.h); I14.
 * Locks: takes mm->lock.
 */
#pragma once

#include "kernel/x86_64/asm/pte.h"
#include "mm/vma.h"

struct frame;

/* Every fault has exactly one name; the order is that of /proc/PID/faults. */
enum fault_kind {
	FAULT_ZERO_FILL, /* a fresh zeroed frame */
	FAULT_ZERO_MAP, /* the shared zero frame, for a read */
	FAULT_FILE_MAP, /* a page of an object */
	FAULT_COW_COPY, /* a write that needed a copy */
	FAULT_COW_REUSE, /* a write that found nobody else left */
	FAULT_SPURIOUS, /* the PTE allows it by now: try again */
	FAULT_STACK_GROW,
	FAULT_SEGV, /* not allowed: a signal */
	FAULT_KINDS,
};

/* "zero_fill", "zero_map" … */
extern const char *const fault_kind_names[FAULT_KINDS];

struct fault_counts {
	u64 count[FAULT_KINDS];
};

/* Machine-wide, for /proc/vmstat. */
extern struct fault_counts fault_totals;

enum fault_result {
	FAULT_DONE, /* run the instruction again */
	FAULT_SIGSEGV_MAPERR, /* nothing is mapped there */
	FAULT_SIGSEGV_ACCERR, /* mapped, but not for this access */
	FAULT_SIGBUS, /* beyond the end of the object */
	FAULT_OOM, /* no frame; no PTE has changed, a stack may have grown */
};

/* One fault on its way from the trap to the copy. */
struct fault {
	struct mm *mm;
	vaddr_t address; /* the page, rounded down */
	union {
		u32 error_code; /* PF_…, as the CPU pushed it */
		struct { /* the same, bit by bit */
			bool is_present : 1;
			bool is_write : 1;
			bool is_user : 1;
			bool is_reserved : 1;
			bool is_fetch : 1;
		};
	};
	struct vma *vma; /* set by fault_handle() */
	pte_t *slot; /* the leaf entry's place */
	pte_t seen; /* what it held when its page was locked */
	enum fault_kind kind; /* the name it is counted under */
};

/*
 * The entry that answers @fault with @frame: as wide as the area allows,
 * without R/W unless @writable, with the Accessed and Dirty bits that the CPU
 * would set right after the retry.
 */
pte_t fault_used_pte(const struct fault *fault, const struct frame *frame,
		     bool writable);

/**
 * fault_handle() - make one access possible, or say why not
 * @mm: the address space
 * @address: from CR2, any user address
 * @error_code: PF_… bits as the CPU pushed them
 *
 * => called with interrupts on and without mm->lock
 *
 * Return: see enum fault_result.
 * See: Intel SDM vol. 3A, "Page-Fault Exceptions".
 */
enum fault_result fault_handle(struct mm *mm, vaddr_t address, u64 error_code)
	__must_check;
