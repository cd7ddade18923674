/*
 * procfs_smaps.c - /proc/PID/smaps and smaps_rollup: who pays for which page
 *
 * Of each page in memory these ask: is it shared (mapcount of 2 or more), is it
 * dirty, was it used?  Pss, the proportional set size, counts 1/n of a page
 * that n entries map, so the Pss of all processes together is what they use.
 * The zero frame counts nowhere, as it is nobody's.
 * Source: Linux v6.12 fs/proc/task_mmu.c, smaps_account(), __show_smap().
 */
#include "kernel/fs/procfs.h"

#include "kernel/proc/task.h"
#include "mm/mm.h"
#include "mm/object.h"

/* Pss is summed in fractions of a byte, so that the thirds add up. */
#define PSS_SHIFT 12

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

/* Pages; the ones of Pss in 1 / 2^PSS_SHIFT bytes. */
struct sums {
	u64 size;
	u64 rss;
	u64 pss;
	u64 pss_dirty;
	u64 pss_anonymous;
	u64 pss_file;
	u64 pss_shared_memory;
	u64 shared_clean;
	u64 shared_dirty;
	u64 private_clean;
	u64 private_dirty;
	u64 referenced;
	u64 anonymous;
	u64 locked; /* Pss of areas that are locked */
};

static void add_page(struct sums *sums, const struct vma *vma, pte_t pte)
{
	const struct frame *frame = pfn_to_frame(pte_pfn(pte));
	u32 mapcount = frame_mapcount(frame);
	bool is_shared = mapcount >= 2;
	u64 pss = (PAGE_SIZE << PSS_SHIFT) / (is_shared ? mapcount : 1);

	sums->rss++;
	sums->pss += pss;
	if (vma->flags & VMA_LOCKED)
		sums->locked += pss;
	if (pte_is_accessed(pte))
		sums->referenced++;
	if (frame->kind == FRAME_ANON) {
		sums->anonymous++;
		sums->pss_anonymous += pss;
	} else if (vma->object && vma->object->is_anonymous) {
		sums->pss_shared_memory += pss;
	} else {
		sums->pss_file += pss;
	}
	/* A private frame holds what was written, whoever has written it. */
	if (pte_is_dirty(pte) || frame->kind == FRAME_ANON) {
		sums->pss_dirty += pss;
		*(is_shared ? &sums->shared_dirty : &sums->private_dirty) += 1;
	} else {
		*(is_shared ? &sums->shared_clean : &sums->private_clean) += 1;
	}
}

/* => mm->lock is held */
static void add_vma(struct sums *sums, const struct vma *vma)
{
	struct pgtable_iter it;

	sums->size += vma_pages(vma);
	pgtable_for_each_slot(it, &vma->mm->pgtable, vma->start, vma->end) {
		pte_t pte = pte_load(it.slot);

		if (mm_counts_in_rss(pte))
			add_page(sums, vma, pte);
	}
}

static void show_kib(struct text *text, const char *name, u64 kib)
{
	text_printf(text, "%-16s%8lu kB\n", name, kib);
}

static void show_pages(struct text *text, const char *name, u64 pages)
{
	show_kib(text, name, pages * KIB_PER_PAGE);
}

static void show_pss(struct text *text, const char *name, u64 pss)
{
	show_kib(text, name, pss >> (PSS_SHIFT + 10));
}

/* @is_rollup: of a whole process, with Pss by kind of memory */
static void show_sums(struct text *text, const struct sums *sums,
		      bool is_rollup)
{
	show_pages(text, "Rss:", sums->rss);
	show_pss(text, "Pss:", sums->pss);
	show_pss(text, "Pss_Dirty:", sums->pss_dirty);
	if (is_rollup) {
		show_pss(text, "Pss_Anon:", sums->pss_anonymous);
		show_pss(text, "Pss_File:", sums->pss_file);
		show_pss(text, "Pss_Shmem:", sums->pss_shared_memory);
	}
	show_pages(text, "Shared_Clean:", sums->shared_clean);
	show_pages(text, "Shared_Dirty:", sums->shared_dirty);
	show_pages(text, "Private_Clean:", sums->private_clean);
	show_pages(text, "Private_Dirty:", sums->private_dirty);
	show_pages(text, "Referenced:", sums->referenced);
	show_pages(text, "Anonymous:", sums->anonymous);
	/* What Calf has none of. */
	show_pages(text, "KSM:", 0);
	show_pages(text, "LazyFree:", 0);
	show_pages(text, "AnonHugePages:", 0);
	show_pages(text, "ShmemPmdMapped:", 0);
	show_pages(text, "FilePmdMapped:", 0);
	show_pages(text, "Shared_Hugetlb:", 0);
	show_pages(text, "Private_Hugetlb:", 0);
	show_pages(text, "Swap:", 0);
	show_pages(text, "SwapPss:", 0);
	show_pss(text, "Locked:", sums->locked);
}

