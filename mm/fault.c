/*
 * fault.c - the page fault: is the access allowed, and which case is it?
 *
 *   area     PTE       access            case             counted as
 *   ------------------------------------------------------------------
 *   none     -         any               1  no area       segv
 *   none     -         below a stack     2  stack         stack_grow
 *   any      any       not allowed       3  no right      segv
 *   private  absent    read              4A untouched     zero_map
 *   private  absent    write             4B untouched     zero_fill
 *   object   absent    read, or shared   5A page of it    file_map
 *   object   absent    write, private    5B page of it    cow_copy
 *   any      R/W = 0   write             6  mm/cow.c      cow_copy, cow_reuse
 *   any      allows it any               7  came late     spurious
 *
 * Owns: this decision, and the cases of absent pages.  Copy or reuse is
 * decided in mm/cow.c, signals and the OOM killer are the caller's.
 * Invariants: I4, I5, I9 where entries are written (mm/mm.h); I14: what can fail
 * does so before the first PTE is written.
 * Locks: mm->lock for reading, from the look-up of the area to the new PTE;
 * the lock of the page, from the look at the old PTE on.
 * Sources: Intel SDM vol. 3A, "Page-Fault Exceptions"; Linux v6.12
 * mm/memory.c handle_pte_fault(), for the cases.
 */
#include "mm/fault.h"

#include "kernel/lib/errno.h"
#include "mm/check.h"
#include "mm/cow.h"
#include "mm/map.h"
#include "mm/mm.h"
#include "mm/mm_trace.h"
#include "mm/object.h"

const char *const fault_kind_names[FAULT_KINDS] = {
	[FAULT_ZERO_FILL] = "zero_fill",   [FAULT_ZERO_MAP] = "zero_map",
	[FAULT_FILE_MAP] = "file_map",	   [FAULT_COW_COPY] = "cow_copy",
	[FAULT_COW_REUSE] = "cow_reuse",   [FAULT_SPURIOUS] = "spurious",
	[FAULT_STACK_GROW] = "stack_grow", [FAULT_SEGV] = "segv",
};

struct fault_counts fault_totals;

pte_t fault_used_pte(const struct fault *fault, const struct frame *frame,
		     bool writable)
{
	pte_t pte = pte_make(frame_pfn(frame),
			     vma_pte_rights(fault->vma, writable));

	pte = pte_with_accessed(pte);
	return fault->is_write ? pte_with_dirty(pte) : pte;
}

/*
 * Case 4A: memory that was never written reads as zeros.  All of it shares
 * the one zero frame, read-only: a write comes back as case 6 and
 * copies, as the frame's pin keeps its refcount above 1.
 */
static enum fault_result map_zero_frame(struct fault *fault)
{
	fault->kind = FAULT_ZERO_MAP;
	frame_get_mapped(zero_frame);
	mm_install_pte(fault->vma, fault->address, fault->slot,
		       fault_used_pte(fault, zero_frame, false));
	return FAULT_DONE;
}

/* Case 4B: written before it was ever read; a frame of its own, at once. */
static enum fault_result fill_zeroed_frame(struct fault *fault)
{
	struct frame *frame = frame_alloc_zeroed(FRAME_ANON);

	fault->kind = FAULT_ZERO_FILL;
	if (!frame)
		return FAULT_OOM;
	frame_adopt_mapped(frame);
	mm_install_pte(fault->vma, fault->address, fault->slot,
		       fault_used_pte(fault, frame, true));
	return FAULT_DONE;
}

/*
 * Case 5: the page belongs to an object.  A shared mapping gets the object's
 * own frame with the area's full rights; a private one gets it read-only
 * (5A), or a copy at once if this is a write (5B).
 */
static enum fault_result map_object_page(struct fault *fault)
{
	struct vma *vma = fault->vma;
	struct frame *frame;
	enum fault_result result = FAULT_DONE;
	int error = object_get_frame(
		vma->object, vma_object_index(vma, fault->address), &frame);

	if (error)
		return error == -ENOMEM ? FAULT_OOM : FAULT_SIGBUS;
	if (fault->is_write && vma_is_cow(vma)) {
		result = cow_copy(fault, frame);
		frame_put(frame);
		return result;
	}
	fault->kind = FAULT_FILE_MAP;
	frame_adopt_mapped(frame);
	mm_install_pte(vma, fault->address, fault->slot,
		       fault_used_pte(fault, frame, !vma_is_cow(vma)));
	return result;
}

