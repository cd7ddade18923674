/*
 * model.h - what memory should do, in the simplest words
 *
 * A model_mm is an array of pages.  Each knows its rights, what backs it and,
 * once private, its own bytes: fork copies them at once.  Nothing here
 * shares, so nothing here can be wrong about sharing.
 *
 * For the exact number of copies, each private page also points to a token
 * that stands for one frame: fork makes two pages point to the same token, a
 * copy makes a new one.
 *
 * Pages lie in a few windows, chosen where page tables begin and end.
 */
#pragma once

#include "mm/map.h"

#define WINDOWS 4
#define WINDOW_PAGES 24
#define PAGES (WINDOWS * WINDOW_PAGES)

/* mm/map.c places areas below this. */
#define MMAP_TOP (USER_END - (128UL << 20))

enum window { WINDOW_HEAP, WINDOW_LOW, WINDOW_MMAP, WINDOW_STACK };

#define STACK_LIMIT_PAGES 16

#define OBJECTS 64
#define OBJECT_PAGES 64
#define FILES 2 /* the first objects; the others are shared memory */

struct model_object {
	bool is_used;
	struct object *real;
	u64 size_bytes;
	u8 *bytes[OBJECT_PAGES]; /* NULL: zeros */
};

struct token {
	u32 pages; /* that this frame backs */
	u64 pfn; /* 0: not seen yet */
};

enum page_state {
	PAGE_ABSENT,
	PAGE_ZERO, /* the shared zero frame */
	PAGE_OBJECT, /* the object's frame */
	PAGE_PRIVATE, /* a frame of its own, or shared by fork */
};

struct model_page {
	bool is_mapped; /* it lies in an area … */
	u32 flags; /* … with these VMA_… */
	struct model_object *object;
	u64 object_page;

	enum page_state state;
	bool is_writable; /* the PTE says so */
	struct token *token; /* PAGE_PRIVATE */
	u8 *bytes; /* PAGE_PRIVATE */
};

struct model_mm {
	struct mm *real; /* NULL: no such process */
	u64 brk_start;
	u64 brk;
	u32 lock_future; /* flags of areas to come: mlockall */
	u64 faults[FAULT_KINDS];
	struct model_page pages[PAGES];
};

extern struct model_object model_objects[OBJECTS];

#define PROCESSES 5

extern struct model_mm processes[PROCESSES];

/* [start, end) of page numbers. */
struct span {
	unsigned int start;
	unsigned int end;
};

static inline unsigned int span_pages(struct span span)
{
	return span.end - span.start;
}

/* ---- Pages and addresses ---- */

u64 page_address(unsigned int page);
struct span window_span(enum window window);
/* The window that @page lies in. */
struct span window_of(unsigned int page);

/* Are @page and the next one parts of one area? (I6) */
bool model_same_area(const struct model_mm *mm, unsigned int page);
/* The whole area that @page, which is mapped, lies in. */
struct span model_area(const struct model_mm *mm, unsigned int page);
/* An area was written if any page of it was: after each operation. */
void model_spread_written(struct model_mm *mm);
bool model_is_free(const struct model_mm *mm, struct span span);
/* The first mapped page at or above @page; PAGES: none. */
unsigned int model_above(const struct model_mm *mm, unsigned int page);
/* Is the next area above @place a stack?  (Windows are smaller than gaps.) */
bool model_is_below_stack(const struct model_mm *mm, struct span place);
/* Where mmap would place @pages; PAGES: below the window. */
unsigned int model_find_gap(const struct model_mm *mm, unsigned int pages);

/* ---- Changes ---- */

/* Make [span] an area like @like, all absent; object pages count up. */
void model_map(struct model_mm *mm, struct span span, struct model_page like);
void model_unmap(struct model_mm *mm, struct span span);
/* As mlock and munlock; @lock: the flags they leave.  0, or -ENOMEM. */
i64 model_lock(struct model_mm *mm, struct span span, u32 lock);
/* As madvise, all of it but MADV_POPULATE_….  Return: 0 or its errno. */
i64 model_advise(struct model_mm *mm, struct span span, int advice);
/* Return: 0, or -ENOMEM: a hole, after which nothing was changed. */
int model_protect(struct model_mm *mm, struct span span, u32 rights);
/* As mremap does with pages; the target is mapped already. */
void model_move(struct model_mm *mm, unsigned int from, unsigned int to,
		unsigned int count);
void model_fork(struct model_mm *parent, struct model_mm *child, u64 level);

/* ---- Faults ---- */

/* Return: is a stack above @page, and may it grow down to it?  Then it has. */
bool model_grow_stack(struct model_mm *mm, unsigned int page);

struct model_fault {
	enum fault_result result;
	enum fault_kind kind;
	bool is_counted;
};

/**
 * model_touch() - what a page fault at @page does
 * @is_write, @is_fetch: the access
 * @is_allowed: the PTE allows it by now
 */
struct model_fault model_touch(struct model_mm *mm, unsigned int page,
			       bool is_write, bool is_fetch, bool is_allowed);

/* Return: 0, or the errno of madvise or mlock that stops at a bad page. */
i64 model_populate(struct model_mm *mm, struct span span,
		   enum populate_mode mode);

/* ---- Bytes ---- */

/* Return: the 4096 bytes of a mapped page as a program sees them. */
const u8 *model_bytes(const struct model_mm *mm, unsigned int page);
/* Store to a page; it was touched for writing. */
void model_store(struct model_mm *mm, unsigned int page, u64 offset,
		 const u8 *bytes, u64 count);
void object_store(struct model_object *object, u64 index, u64 offset,
		  const u8 *bytes, u64 count);
void model_object_resize(struct model_object *object, u64 size_bytes);
/* Return: an object that no page uses, emptied; NULL: too many. */
struct model_object *model_new_object(u64 size_bytes);

/* Does any page of any of @count address spaces show this object? */
bool model_object_is_mapped(const struct model_mm *mms, int count,
			    const struct model_object *object);
/* What @mm shows of these pages goes away; private copies only if told so. */
void model_object_unmap(struct model_mm *mm, const struct model_object *object,
			struct span indexes, bool even_copies);
/* These pages are zeros again. */
void model_object_punch(struct model_object *object, struct span indexes);

/**
 * model_verify() - compare everything with the kernel's memory
 *
 * Areas, entries, frames and their counts, bytes, counters.
 */
void model_verify(struct model_mm *mm);
