/*
 * vma.h - virtual memory areas: the ordered set of what is mapped where
 *
 * Owns: struct vma and the set of them in one address space.  Knows no PTE.
 * Invariants: I6 (sorted, disjoint, aligned, merged).
 * Locks: mm->lock of the set's owner.
 */
#pragma once

#include "kernel/lib/avl.h"
#include "kernel/lib/list.h"
#include "kernel/x86_64/asm/page.h"

struct mm;
struct object;

/* Rights, and what kind of memory it is. */
#define VMA_READ (1u << 0)
#define VMA_WRITE (1u << 1)
#define VMA_EXEC (1u << 2)
#define VMA_RIGHTS (VMA_READ | VMA_WRITE | VMA_EXEC)
#define VMA_SHARED (1u << 3) /* writes are seen by every sharer; no COW */
#define VMA_GROWS_DOWN (1u << 4) /* a stack */
#define VMA_NORESERVE (1u << 5) /* MAP_NORESERVE was asked for */
/* What madvise said; areas that differ in it are not merged (I6). */
#define VMA_DONT_FORK (1u << 6) /* a child does not get the area … */
#define VMA_WIPE_ON_FORK (1u << 7) /* … or gets it empty */
#define VMA_LOCKED (1u << 8) /* its pages stay in memory: mlock */
#define VMA_LOCK_ON_FAULT (1u << 9) /* from their first use on: mlock2 */
#define VMA_LOCK_FLAGS (VMA_LOCKED | VMA_LOCK_ON_FAULT)
#define VMA_SEQUENTIAL (1u << 10) /* kept for /proc only, as all below */
#define VMA_RANDOM (1u << 11)
#define VMA_DONT_DUMP (1u << 12)
#define VMA_HUGE (1u << 13)
#define VMA_NO_HUGE (1u << 14)
#define VMA_MERGEABLE (1u << 15)
#define VMA_ACCOUNT (1u << 16) /* its pages are promised: mm/commit.h */
/*
 * Something was written here once, so memory may be needed although the area
 * is read-only by now.  No kind of its own: areas merge in spite of it.
 */
#define VMA_WRITTEN (1u << 17)
/* Shared, of a file that was opened for reading only: mprotect adds no write. */
#define VMA_NEVER_WRITE (1u << 18)
/*
 * Of a file that was opened for writing: as long as it is mapped it is not
 * executed, as if the descriptor were still open.
 */
#define VMA_WRITER (1u << 19)

/* Kept free below a stack; Linux's stack_guard_gap is 256 pages too. */
#define VMA_STACK_GAP_BYTES (256UL * PAGE_SIZE)

struct vma {
	vaddr_t start;
	vaddr_t end;
	u32 flags;
	struct mm *mm;
	struct object *object; /* NULL: private anonymous memory */
	u64 object_page; /* index in @object of the page at @start */
	struct avl_node tree_node;
	struct list_node list_node; /* in address order */
	struct list_node object_node; /* object->lock; see mm/object_map.h */
};

struct vma_set {
	struct avl_node *tree;
	struct list_node list;
	struct vma *last_found; /* most faults hit the area of the one before */
	u64 count;
};

/* Linux's default of vm.max_map_count: mmap fails with ENOMEM beyond it. */
#define VMA_COUNT_MAX 65530

#define vma_for_each(vma, set) list_for_each_entry(vma, &(set)->list, list_node)

static inline u64 vma_pages(const struct vma *vma)
{
	return (vma->end.val - vma->start.val) >> PAGE_SHIFT;
}

static inline bool vma_contains(const struct vma *vma, vaddr_t va)
{
	return va.val >= vma->start.val && va.val < vma->end.val;
}

/* A stack needs the gap below it, so that its growth hits nothing at once. */
static inline u64 vma_start_with_gap(const struct vma *vma)
{
	if (!(vma->flags & VMA_GROWS_DOWN))
		return vma->start.val;
	if (vma->start.val < VMA_STACK_GAP_BYTES)
		return 0;
	return vma->start.val - VMA_STACK_GAP_BYTES;
}