static enum fault_result map_absent_page(struct fault *fault)
{
	if (fault->vma->object)
		return map_object_page(fault);
	if (fault->is_write)
		return fill_zeroed_frame(fault);
	return map_zero_frame(fault);
}

/* Case 3.  A writable page can be read as well: the CPU has no bit for it. */
static bool is_access_allowed(const struct fault *fault)
{
	if (fault->is_write)
		return fault->vma->flags & VMA_WRITE;
	if (fault->is_fetch)
		return fault->vma->flags & VMA_EXEC;
	return fault->vma->flags & VMA_RIGHTS;
}

/* => the lock of the page is held; what does the PTE say? */
static enum fault_result resolve_page(struct fault *fault)
{
	fault->seen = pte_load(fault->slot);
	if (!pte_has_frame(fault->seen))
		return map_absent_page(fault);
	if (fault->is_write && !pte_is_writable(fault->seen))
		return cow_break(fault);

	/*
	 * Case 7: another thread was faster, or this CPU's TLB still had a
	 * narrower entry.  The fault itself made the CPU drop that one
	 * (SDM vol. 3A, "Invalidation of TLBs": #PF), so a retry is enough.
	 */
	fault->kind = FAULT_SPURIOUS;
	return FAULT_DONE;
}

/* => the access is allowed */
static enum fault_result resolve(struct fault *fault)
{
	struct spinlock *page_lock = mm_page_lock(fault->mm, fault->address);
	enum fault_result result;

	fault->slot = pgtable_create(&fault->mm->pgtable, fault->address);
	if (!fault->slot)
		return FAULT_OOM;
	spin_lock(page_lock);
	result = resolve_page(fault);
	spin_unlock(page_lock);
	if (result == FAULT_DONE && fault->is_write)
		vma_note_written(fault->vma);
	return result;
}

static enum fault_result handle_locked(struct fault *fault)
{
	fault->kind = FAULT_SEGV;
	if (fault->mm->is_reaped)
		return FAULT_SIGBUS; /* not zeros where there was data */
	if (!fault->vma)
		return FAULT_SIGSEGV_MAPERR;
	if (!is_access_allowed(fault))
		return FAULT_SIGSEGV_ACCERR;
	return resolve(fault);
}

/* Case 2, if another thread was not faster.  => mm->lock is not held */
static bool grow_stack(struct fault *fault)
{
	struct mm *mm = fault->mm;
	struct vma *above;
	bool has_grown;

	write_lock(&mm->lock);
	above = vma_find_above(&mm->vmas, fault->address);
	has_grown = above && !vma_contains(above, fault->address) &&
		    map_grow_stack(above, fault->address) == 0;
	write_unlock(&mm->lock);
	return has_grown;
}

enum fault_result fault_handle(struct mm *mm, vaddr_t address, u64 error_code)
{
	struct fault fault = {
		.mm = mm,
		.address = vaddr_page(address),
		.error_code = (u32)error_code,
	};
	bool has_grown = false;
	enum fault_result result;

	ASSERT(!(error_code & PF_RESERVED));
	read_lock(&mm->lock);
	fault.vma = vma_find(&mm->vmas, fault.address);
	if (unlikely(!fault.vma)) {
		read_unlock(&mm->lock);
		has_grown = grow_stack(&fault);
		read_lock(&mm->lock);
		fault.vma = vma_find(&mm->vmas, fault.address);
	}
	result = handle_locked(&fault);
	if (has_grown && fault.kind != FAULT_SEGV)
		fault.kind = FAULT_STACK_GROW;
	/* Without memory it was not resolved, and will come again. */
	if (result != FAULT_OOM) {
		__atomic_fetch_add(&mm->faults.count[fault.kind], 1,
				   __ATOMIC_RELAXED);
		__atomic_fetch_add(&fault_totals.count[fault.kind], 1,
				   __ATOMIC_RELAXED);
	}
	mm_trace_fault(&fault, result);
	read_unlock(&mm->lock);
	check_fault_event();
	return result;
}
