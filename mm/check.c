/*
 * check.c - the invariants as code
 *
 * Walks every address space and every object, recounts what the frame table
 * claims, and panics at the first difference.  Nothing here repairs anything.
 *
 * Locks: all other CPUs are stopped where they hold none; everything is taken
 * in lock order all the same.
 */
#include "mm/check.h"

#include "kernel/lib/printk.h"
#include "kernel/x86_64/smp.h"
#include "mm/commit.h"
#include "mm/mm.h"
#include "mm/object.h"

u64 check_enabled = CALF_DEBUG;

/* A full check after each fault would cost more than the fault. */
#define FAULTS_PER_CHECK 256

/* Every PTE that maps @frame: the evidence in a panic about counts. */
static void log_mappings(const struct frame *frame)
{
	struct mm *mm;

	list_for_each_entry(mm, &mm_list, all_node) {
		struct pgtable_iter it;

		pgtable_for_each_slot(it, &mm->pgtable, VADDR(USER_START),
				      VADDR(USER_END)) {
			pte_t pte = pte_load(it.slot);

			if (pte_has_frame(pte) &&
			    pte_pfn(pte).val == frame_pfn(frame).val)
				log_error(
					"  mapped at %#lx by the mm with root %#lx, PTE %#lx\n",
					it.va.val,
					pfn_to_paddr(mm->pgtable.space.root).val,
					pte.raw);
		}
	}
}

