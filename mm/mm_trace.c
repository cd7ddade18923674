/*
 * mm_trace.c - see mm_trace.h
 */
#include "mm/mm_trace.h"

#include "kernel/x86_64/smp.h"
#include "mm/commit.h"

/* ---- Counts of frames ---------------------------------------------------- */

void frame_get_traced(struct frame *frame)
{
	TRACE_COUNTS(GET, frame, 1, 0);
	frame_get_untraced(frame);
}

void frame_get_mapped_traced(struct frame *frame)
{
	TRACE_COUNTS(SHARE, frame, 1, 1);
	frame_get_mapped_untraced(frame);
}

void frame_adopt_mapped_traced(struct frame *frame)
{
	TRACE_COUNTS(ADOPT, frame, 0, 1);
	frame_adopt_mapped_untraced(frame);
}

void frame_put_traced(struct frame *frame)
{
	TRACE_COUNTS(PUT, frame, -1, 0);
	frame_put_untraced(frame);
}

void frame_put_mapped_traced(struct frame *frame)
{
	TRACE_COUNTS(DROP, frame, -1, -1);
	frame_put_mapped_untraced(frame);
}

/* ---- Entries of pages ---------------------------------------------------- */

#define TRACE_PTE(name, vma_, va_, pte_)                                       \
	TRACE(name, .space = (u32)(vma_)->mm->pgtable.space.root.val,          \
	      .address = (va_).val, .value = (pte_).raw,                       \
	      .frame = (u32)pte_pfn(pte_).val)

void mm_install_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot, pte_t pte)
{
	mm_install_pte_untraced(vma, va, slot, pte);
	TRACE_PTE(MAP, vma, va, pte);
}

void mm_install_new_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot,
			       pte_t pte)
{
	frame_adopt_mapped_traced(pfn_to_frame(pte_pfn(pte)));
	mm_install_pte_traced(vma, va, slot, pte);
}

void mm_protect_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot, pte_t pte)
{
	pte_t old = pte_load(slot);

	if (pte_is_writable(old) && !pte_is_writable(pte))
		TRACE_PTE(WRITE_PROTECT, vma, va, pte);
	else if (pte_is_writable(pte) && !pte_is_writable(old))
		TRACE_PTE(REUSE, vma, va, pte);
	else
		TRACE_PTE(PROTECT, vma, va, pte);
	mm_protect_pte_untraced(vma, va, slot, pte);
}

pte_t mm_clear_pte_traced(struct vma *vma, vaddr_t va, pte_t *slot)
{
	pte_t old = mm_clear_pte_untraced(vma, va, slot);

	if (pte_has_frame(old))
		TRACE_PTE(UNMAP, vma, va, old);
	return old;
}

/* ---- Whole tables -------------------------------------------------------- */

/*
 * A table is told about before its pages are shared or dropped, one by one: if
 * it has a frame several times, the counts have not followed yet.
 */
static u32 count_before(const pte_t *slots, u64 index)
{
	u64 pfn = pte_pfn(pte_load(&slots[index])).val;
	u32 count = 0;

	for (u64 i = 0; i < index; i++)
		count += pte_pfn(pte_load(&slots[i])).val == pfn;
	return count;
}

void mm_trace_share(const struct vma *vma, const struct vma *child_vma,
		    vaddr_t va, const pte_t *slots, u64 count)
{
	for (u64 i = 0; i < count; i++, va = vaddr_add(va, PAGE_SIZE)) {
		pte_t pte = pte_load(&slots[i]);
		u32 change;

		if (!pte_has_frame(pte))
			continue;
		if (vma_is_cow(vma) && pte_is_writable(pte)) {
			pte = pte_without_write(pte);
			TRACE_PTE(WRITE_PROTECT, vma, va, pte);
		}
		change = count_before(slots, i) + 1;
		TRACE_COUNTS(SHARE, pfn_to_frame(pte_pfn(pte)), change, change);
		TRACE_PTE(MAP, child_vma, va, pte_without_accessed(pte));
	}
}

