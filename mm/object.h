/*
 * object.h - memory object: frames by index, behind files and shared memory
 *
 * Owns: which frame holds page i of a file or of a shared anonymous
 * mapping.  This is the page cache: read(2), write(2) and mmap(2) see the same
 * frames.  Does not know file names; who maps it is mm/object_map.h's business.
 * Invariants: holds one reference of each of its frames (I2).
 * Locks: object->lock, taken after mm->lock.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/spinlock.h"
#include "mm/frame.h"

/* Pages are found by a radix tree whose nodes have 64 slots. */
#define OBJECT_NODE_BITS 6
#define OBJECT_NODE_SLOTS (1 << OBJECT_NODE_BITS)

struct object {
	u32 refcount; /* atomic: VMAs, inodes */
	bool is_limited; /* its frames count in object_limit_used */
	bool is_anonymous; /* shared anonymous memory, no file behind it */
	bool is_reserved; /* all pages were promised when it was made … */
	u32 inode_number; /* for /proc/PID/maps */
	u32 filesystem; /* st_dev of the file; 0: none, or of no directory */
	struct spinlock lock;
	u32 levels; /* lock; of the tree; 0: empty */
	void *root; /* lock; struct object_node, or NULL */
	u64 size_bytes; /* lock; pages wholly beyond it do not exist */
	u64 frame_count; /* lock; … otherwise each of these when it came */
	u64 reserved_pages; /* the promise, if is_reserved (mm/commit.h) */
	struct list_node vmas; /* lock; areas of all processes that map it … */
	u32 writer_areas; /* … of these VMA_WRITER; changed with the lock */
	struct list_node all_node; /* for the checker */
	char *name; /* for /proc/PID/maps; from kmalloc(), freed with it */
};

/*
 * Frames of files that have a name cannot be had back by killing anybody, so
 * all of them together may not have more than this.  As Linux's tmpfs: half
 * of memory, from the moment the first program starts.
 */
extern u64 object_limit_frames;
extern u64 object_limit_used; /* atomic */

/* Return: an object of @size_bytes without frames, one reference; or NULL. */
struct object *object_create(u64 size_bytes, bool is_anonymous) __must_check;

/**
 * object_create_shared() - shared anonymous memory
 * @is_reserved: promise all of it now; otherwise each page when it is used
 *
 * Return: as object_create(); NULL also if the promise is refused.
 */
struct object *object_create_shared(u64 bytes, bool is_reserved) __must_check;
void object_get(struct object *object);
void object_put(struct object *object);

/**
 * object_get_frame() - the frame of page @index, allocated zeroed if missing
 *
 * => the caller gets a reference of its own and gives it to frame_put(), or
 *    to a PTE (frame_adopt_mapped())
 *
 * Return: 0; -EFAULT: wholly beyond size_bytes; -ENOMEM; -ENOSPC: the page may
 * not be promised, or files have object_limit_frames already.
 */
int object_get_frame(struct object *object, u64 index, struct frame **frame)
	__must_check;

/* As object_get_frame(), but never allocates: *frame may become NULL. */
void object_find_frame(struct object *object, u64 index, struct frame **frame);

/**
 * object_next_index() - where is the next frame?
 * @index: from where on; becomes the answer
 *
 * Return: whether there is one.
 */
bool object_next_index(struct object *object, u64 *index);

/**
 * object_truncate() - set the size; what lies beyond it is gone
 *
 * => pages wholly beyond it are unmapped in every process, private copies of
 *    them too (SIGBUS from now on); then their frames are dropped (I13)
 * => the tail of a last page that is cut is zeroed: growing again shows zeros
 * => the caller keeps others from changing the size, and holds no mm->lock
 */
void object_truncate(struct object *object, u64 size_bytes);

/**
 * object_punch() - make a hole: pages [@first, @end) read as zeros again
 *
 * => unmapped in every process as above, but for private copies, which are
 *    not the object's any more
 */
void object_punch(struct object *object, u64 first, u64 end);

/* Does anybody map a file of it, be it one without a name? */
bool object_is_any_mapped(u32 filesystem);

/* All pages that are promised to objects. */
u64 object_committed(void);

/* Call @visit for each frame, for the checker and for statistics. */
void object_visit_frames(void (*visit)(struct object *object, u64 index,
				       struct frame *frame));