/* Linux's two letters for each flag, in its order. */
struct flag_name {
	u32 flag;
	const char *name;
};

static const struct flag_name early_flags[] = {
	{ VMA_READ, "rd " },
	{ VMA_WRITE, "wr " },
	{ VMA_EXEC, "ex " },
	{ VMA_SHARED, "sh " },
};

static const struct flag_name late_flags[] = {
	{ VMA_SHARED, "ms " },	      { VMA_GROWS_DOWN, "gd " },
	{ VMA_LOCKED, "lo " },	      { VMA_SEQUENTIAL, "sr " },
	{ VMA_RANDOM, "rr " },	      { VMA_DONT_FORK, "dc " },
	{ VMA_LOCK_ON_FAULT, "lf " }, { VMA_ACCOUNT, "ac " },
};

static const struct flag_name last_flags[] = {
	{ VMA_NORESERVE, "nr " }, { VMA_WIPE_ON_FORK, "wf " },
	{ VMA_DONT_DUMP, "dd " }, { VMA_HUGE, "hg " },
	{ VMA_NO_HUGE, "nh " },	  { VMA_MERGEABLE, "mg " },
};

static void show_names(struct text *text, u32 flags,
		       const struct flag_name *names, u64 count)
{
	for (u64 i = 0; i < count; i++)
		if (flags & names[i].flag)
			text_string(text, names[i].name);
}

static void show_flags(struct text *text, const struct vma *vma)
{
	u32 early = vma->flags;
	bool can_write = !(vma->flags & VMA_NEVER_WRITE);

	/* As on Linux, "sh" means that writes would be shared. */
	if (!can_write)
		early &= ~VMA_SHARED;
	text_string(text, "VmFlags: ");
	show_names(text, early, early_flags, ARRAY_SIZE(early_flags));
	/* What mprotect may allow. */
	text_string(text, can_write ? "mr mw me " : "mr me ");
	show_names(text, vma->flags, late_flags, ARRAY_SIZE(late_flags));
	show_names(text, vma->flags, last_flags, ARRAY_SIZE(last_flags));
	text_string(text, "\n");
}

void procfs_show_pid_smaps(struct text *text, struct task *task)
{
	struct mm *mm = task_get_mm(task);
	const struct vma *vma;

	if (!mm)
		return;
	write_lock(&mm->lock);
	vma_for_each(vma, &mm->vmas) {
		struct sums sums = { .rss = 0 };

		add_vma(&sums, vma);
		procfs_show_vma(text, vma);
		show_pages(text, "Size:", sums.size);
		show_kib(text, "KernelPageSize:", KIB_PER_PAGE);
		show_kib(text, "MMUPageSize:", KIB_PER_PAGE);
		show_sums(text, &sums, false);
		text_string(text, "THPeligible:           0\n");
		show_flags(text, vma);
	}
	write_unlock(&mm->lock);
	mm_put(mm);
}

void procfs_show_pid_smaps_rollup(struct text *text, struct task *task)
{
	struct mm *mm = task_get_mm(task);
	struct sums sums = { .rss = 0 };
	vaddr_t start = VADDR(0);
	vaddr_t end = VADDR(0);
	const struct vma *vma;

	if (!mm)
		return;
	write_lock(&mm->lock);
	vma_for_each(vma, &mm->vmas) {
		if (!end.val)
			start = vma->start;
		end = vma->end;
		add_vma(&sums, vma);
	}
	write_unlock(&mm->lock);
	mm_put(mm);
	text_printf(text, "%08lx-%08lx ---p 00000000 00:00 0 ", start.val,
		    end.val);
	procfs_show_name(text, 0, "[rollup]");
	text_string(text, "\n");
	show_sums(text, &sums, true);
}