void mm_trace_drop(const struct vma *vma, vaddr_t va, const pte_t *slots,
		   u64 count)
{
	for (u64 i = 0; i < count; i++, va = vaddr_add(va, PAGE_SIZE)) {
		pte_t pte = pte_load(&slots[i]);
		u32 change;

		if (!pte_has_frame(pte))
			continue;
		TRACE_PTE(UNMAP, vma, va, pte);
		change = count_before(slots, i) + 1;
		TRACE_COUNTS(DROP, pfn_to_frame(pte_pfn(pte)), -change,
			     -change);
	}
}

/* ---- Page faults --------------------------------------------------------- */

void mm_trace_trap_now(const struct trap_frame *frame)
{
	TRACE(FAULT, .address = cr2_read(), .code = (u32)frame->error_code,
	      .value = frame->rip);
}

static inline void fill(struct trace_record *record, const struct fault *fault,
			enum fault_result result)
{
	const struct frame *frame;

	record->kind = (u8)fault->kind;
	record->result = (u8)result;
	record->space = (u32)fault->mm->pgtable.space.root.val;
	record->code = fault->error_code;
	record->address = fault->address.val;
	record->value = fault->slot ? pte_load(fault->slot).raw : 0;
	record->frame = (u32)pte_pfn((pte_t){ record->value }).val;
	record->other = (u32)pte_pfn(fault->seen).val;
	frame = &frame_table[record->frame];
	__builtin_memcpy(&record->refcount, &frame->refcount,
			 sizeof(frame->refcount) + sizeof(frame->mapcount));
}

static __cold void trace_drained(const struct fault *fault,
				 enum fault_result result)
{
	struct trace_record *record = trace_begin();

	record->cpu = 0;
	fill(record, fault, result);
	trace_end(record, EVENT_FAULT_END);
}

/*
 * The one event of the usual ones that is not rare: each field is written once,
 * and nothing is asked twice.
 */
void mm_trace_fault_now(const struct fault *fault, enum fault_result result)
{
	struct trace_record *record;

	if (trace_is_on(TRACE_DRAINED)) {
		trace_drained(fault, result);
		return;
	}
	record = trace_begin();
	fill(record, fault, result);
	trace_end_in_ring(record, EVENT_FAULT_END);
}

/* ---- All there is -------------------------------------------------------- */

static void trace_frames(void)
{
	for (u64 pfn = 0; pfn < frame_count; pfn++) {
		const struct frame *frame = pfn_to_frame(PFN(pfn));

		if (frame->kind != FRAME_FREE && frame->kind != FRAME_RESERVED)
			TRACE_COUNTS(STATE_FRAME, frame, 0, 0);
	}
}

static void trace_mm(struct mm *mm)
{
	struct pgtable_iter it;
	struct vma *vma;

	write_lock(&mm->lock);
	vma_for_each(vma, &mm->vmas)
		pgtable_for_each_slot(it, &mm->pgtable, vma->start, vma->end) {
			pte_t pte = pte_load(it.slot);

			if (pte_has_frame(pte))
				TRACE_PTE(STATE_ENTRY, vma, it.va, pte);
		}
	TRACE(STATE_SPACE, .space = (u32)mm->pgtable.space.root.val,
	      .address = mm->rss_pages, .other = (u32)mm->pgtable.table_pages,
	      .value = mm->charged_pages);
	write_unlock(&mm->lock);
}

void mm_trace_state(void)
{
	struct mm *mm;

	if (!trace_is_on(TRACE_STATE))
		return;
	smp_stop_others();
	spin_lock(&mm_list_lock);
	TRACE(STATE_BEGIN, .address = frame_stats_read().free,
	      .value = commit_total(), .other = (u32)zero_pfn.val);
	trace_frames();
	list_for_each_entry(mm, &mm_list, all_node)
		trace_mm(mm);
	TRACE(STATE_END, .cpu = 0);
	spin_unlock(&mm_list_lock);
	smp_resume_others();
}
