/*
 * procfs_pages.c - /proc/PID/pagemap, /proc/kpage{count,flags,refs}
 *
 * Arrays of 64-bit numbers, one for each page or frame: together they show who
 * shares what.  Everyone may see frame numbers: there is but one user.
 * Source: Linux v6.12 Documentation/admin-guide/mm/pagemap.rst.
 */
#include "kernel/fs/procfs.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/task.h"
#include "mm/mm.h"

#define ENTRY_BYTES sizeof(u64)
/* Entries collected at a time, on the stack. */
#define CHUNK_ENTRIES 64

/* Bits of a pagemap entry; 0 to 54 are the frame number. */
#define PAGEMAP_PRESENT ((u64)1 << 63)
#define PAGEMAP_FILE ((u64)1 << 61) /* or shared anonymous memory */
#define PAGEMAP_EXCLUSIVE ((u64)1 << 56) /* mapped exactly once */
#define PAGEMAP_WRITABLE ((u64)1 << 58) /* Calf's own: R/W of the PTE */

/* Fill in @count entries from number @first on. */
typedef void collect_fn(void *from, u64 first, u64 *entries, u64 count);

/* Read from an array of @total numbers; the rules are those of pagemap. */
static i64 read_array(struct io *io, u64 total, collect_fn *collect, void *from)
{
	u64 entries[CHUNK_ENTRIES];
	u64 done = 0;

	if (io->position % ENTRY_BYTES || io->left % ENTRY_BYTES)
		return -EINVAL;
	while (io->left && io->position / ENTRY_BYTES < total) {
		u64 first = io->position / ENTRY_BYTES;
		u64 count = min_u64(io->left / ENTRY_BYTES, CHUNK_ENTRIES);
		u64 moved;

		count = min_u64(count, total - first);
		collect(from, first, entries, count);
		moved = io_copy_out(io, entries, count * ENTRY_BYTES);
		if (moved < count * ENTRY_BYTES)
			return done ? (i64)done : -EFAULT;
		io->position += moved;
		done += moved;
	}
	return (i64)done;
}

/* ---- Of a process -------------------------------------------------------- */

static u64 pagemap_entry(pte_t pte)
{
	const struct frame *frame;
	u64 entry;

	/* With PROT_NONE the page is still there, although nobody may look. */
	if (!pte_has_frame(pte))
		return 0;
	frame = pfn_to_frame(pte_pfn(pte));
	entry = PAGEMAP_PRESENT | pte_pfn(pte).val;
	if (frame->kind == FRAME_OBJECT)
		entry |= PAGEMAP_FILE;
	if (frame != zero_frame && frame_mapcount(frame) == 1)
		entry |= PAGEMAP_EXCLUSIVE;
	if (pte_is_writable(pte))
		entry |= PAGEMAP_WRITABLE;
	return entry;
}

static void collect_pagemap(void *from, u64 first, u64 *entries, u64 count)
{
	struct mm *mm = from;
	vaddr_t start = VADDR(first << PAGE_SHIFT);
	vaddr_t end = vaddr_add(start, count << PAGE_SHIFT);
	struct pgtable_iter it;

	for (u64 i = 0; i < count; i++)
		entries[i] = 0;
	write_lock(&mm->lock);
	pgtable_for_each_slot(it, &mm->pgtable, start, end) {
		u64 index = (it.va.val - start.val) >> PAGE_SHIFT;

		entries[index] = pagemap_entry(pte_load(it.slot));
	}
	write_unlock(&mm->lock);
}

static int pagemap_open(struct file *file)
{
	struct task *task = procfs_get_task(file->inode);

	file->private = task;
	return task ? 0 : -ENOENT;
}

static void pagemap_release(struct file *file)
{
	task_put(file->private);
}

static i64 pagemap_read(struct file *file, struct io *io)
{
	struct mm *mm = task_get_mm(file->private);
	i64 result;

	if (!mm)
		return 0;
	result = read_array(io, USER_END >> PAGE_SHIFT, collect_pagemap, mm);
	mm_put(mm);
	return result;
}

const struct file_ops procfs_pagemap_ops = {
	.open = pagemap_open,
	.read = pagemap_read,
	.lseek = file_lseek_inode,
	.release = pagemap_release,
};

/* ---- Of all frames ------------------------------------------------------- */

static void collect_mapcounts(void *from, u64 first, u64 *entries, u64 count)
{
	(void)from;
	for (u64 i = 0; i < count; i++)
		entries[i] = frame_mapcount(pfn_to_frame(PFN(first + i)));
}

static void collect_refcounts(void *from, u64 first, u64 *entries, u64 count)
{
	(void)from;
	for (u64 i = 0; i < count; i++)
		entries[i] = frame_refcount(pfn_to_frame(PFN(first + i)));
}

/* Bits of a kpageflags entry: Linux's include/uapi/linux/kernel-page-flags.h */
#define KPF_UPTODATE ((u64)1 << 3)
#define KPF_LRU ((u64)1 << 5)
#define KPF_SLAB ((u64)1 << 7)
#define KPF_BUDDY ((u64)1 << 10)
#define KPF_MMAP ((u64)1 << 11)
#define KPF_ANON ((u64)1 << 12)
#define KPF_SWAPBACKED ((u64)1 << 14)
#define KPF_ZERO_PAGE ((u64)1 << 24)
#define KPF_PGTABLE ((u64)1 << 26)
#define KPF_RESERVED ((u64)1 << 32)
/* What Linux says of every page that belongs to programs; none is on disk. */
#define KPF_USER (KPF_UPTODATE | KPF_LRU | KPF_SWAPBACKED)

static u64 frame_flags(const struct frame *frame)
{
	u64 mapped = frame_mapcount(frame) ? KPF_MMAP : 0;

	switch ((enum frame_kind)READ_ONCE(frame->kind)) {
	case FRAME_RESERVED:
		return KPF_RESERVED;
	case FRAME_FREE:
		return KPF_BUDDY;
	case FRAME_ANON:
		return KPF_USER | KPF_ANON | mapped;
	case FRAME_OBJECT:
		return KPF_USER | mapped;
	case FRAME_PGTABLE:
		return KPF_PGTABLE;
	case FRAME_KERNEL:
		return KPF_SLAB;
	case FRAME_ZERO:
		return KPF_ZERO_PAGE | mapped;
	}
	return 0;
}

static void collect_flags(void *from, u64 first, u64 *entries, u64 count)
{
	(void)from;
	for (u64 i = 0; i < count; i++)
		entries[i] = frame_flags(pfn_to_frame(PFN(first + i)));
}

static i64 kpagecount_read(struct file *file, struct io *io)
{
	(void)file;
	return read_array(io, frame_count, collect_mapcounts, NULL);
}

static i64 kpageflags_read(struct file *file, struct io *io)
{
	(void)file;
	return read_array(io, frame_count, collect_flags, NULL);
}

static i64 kpagerefs_read(struct file *file, struct io *io)
{
	(void)file;
	return read_array(io, frame_count, collect_refcounts, NULL);
}

const struct file_ops procfs_kpagecount_ops = {
	.read = kpagecount_read,
	.lseek = file_lseek_inode,
};

const struct file_ops procfs_kpageflags_ops = {
	.read = kpageflags_read,
	.lseek = file_lseek_inode,
};

const struct file_ops procfs_kpagerefs_ops = {
	.read = kpagerefs_read,
	.lseek = file_lseek_inode,
};
