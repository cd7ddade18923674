/*
 * frame.h - the frame table: one record for each 4 KiB of physical memory
 *
 * Owns: struct frame, the buddy allocator behind it, the two counts and the
 * reserve.  Does not know who maps a frame or why.
 * Invariants: I3; the counts of I1 and I2 are kept by those who map.
 * Locks: those of mm/frame_cache.h for free frames; the counts are atomic.
 */
#pragma once

#include "boot/boot_info.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/x86_64/asm/page.h"
#include "kernel/x86_64/tlb.h"

enum frame_kind {
	FRAME_RESERVED, /* firmware, kernel image, this table: never free */
	FRAME_FREE,
	FRAME_ANON, /* private memory of processes; COW shares these */
	FRAME_OBJECT, /* held by a memory object: file or shared memory */
	FRAME_PGTABLE,
	FRAME_KERNEL, /* object caches, kernel stacks, buffers */
	FRAME_ZERO, /* the one frame behind untouched memory */
};

/*
 * refcount counts every reason to keep the frame: PTEs, the page cache, pins
 * of the kernel.  mapcount counts PTEs only, so mapcount <= refcount.
 * Reuse on a write fault must test refcount: a frame with mapcount 1 may
 * still be held by someone who expects its bytes to stay (CVE-2020-29374).
 */
struct frame {
	u32 refcount; /* atomic */
	u32 mapcount; /* atomic */
	u8 kind; /* enum frame_kind */
	u8 order; /* head of a free block: log2 of its frames */
	bool is_poisoned; /* debug: free, and filled with the poison */
	bool check_is_held; /* scratch of mm/check.c: has a holder but PTEs */
	u32 check_mapcount; /* scratch of mm/check.c: PTEs found */
	union {
		struct list_node free_node; /* its list's lock; if on one */
		u32 pincount; /* atomic; in use: references of frame_pin() */
	};
};

_Static_assert(sizeof(struct frame) == 32, "0.8 % of memory, and a shift");

/* Largest block: 2^10 frames, 4 MiB. */
#define FRAME_ORDER_MAX 10

struct frame_stats {
	u64 total; /* frames of RAM; free + used + reserved = total (I3) */
	u64 reserved; /* RAM that was never given to the allocator */
	u64 free;
	u64 emergency; /* of the free ones, kept for tasks that are dying */
	u64 allocations; /* frames handed out since boot */
	u64 frees;
};

extern struct frame *frame_table;
extern u64 frame_count; /* entries of frame_table */
extern struct frame *zero_frame;
extern pfn_t zero_pfn; /* its number */

/* Without .free; read through frame_stats_read(). */
extern struct frame_stats frame_stats;

static inline struct frame *pfn_to_frame(pfn_t pfn)
{
	ASSERT_DEBUG(pfn.val < frame_count);
	return &frame_table[pfn.val];
}

static inline pfn_t frame_pfn(const struct frame *frame)
{
	return PFN((u64)(frame - frame_table));
}

/* The frame's bytes, through the direct map. */
static inline void *frame_ptr(const struct frame *frame)
{
	return pfn_to_ptr(frame_pfn(frame));
}

static inline u32 frame_refcount(const struct frame *frame)
{
	return __atomic_load_n(&frame->refcount, __ATOMIC_ACQUIRE);
}

static inline u32 frame_mapcount(const struct frame *frame)
{
	return __atomic_load_n(&frame->mapcount, __ATOMIC_ACQUIRE);
}

/**
 * frame_init() - build the frame table and free the RAM below 4 GiB
 * @info: the firmware's memory map; what the kernel image and the
 *        initramfs occupy is left out
 *
 * => the boot page tables map physical memory below 4 GiB only; the rest is
 *    freed by frame_init_high() once the direct map covers it
 *
 * Return: 0, or -ENOMEM: too little memory to run at all.
 */
int frame_init(const struct boot_info *info) __must_check;
void frame_init_high(const struct boot_info *info);

/* Give reserved RAM, such as the unpacked initramfs, to the allocator. */
void frame_release_range(paddr_t start, paddr_t end);

/*
 * Asked before every allocation of a frame or an object, and before every
 * promise (mm/commit.h); true makes it fail.
 * NULL, unless a test wants to see what happens when memory runs out just here.
 */
extern bool (*allocation_fails)(void);

/*
 * Asked when only the emergency reserve is left, for 2^@order frames: may the
 * task that runs have some of it?  A dying one may, as its end will give back
 * far more.
 */
extern bool (*frame_may_use_reserve)(unsigned int order);

/**
 * frame_alloc_block() - 2^@order physically contiguous frames
 *
 * Each gets refcount 1 and is given back by a frame_put() of its own.
 */
struct frame *frame_alloc_block(enum frame_kind kind, unsigned int order)
	__must_check;

/* One frame with refcount 1, contents undefined.  Return: the frame, or NULL. */
static inline struct frame *frame_alloc(enum frame_kind kind)
{
	return frame_alloc_block(kind, 0);
}

/* As frame_alloc(), filled with zeros. */
struct frame *frame_alloc_zeroed(enum frame_kind kind) __must_check;