#define CHECK_FRAME(invariant, frame, cond, fmt, ...)                          \
	do {                                                                   \
		if (likely(cond))                                              \
			break;                                                 \
		log_mappings(frame);                                           \
		panic(#invariant " violated: pfn %#lx kind %u: " fmt,          \
		      frame_pfn(frame).val, (frame)->kind, ##__VA_ARGS__);     \
	} while (0)

/* I6: sorted, disjoint, aligned, inside user space, merged. */
static void check_vma_order(struct mm *mm, const struct vma *vma)
{
	const struct vma *next = vma_next(&mm->vmas, vma);

	ASSERT_INVARIANT(I6,
			 is_aligned(vma->start.val, PAGE_SIZE) &&
				 is_aligned(vma->end.val, PAGE_SIZE) &&
				 vma->start.val < vma->end.val &&
				 vma->start.val >= USER_START &&
				 vma->end.val <= USER_END,
			 "area %#lx-%#lx", vma->start.val, vma->end.val);
	mm->vmas.last_found = NULL; /* ask the tree, not the memory of it */
	ASSERT_INVARIANT(I6, vma_find(&mm->vmas, vma->start) == vma,
			 "the tree does not find area %#lx-%#lx",
			 vma->start.val, vma->end.val);
	if (!next)
		return;
	ASSERT_INVARIANT(I6, vma->end.val <= next->start.val,
			 "areas at %#lx and %#lx overlap", vma->start.val,
			 next->start.val);
	ASSERT_INVARIANT(I6, !vma_can_merge(vma, next),
			 "areas at %#lx and %#lx are not merged",
			 vma->start.val, next->start.val);
}

/* I5 and I9 for one entry; counts it for I1. */
static void check_leaf(const struct vma *vma, vaddr_t va, pte_t pte)
{
	struct frame *frame;

	CHECK_FRAME(I5, zero_frame, pte_pfn(pte).val < frame_count,
		    "PTE %#lx at %#lx points beyond memory", pte.raw, va.val);
	frame = pfn_to_frame(pte_pfn(pte));
	frame->check_mapcount++;

	CHECK_FRAME(I5, frame, vma && vma_contains(vma, va),
		    "mapped at %#lx, where no area is", va.val);
	CHECK_FRAME(I5, frame,
		    pte_is_user(pte) &&
			    (!pte_is_present(pte) || vma->flags & VMA_RIGHTS) &&
			    (!pte_is_writable(pte) || vma->flags & VMA_WRITE) &&
			    (!pte_is_executable(pte) || vma->flags & VMA_EXEC),
		    "PTE %#lx at %#lx allows more than its area", pte.raw,
		    va.val);
	CHECK_FRAME(I9, frame, frame != zero_frame || !pte_is_writable(pte),
		    "the zero frame is writable at %#lx", va.val);
	CHECK_FRAME(I11, frame, frame->kind != FRAME_PGTABLE,
		    "a page table is mapped for the user at %#lx", va.val);
	CHECK_FRAME(I3, frame,
		    frame->kind != FRAME_FREE && frame_refcount(frame) != 0,
		    "a free frame is mapped at %#lx", va.val);
	CHECK_FRAME(I4, frame,
		    !pte_is_writable(pte) || !vma_is_cow(vma) ||
			    frame_mapcount(frame) == 1,
		    "writable at %#lx with mapcount %u", va.val,
		    frame_mapcount(frame));
	CHECK_FRAME(I2, frame,
		    !pte_is_writable(pte) || !vma_is_cow(vma) ||
			    frame->kind == FRAME_ANON,
		    "an object holds it, and %#lx may write as if alone",
		    va.val);
}

/*
 * I2 and I7: count the tables at and below @table, each held by the entry that
 * led here (a root: by its owner).  Only @entries of @table are looked at.
 */
static u64 count_tables(struct frame *table, int level, int entries)
{
	const pte_t *entry = frame_ptr(table);
	u64 pages = 1;

	CHECK_FRAME(I2, table, table->kind == FRAME_PGTABLE,
		    "it is no table, but an upper entry points to it");
	CHECK_FRAME(I2, table, !table->check_is_held,
		    "a table with two parents");
	table->check_is_held = true;
	if (level == PGTABLE_LEAF_LEVEL)
		return pages;
	for (int i = 0; i < entries; i++)
		if (pte_is_present(entry[i]) && !pte_is_large(entry[i]))
			pages += count_tables(pfn_to_frame(pte_pfn(entry[i])),
					      level - 1, PGTABLE_ENTRIES);
	return pages;
}

/* Nothing of the kernel is writable and executable. */
static void check_kernel_rights(struct frame *table, int level)
{
	const pte_t *entry = frame_ptr(table);

	for (int i = 0; i < PGTABLE_ENTRIES; i++) {
		if (!pte_is_present(entry[i]))
			continue;
		if (level > PGTABLE_LEAF_LEVEL && !pte_is_large(entry[i])) {
			check_kernel_rights(pfn_to_frame(pte_pfn(entry[i])),
					    level - 1);
			continue;
		}
		if (pte_is_writable(entry[i]) && pte_is_executable(entry[i]))
			panic("the kernel maps pfn %#lx writable and executable",
			      pte_pfn(entry[i]).val);
	}
}

/* The kernel's own, which all roots share the lower tables of. */
static void check_kernel_tables(void)
{
	struct frame *root = pfn_to_frame(kernel_pgtable.space.root);
	u64 tables = count_tables(root, PGTABLE_ROOT_LEVEL, PGTABLE_ENTRIES);

	ASSERT_INVARIANT(I7, tables == kernel_pgtable.table_pages,
			 "%lu table pages of the kernel, counted %lu",
			 kernel_pgtable.table_pages, tables);
	check_kernel_rights(root, PGTABLE_ROOT_LEVEL);
}

/* I12: a root differs from the kernel's in its lower half only. */
static void check_kernel_half(const struct mm *mm)
{
	const pte_t *entries = pfn_to_ptr(mm->pgtable.space.root);
	const pte_t *kernel = pfn_to_ptr(kernel_pgtable.space.root);

	for (int i = PGTABLE_KERNEL_INDEX; i < PGTABLE_ENTRIES; i++)
		ASSERT_INVARIANT(I12,
				 pte_pfn(entries[i]).val ==
						 pte_pfn(kernel[i]).val &&
					 pte_is_present(entries[i]) ==
						 pte_is_present(kernel[i]),
				 "root entry %d is %#lx, the kernel's %#lx", i,
				 entries[i].raw, kernel[i].raw);
}

static void check_mm_counters(struct mm *mm, u64 rss)
{
	u64 tables = count_tables(pfn_to_frame(mm->pgtable.space.root),
				  PGTABLE_ROOT_LEVEL, PGTABLE_KERNEL_INDEX);
	u64 kind_pages[VMA_KINDS] = { 0 };
	u64 committed = 0;
	u64 locked = 0;
	u64 total = 0;
	u64 count = 0;
	struct vma *vma;

	vma_for_each(vma, &mm->vmas) {
		check_vma_order(mm, vma);
		total += vma_pages(vma);
		committed += vma->flags & VMA_ACCOUNT ? vma_pages(vma) : 0;
		kind_pages[vma_flags_kind(vma->flags)] += vma_pages(vma);
		locked += vma->flags & VMA_LOCKED ? vma_pages(vma) : 0;
		count++;
	}
	for (int kind = 0; kind < VMA_KINDS; kind++)
		ASSERT_INVARIANT(I7, kind_pages[kind] == mm->kind_pages[kind],
				 "%lu pages of kind %d, counted %lu",
				 mm->kind_pages[kind], kind, kind_pages[kind]);
	ASSERT_INVARIANT(I7, locked == mm->locked_pages,
			 "%lu pages locked, counted %lu", mm->locked_pages,
			 locked);
	ASSERT_INVARIANT(I6, count == mm->vmas.count, "%lu areas, counted %lu",
			 mm->vmas.count, count);
	ASSERT_INVARIANT(I7, rss == mm->rss_pages, "rss is %lu, counted %lu",
			 mm->rss_pages, rss);
	ASSERT_INVARIANT(I7, tables == mm->pgtable.table_pages,
			 "%lu table pages, counted %lu",
			 mm->pgtable.table_pages, tables);
	ASSERT_INVARIANT(I7, total == mm->total_pages,
			 "%lu pages of areas, counted %lu", mm->total_pages,
			 total);
	ASSERT_INVARIANT(I8,
			 committed == mm->committed_pages &&
				 committed == mm->charged_pages,
			 "%lu pages committed, %lu charged, counted %lu",
			 mm->committed_pages, mm->charged_pages, committed);
}

static void check_mm(struct mm *mm)
{
	struct vma *vma = NULL;
	struct pgtable_iter it;
	u64 rss = 0;

	write_lock(&mm->lock);
	check_kernel_half(mm);
	pgtable_for_each_slot(it, &mm->pgtable, VADDR(0), VADDR(USER_END)) {
		pte_t pte = pte_load(it.slot);

		if (!pte_has_frame(pte))
			continue;
		if (!vma || !vma_contains(vma, it.va))
			vma = vma_find(&mm->vmas, it.va);
		check_leaf(vma, it.va, pte);
		rss += pte_pfn(pte).val != zero_pfn.val;
	}
	check_mm_counters(mm, rss);
	write_unlock(&mm->lock);
}

static void check_object_frame(struct object *object, u64 index,
			       struct frame *frame)
{
	CHECK_FRAME(I2, frame, frame->kind == FRAME_OBJECT,
		    "page %lu of an object of %lu bytes", index,
		    object->size_bytes);
	/* The object's own reference, told apart from PTEs' below. */
	frame->check_is_held = true;
}

/* References that are neither PTEs, nor an object's, nor a table's parent. */
static u32 named_holders(const struct frame *frame)
{
	u32 pins = frame->kind == FRAME_FREE ? 0 : frame->pincount;

	switch ((enum frame_kind)frame->kind) {
	case FRAME_RESERVED:
	case FRAME_KERNEL:
	case FRAME_ZERO:
		return pins + 1;
	case FRAME_FREE:
	case FRAME_ANON:
	case FRAME_OBJECT: /* its object: check_is_held */
	case FRAME_PGTABLE: /* its parent: check_is_held */
		return pins;
	}
	return pins;
}

/* I1, I2, I3 for one frame, after all PTEs and objects were counted. */
static void check_counts(struct frame *frame)
{
	u32 holders = named_holders(frame) + frame->check_is_held;

	CHECK_FRAME(I1, frame, frame_mapcount(frame) == frame->check_mapcount,
		    "mapcount %u, but %u PTEs map it", frame_mapcount(frame),
		    frame->check_mapcount);
	CHECK_FRAME(I2, frame,
		    frame_refcount(frame) == frame_mapcount(frame) + holders,
		    "refcount %u, mapcount %u, other holders %u",
		    frame_refcount(frame), frame_mapcount(frame), holders);
	CHECK_FRAME(I2, frame,
		    frame->kind != FRAME_OBJECT || frame->check_is_held ||
			    frame_mapcount(frame) == 0,
		    "mapped, but its object has let go of it");
	CHECK_FRAME(I3, frame,
		    (frame->kind == FRAME_FREE) == (frame_refcount(frame) == 0),
		    "refcount %u", frame_refcount(frame));
}

static void check_frame_table(void)
{
	struct frame_stats stats = frame_stats_read();
	u64 free = 0;

	for (u64 i = 0; i < frame_count; i++) {
		check_counts(&frame_table[i]);
		free += frame_table[i].kind == FRAME_FREE;
	}
	ASSERT_INVARIANT(I3, free == stats.free,
			 "%lu frames are free, counted %lu", stats.free, free);
}

void check_all(void)
{
	u64 committed;
	struct mm *mm;

	/* Before anything is counted: another CPU may be promised a page. */
	smp_stop_others();
	committed = object_committed();
	for (u64 i = 0; i < frame_count; i++) {
		frame_table[i].check_mapcount = 0;
		frame_table[i].check_is_held = false;
	}
	spin_lock(&mm_list_lock);
	check_kernel_tables();
	list_for_each_entry(mm, &mm_list, all_node) {
		check_mm(mm);
		committed += mm->charged_pages;
	}
	ASSERT_INVARIANT(I8, committed == commit_total(),
			 "%lu pages promised in all, counted %lu",
			 commit_total(), committed);
	object_visit_frames(check_object_frame);
	check_frame_table();
	spin_unlock(&mm_list_lock);
	smp_resume_others();
}

void check_event(void)
{
	if (CALF_DEBUG && check_enabled)
		check_all();
}

void check_fault_counted(void)
{
	static u64 faults;

	if (check_enabled && __atomic_add_fetch(&faults, 1, __ATOMIC_RELAXED) %
					     FAULTS_PER_CHECK ==
				     0)
		check_all();
}
