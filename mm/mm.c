/*
 * mm.c - the life of an address space, and the one place where a user PTE
 *        is written
 */
#include "mm/mm.h"

#include "kernel/lib/string.h"
#include "mm/commit.h"
#include "mm/kmem.h"
#include "mm/mm_trace.h"
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
	mm->limits = (struct mm_limits){
		.total_bytes = MM_UNLIMITED,
		.data_bytes = MM_UNLIMITED,
		.stack_bytes = STACK_LIMIT_BYTES,
		.locked_bytes = MM_UNLIMITED,
	};
	rwlock_init(&mm->lock, "mm");
	for (unsigned int i = 0; i < MM_PAGE_LOCKS; i++)
		spinlock_init(&mm->page_locks[i], "page");
	vma_set_init(&mm->vmas);

	TRACE(SPACE_NEW, .space = (u32)mm->pgtable.space.root.val);
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
	mm->limits = parent->limits;
	mm->arg_start = parent->arg_start;
	mm->arg_end = parent->arg_end;
	mm->env_start = parent->env_start;
	mm->env_end = parent->env_end;
	mm->stack_top = parent->stack_top;
	mm->code_start = parent->code_start;
	mm->code_end = parent->code_end;
	mm->data_start = parent->data_start;
	mm->data_end = parent->data_end;
}

/*
 * From the lowest area up: each table goes with the last area it serves.
 * Areas that are served by the same leaf table are taken together.
 */
static void free_all_tables(struct mm *mm)
{
	u64 span = pgtable_entry_bytes(PGTABLE_LEAF_LEVEL + 1);
	struct pgtable_hole hole = { .floor = VADDR(0) };
	struct vma *vma;

	vma_for_each(vma, &mm->vmas) {
		if (vma->start.val >= align_up(hole.end.val, span)) {
			hole.ceiling = vma->start;
			pgtable_free_hole(&mm->pgtable, &hole);
			hole.start = vma->start;
		}
		hole.end = vma->end;
	}
	hole.ceiling = VADDR(PGTABLE_USER_END);
	pgtable_free_hole(&mm->pgtable, &hole);
}

/*
 * Drop every frame at the end of an mm.  No CPU can reach them any more, and
 * the tables go next: there is no entry to clear and nothing to flush.
 */
static void drop_pages(struct vma *vma)
{
	struct pgtable_iter it =
		pgtable_iter_start(&vma->mm->pgtable, vma->start, vma->end);

	for (; it.slot; pgtable_iter_next_table(&it)) {
		u64 count = pgtable_iter_slots_left(&it);
		const pte_t *slots = it.slot;

		if (trace_is_on(TRACE_MEMORY))
			mm_trace_drop(vma, it.va, slots, count);
		for (u64 i = 0; i < count; i++) {
			pte_t pte = pte_load(&slots[i]);

			if (pte_has_frame(pte))
				frame_put_mapped_untraced(
					pfn_to_frame(pte_pfn(pte)));
		}
	}
}

/*
 * Under mm->lock, although no task is left: someone who cuts a file may still
 * find our areas through the object (mm/object_map.c).
 */
static void destroy_contents(struct mm *mm)
{
	struct vma *vma;
	struct vma *next;

	write_lock(&mm->lock);
	vma_for_each(vma, &mm->vmas)
		drop_pages(vma);
	free_all_tables(mm);
	list_for_each_entry_safe(vma, next, &mm->vmas.list, list_node)
		vma_free(vma);
	write_unlock(&mm->lock);
}

/* Present pages of @vma that belong to its object. */
static u64 count_object_pages(const struct vma *vma)
{
	struct pgtable_iter it;
	u64 pages = 0;

	if (!vma->object)
		return 0;
	pgtable_for_each_slot(it, &vma->mm->pgtable, vma->start, vma->end) {
		pte_t pte = pte_load(it.slot);

		if (pte_is_present(pte) &&
		    pfn_to_frame(pte_pfn(pte))->kind == FRAME_OBJECT)
			pages++;
	}
	return pages;
}

struct mm_rss mm_rss_read(const struct mm *mm)
{
	struct mm_rss rss = { .anonymous = mm->rss_pages };
	const struct vma *vma;

	ASSERT(write_is_held(&mm->lock));
	vma_for_each(vma, &mm->vmas) {
		u64 pages = count_object_pages(vma);

		rss.anonymous -= pages;
		if (vma->object && vma->object->is_anonymous)
			rss.shared += pages;
		else
			rss.files += pages;
	}
	return rss;
}

/* ---- Out of memory ------------------------------------------------------- */

static u32 oom_victims; /* atomic */
static u64 oom_ends; /* atomic */

u32 mm_oom_victims(void)
{
	return __atomic_load_n(&oom_victims, __ATOMIC_ACQUIRE);
}

u64 mm_oom_ends(void)
{
	return __atomic_load_n(&oom_ends, __ATOMIC_ACQUIRE);
}

void mm_mark_oom_victim(struct mm *mm)
{
	write_lock(&mm->lock);
	if (!mm->is_oom_victim)
		__atomic_fetch_add(&oom_victims, 1, __ATOMIC_RELAXED);
	mm->is_oom_victim = true;
	write_unlock(&mm->lock);
}

/* => nobody waits for the memory of @mm any more; called once */
static void victim_is_done(const struct mm *mm)
{
	if (likely(!mm->is_oom_victim))
		return;
	/* In this order: who finds no victim any more finds the end. */
	__atomic_fetch_add(&oom_ends, 1, __ATOMIC_RELEASE);
	__atomic_fetch_sub(&oom_victims, 1, __ATOMIC_RELEASE);
}