/* As frame_alloc(), for private memory: the bytes are those of @source. */
static inline __must_check struct frame *
frame_alloc_copy(const struct frame *source)
{
	struct frame *copy = frame_alloc(FRAME_ANON);

	if (!copy)
		return NULL;
	memcpy(frame_ptr(copy), frame_ptr(source), PAGE_SIZE);
	TRACE(COPY, .frame = (u32)frame_pfn(copy).val,
	      .other = (u32)frame_pfn(source).val);
	return copy;
}

/*
 * Tell the trace what is about to happen to the counts of a frame.  Asking
 * whether it wants to know is one instruction.  Where a page takes 40, in fork
 * and at the end of an mm, even that is too much: there a whole table is told
 * at a time (mm/mm_trace.c), and what ends in _untraced is used.
 */
#define TRACE_COUNTS(name, changed, refs, maps)                                \
	TRACE(name, .frame = (u32)frame_pfn(changed).val,                      \
	      .kind = (changed)->kind,                                         \
	      .refcount = (changed)->refcount + (u32)(refs),                   \
	      .mapcount = (changed)->mapcount + (u32)(maps))

/* Tell the trace, then do it: out of the way of the code that is not traced. */
__cold void frame_get_traced(struct frame *frame);
__cold void frame_get_mapped_traced(struct frame *frame);
__cold void frame_adopt_mapped_traced(struct frame *frame);
__cold void frame_put_traced(struct frame *frame);
__cold void frame_put_mapped_traced(struct frame *frame);

static inline void frame_get_untraced(struct frame *frame)
{
	u32 old = __atomic_fetch_add(&frame->refcount, 1, __ATOMIC_RELAXED);

	/* Getting a free frame, or the 2^32nd reference, is a bug of ours. */
	ASSERT_INVARIANT(I3, old != 0 && old != ~0u, "pfn %#lx has refcount %u",
			 frame_pfn(frame).val, old);
}

static inline void frame_get(struct frame *frame)
{
	if (trace_is_on(TRACE_MEMORY))
		frame_get_traced(frame);
	else
		frame_get_untraced(frame);
}

static inline void frame_get_mapped_untraced(struct frame *frame)
{
	frame_get_untraced(frame);
	__atomic_fetch_add(&frame->mapcount, 1, __ATOMIC_RELAXED);
}

/* One more PTE points to @frame: a reference and a mapping. */
static inline void frame_get_mapped(struct frame *frame)
{
	if (trace_is_on(TRACE_MEMORY))
		frame_get_mapped_traced(frame);
	else
		frame_get_mapped_untraced(frame);
}

/*
 * The first PTE takes over the reference that frame_alloc() gave: one
 * reference in all, one mapping.
 */
static inline void frame_adopt_mapped_untraced(struct frame *frame)
{
	__atomic_fetch_add(&frame->mapcount, 1, __ATOMIC_RELAXED);
}

static inline void frame_adopt_mapped(struct frame *frame)
{
	if (trace_is_on(TRACE_MEMORY))
		frame_adopt_mapped_traced(frame);
	else
		frame_adopt_mapped_untraced(frame);
}

/*
 * A reference that the kernel holds while it copies from or to the frame, and
 * may sleep or fault.  It is counted by name, so that mm/check.c finds every
 * reference explained at any moment (I2).
 */
static inline void frame_pin(struct frame *frame)
{
	frame_get(frame);
	__atomic_fetch_add(&frame->pincount, 1, __ATOMIC_RELAXED);
}

/* For frame_put() alone: nobody has a reference any more. */
void frame_free(struct frame *frame);

static inline void frame_put_untraced(struct frame *frame)
{
	u32 old = __atomic_fetch_sub(&frame->refcount, 1, __ATOMIC_ACQ_REL);

	ASSERT_INVARIANT(I3, old != 0, "pfn %#lx was free already",
			 frame_pfn(frame).val);
	if (old == 1)
		frame_free(frame);
}

/* Drop one reference; the last one frees the frame. */
static inline void frame_put(struct frame *frame)
{
	if (trace_is_on(TRACE_MEMORY))
		frame_put_traced(frame);
	else
		frame_put_untraced(frame);
}

static inline void frame_unpin(struct frame *frame)
{
	__atomic_fetch_sub(&frame->pincount, 1, __ATOMIC_RELAXED);
	frame_put(frame);
}

static inline void frame_put_mapped_untraced(struct frame *frame)
{
	u32 old = __atomic_fetch_sub(&frame->mapcount, 1, __ATOMIC_RELAXED);

	ASSERT_INVARIANT(I1, old != 0, "pfn %#lx was not mapped",
			 frame_pfn(frame).val);
	ASSERT_INVARIANT(I13, !tlb_ledger_has_frame(frame_pfn(frame)),
			 "pfn %#lx is dropped before the flush",
			 frame_pfn(frame).val);
	frame_put_untraced(frame);
}

/**
 * frame_put_mapped() - one PTE less points to @frame
 *
 * => the PTE was changed and every CPU of its mm flushed: after this the
 *    frame may be free or reused by a last sharer (I13)
 */
static inline void frame_put_mapped(struct frame *frame)
{
	if (trace_is_on(TRACE_MEMORY))
		frame_put_mapped_traced(frame);
	else
		frame_put_mapped_untraced(frame);
}

struct frame_stats frame_stats_read(void);
