/*
 * mm.c - the life of an address space, and the one place where a user PTE
 *        is written
 */
#include "mm/mm.h"

#include "kernel/lib/string.h"
#include "mm/kmem.h"
#include "mm/map.h"
#include "mm/object.h"

static struct kmem_cache mm_cache = KMEM_CACHE("mm", struct mm);

struct list_node mm_list = LIST_INIT(mm_list);
struct spinlock mm_list_lock = SPINLOCK_INIT("mm_list");

struct mm *mm_create(void)
{
	struct mm *mm = kmem_cache_alloc_zeroed(&mm_cache);

	if (!mm)
		return NULL;
	if (pgtable_init(&mm->pgtable) != 0) {
		kmem_cache_free(&mm_cache, mm);
		return NULL;
	}
	mm->refcount = 1;
	mm->stack_limit_bytes = STACK_LIMIT_BYTES;
	spinlock_init(&mm->lock, "mm");
	vma_set_init(&mm->vmas);

	spin_lock(&mm_list_lock);
	list_push_back(&mm_list, &mm->all_node);
	spin_unlock(&mm_list_lock);
	return mm;
}

void mm_get(struct mm *mm)
{
	__atomic_fetch_add(&mm->refcount, 1, __ATOMIC_RELAXED);
}

void mm_copy_layout(struct mm *mm, const struct mm *parent)
{
	mm->brk_start = parent->brk_start;
	mm->brk = parent->brk;
	mm->stack_limit_bytes = parent->stack_limit_bytes;
	mm->arg_start = parent->arg_start;
	mm->arg_end = parent->arg_end;
	mm->env_start = parent->env_start;
	mm->env_end = parent->env_end;
	mm->stack_top = parent->stack_top;
}

static void unmap_everything(struct mm *mm)
{
	spin_lock(&mm->lock);
	while (!list_is_empty(&mm->vmas.list)) {
		struct vma *vma =
			list_first_entry(&mm->vmas.list, struct vma, list_node);
		int error = map_unmap_locked(mm, vma->start, vma->end);

		ASSERT(error == 0); /* nothing has to be split */
	}
	ASSERT_INVARIANT(I7, mm->rss_pages == 0, "%lu pages are left at exit",
			 mm->rss_pages);
	spin_unlock(&mm->lock);
}

void mm_put(struct mm *mm)
{
	if (__atomic_fetch_sub(&mm->refcount, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	spin_lock(&mm_list_lock);
	list_remove(&mm->all_node);
	spin_unlock(&mm_list_lock);

	/*
	 * Nobody can come back to this space, so leave it first: then the
	 * flushes below find no CPU to wait for.
	 */
	tlb_space_destroy(&mm->pgtable.space, &kernel_pgtable.space);
	unmap_everything(mm);
	pgtable_destroy(&mm->pgtable);
	kmem_cache_free(&mm_cache, mm);
}

void mm_assert_pte_allowed(const struct vma *vma, vaddr_t va, pte_t pte)
{
	const struct frame *frame;

	if (!pte_has_frame(pte))
		return;
	frame = pfn_to_frame(pte_pfn(pte));
	ASSERT_INVARIANT(I5, vma_contains(vma, va) && pte_is_user(pte),
			 "%#lx is outside %#lx-%#lx", va.val, vma->start.val,
			 vma->end.val);
	ASSERT_INVARIANT(I5, !pte_is_present(pte) || vma->flags & VMA_RIGHTS,
			 "PTE of %#lx is readable, its area is not", va.val);
	ASSERT_INVARIANT(I5, !pte_is_writable(pte) || vma->flags & VMA_WRITE,
			 "PTE of %#lx is writable, its area is not", va.val);
	ASSERT_INVARIANT(I5, !pte_is_executable(pte) || vma->flags & VMA_EXEC,
			 "PTE of %#lx is executable, its area is not", va.val);
	ASSERT_INVARIANT(I9, !pte_is_writable(pte) || frame != zero_frame,
			 "the zero frame is made writable at %#lx", va.val);
	ASSERT_INVARIANT(I4,
			 !pte_is_writable(pte) || !vma_is_cow(vma) ||
				 frame_mapcount(frame) == 1,
			 "pfn %#lx is made writable at %#lx, mapcount %u",
			 frame_pfn(frame).val, va.val, frame_mapcount(frame));
}

/*
 * Frames whose PTEs are gone but which some CPU may still reach through its
 * TLB.  One flush serves them all, then they are dropped (I13).
 */
#define UNMAP_BATCH 64

struct unmap_batch {
	struct mm *mm;
	vaddr_t start; /* the pages to flush */
	vaddr_t end;
	unsigned int count;
	struct frame *frames[UNMAP_BATCH];
};

static void finish_batch(struct unmap_batch *batch)
{
	if (batch->count == 0)
		return;
	tlb_flush_range(&batch->mm->pgtable.space, batch->start, batch->end);
	for (unsigned int i = 0; i < batch->count; i++)
		frame_put_mapped(batch->frames[i]);
	batch->count = 0;
}

void mm_unmap_pages(struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct unmap_batch batch = { .mm = vma->mm };
	struct pgtable_iter it;

	vma->mm->rss_peak_pages = mm_rss_peak(vma->mm);
	pgtable_for_each_slot(it, &vma->mm->pgtable, start, end) {
		pte_t old;

		if (!pte_has_frame(pte_load(it.slot)))
			continue;
		if (batch.count == 0)
			batch.start = it.va;
		batch.end = vaddr_add(it.va, PAGE_SIZE);
		old = mm_clear_pte(vma, it.va, it.slot);
		batch.frames[batch.count++] = pfn_to_frame(pte_pfn(old));
		if (batch.count == UNMAP_BATCH)
			finish_batch(&batch);
	}
	finish_batch(&batch);
}

void mm_add_vma(struct mm *mm, struct vma *vma)
{
	vma->mm = mm;
	vma_insert(&mm->vmas, vma);
	mm->total_pages += vma_pages(vma);
	if (vma_is_accountable(vma))
		mm->committed_pages += vma_pages(vma);
}

void mm_remove_vma(struct mm *mm, struct vma *vma)
{
	vma_remove(&mm->vmas, vma);
	mm->total_pages -= vma_pages(vma);
	if (vma_is_accountable(vma))
		mm->committed_pages -= vma_pages(vma);
}