/* May a write ever need a private copy here? */
static inline bool vma_is_cow(const struct vma *vma)
{
	return !(vma->flags & VMA_SHARED);
}

/* Atomic, as several threads may fault at once; the rest stays as it is. */
static inline void vma_note_written(struct vma *vma)
{
	if (!(READ_ONCE(vma->flags) & VMA_WRITTEN))
		__atomic_fetch_or(&vma->flags, VMA_WRITTEN, __ATOMIC_RELAXED);
}

/*
 * Memory that has to be promised to the process, as it can turn into a
 * frame of its own on a write.  (Shared memory is promised once, with its
 * object.)  An area with such @flags gets VMA_ACCOUNT, and keeps it.
 */
static inline bool vma_is_accountable(u32 flags)
{
	return (flags & (VMA_WRITE | VMA_SHARED | VMA_NORESERVE)) == VMA_WRITE;
}

/* As /proc/PID/status and RLIMIT_DATA sort areas. */
enum vma_kind {
	VMA_KIND_TEXT, /* executable, not writable: VmExe and VmLib */
	VMA_KIND_STACK, /* VmStk */
	VMA_KIND_DATA, /* private and writable: VmData */
	VMA_KIND_OTHER,
	VMA_KINDS,
};

static inline enum vma_kind vma_flags_kind(u32 flags)
{
	if ((flags & (VMA_EXEC | VMA_WRITE | VMA_GROWS_DOWN)) == VMA_EXEC)
		return VMA_KIND_TEXT;
	if (flags & VMA_GROWS_DOWN)
		return VMA_KIND_STACK;
	if ((flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE)
		return VMA_KIND_DATA;
	return VMA_KIND_OTHER;
}

/* Index in vma->object of the page at @va. */
static inline u64 vma_object_index(const struct vma *vma, vaddr_t va)
{
	return vma->object_page + ((va.val - vma->start.val) >> PAGE_SHIFT);
}

void vma_set_init(struct vma_set *set);

/* Return: a zeroed vma with one reference of @object if any, or NULL. */
struct vma *vma_alloc(void) __must_check;
/* Leaves the object's list of areas and drops its reference. */
void vma_free(struct vma *vma);

/* The first area that ends above @va (it may begin above it too), or NULL. */
struct vma *vma_find_above(struct vma_set *set, vaddr_t va);
/* The area that contains @va, or NULL. */
struct vma *vma_find(struct vma_set *set, vaddr_t va);
/* Neighbours in address order, or NULL. */
struct vma *vma_next(const struct vma_set *set, const struct vma *vma);
struct vma *vma_prev(const struct vma_set *set, const struct vma *vma);

/*
 * => [vma->start, vma->end) overlaps no area of @set; merges nothing
 * => with an object: from here on it finds the area, so vma->mm is set
 */
void vma_insert(struct vma_set *set, struct vma *vma);
/* Take @vma out of @set; the caller frees it. */
void vma_remove(struct vma_set *set, struct vma *vma);

/**
 * vma_split() - make @at a border between areas
 *
 * => does nothing where @at is a border or unmapped
 *
 * Return: 0, or -ENOMEM with nothing changed.
 */
int vma_split(struct vma_set *set, vaddr_t at) __must_check;

/* Merge all neighbours in and around [@start, @end) that can be merged. */
void vma_merge_range(struct vma_set *set, vaddr_t start, vaddr_t end);

/* Could @a and @b, with a->end == b->start, be one area? (I6) */
bool vma_can_merge(const struct vma *a, const struct vma *b);

/**
 * vma_find_gap() - the highest free range of @bytes in [@low, @high)
 *
 * Return: its start, or 0 when there is none.
 */
vaddr_t vma_find_gap(struct vma_set *set, u64 bytes, vaddr_t low, vaddr_t high);