void mm_reap(struct mm *mm)
{
	struct vma *vma;

	write_lock(&mm->lock);
	if (mm->is_oom_victim && !mm->is_reaped) {
		/* Shared memory would stay: others or a file hold it. */
		vma_for_each(vma, &mm->vmas)
			if (!(vma->flags & VMA_SHARED))
				mm_unmap_pages(vma, vma->start, vma->end);
		mm->is_reaped = true;
		victim_is_done(mm);
	}
	write_unlock(&mm->lock);
}

bool mm_put(struct mm *mm)
{
	if (__atomic_fetch_sub(&mm->refcount, 1, __ATOMIC_ACQ_REL) > 1)
		return false;
	TRACE(SPACE_END, .space = (u32)mm->pgtable.space.root.val);
	spin_lock(&mm_list_lock);
	list_remove(&mm->all_node);
	spin_unlock(&mm_list_lock);

	/*
	 * Nobody can come back to this space, so leave it first: then the
	 * flushes below find no CPU to wait for.
	 */
	tlb_space_destroy(&mm->pgtable.space, &kernel_pgtable.space);
	destroy_contents(mm);
	commit_uncharge(mm->charged_pages);
	pgtable_destroy(&mm->pgtable);
	if (!mm->is_reaped)
		victim_is_done(mm);
	kmem_cache_free(&mm_cache, mm);
	return true;
}

/* ---- Page-table entries -------------------------------------------------- */

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
 * Unmap up to this many pages, flush once for all, then drop the frames.  Until
 * the flush some CPU may still reach them through its TLB (I13).
 */
#define UNMAP_BATCH 64

/* Does the area have this frame for itself, whatever its object holds? */
static bool is_private_copy(pte_t pte)
{
	return pfn_to_frame(pte_pfn(pte))->kind == FRAME_ANON;
}

/* => @count <= UNMAP_BATCH slots of one table, the first one for @va */
static void unmap_batch(struct vma *vma, vaddr_t va, pte_t *slots, u64 count,
			bool even_copies)
{
	struct frame *frames[UNMAP_BATCH];
	vaddr_t first = va;
	vaddr_t last = va;
	u64 found = 0;

	for (u64 i = 0; i < count; i++) {
		pte_t old = pte_load(&slots[i]);

		if (!pte_has_frame(old) ||
		    (!even_copies && is_private_copy(old)))
			continue;
		last = vaddr_add(va, i * PAGE_SIZE);
		if (found == 0)
			first = last;
		old = mm_clear_pte(vma, last, &slots[i]);
		frames[found++] = pfn_to_frame(pte_pfn(old));
	}
	if (found == 0)
		return;
	tlb_flush_range(&vma->mm->pgtable.space, first,
			vaddr_add(last, PAGE_SIZE));
	for (u64 i = 0; i < found; i++)
		frame_put_mapped(frames[i]);
}

static void unmap_range(struct vma *vma, vaddr_t start, vaddr_t end,
			bool even_copies)
{
	struct pgtable_iter it =
		pgtable_iter_start(&vma->mm->pgtable, start, end);

	vma->mm->rss_peak_pages = mm_rss_peak(vma->mm);
	for (; it.slot; pgtable_iter_next_table(&it)) {
		u64 slots = pgtable_iter_slots_left(&it);

		for (u64 i = 0; i < slots; i += UNMAP_BATCH)
			unmap_batch(vma, vaddr_add(it.va, i * PAGE_SIZE),
				    &it.slot[i],
				    min_u64(slots - i, UNMAP_BATCH),
				    even_copies);
	}
}

void mm_unmap_pages(struct vma *vma, vaddr_t start, vaddr_t end)
{
	unmap_range(vma, start, end, true);
}

void mm_unmap_object_pages(struct vma *vma, vaddr_t start, vaddr_t end)
{
	unmap_range(vma, start, end, false);
}

void mm_count_pages(const struct vma *vma, i64 pages)
{
	struct mm *mm = vma->mm;

	if (pages < 0)
		mm->total_peak_pages = mm_total_peak(mm);
	mm->total_pages += (u64)pages;
	mm->kind_pages[vma_flags_kind(vma->flags)] += (u64)pages;
	if (vma->flags & VMA_ACCOUNT)
		mm->committed_pages += (u64)pages;
	if (vma->flags & VMA_LOCKED)
		mm->locked_pages += (u64)pages;
}

void mm_add_vma(struct mm *mm, struct vma *vma)
{
	vma->mm = mm;
	vma_insert(&mm->vmas, vma);
	mm_count_pages(vma, (i64)vma_pages(vma));
}

void mm_remove_vma(struct mm *mm, struct vma *vma)
{
	vma_remove(&mm->vmas, vma);
	mm_count_pages(vma, -(i64)vma_pages(vma));
}

void mm_set_vma_flags(struct vma *vma, u32 flags)
{
	mm_count_pages(vma, -(i64)vma_pages(vma));
	vma->flags = flags;
	mm_count_pages(vma, (i64)vma_pages(vma));
}

bool mm_may_grow(const struct mm *mm, u32 flags, u64 pages)
{
	if (mm->total_pages + pages > mm->limits.total_bytes >> PAGE_SHIFT)
		return false;
	return vma_flags_kind(flags) != VMA_KIND_DATA ||
	       mm_may_grow_data(mm, pages);
}
