/*
 * map.h - the memory system calls: mmap, munmap, mprotect, mremap, brk,
 *         madvise, and faulting in ahead
 *
 * Owns: which areas exist and with what rights.  Arguments come straight from
 * the user and are checked here; errors are Linux's.
 * Invariants: I5, I6, I8, I14.
 * Locks: each takes mm->lock.
 */
#pragma once

#include "mm/mm.h"
#include "mm/object.h"

/* Linux's values (asm-generic/mman-common.h). */
#define PROT_READ 0x1
#define PROT_WRITE 0x2
#define PROT_EXEC 0x4

#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_TYPE 0x0f
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_GROWSDOWN 0x0100
#define MAP_LOCKED 0x2000
#define MAP_NORESERVE 0x4000
#define MAP_POPULATE 0x8000
#define MAP_NONBLOCK 0x10000
#define MAP_STACK 0x20000
#define MAP_FIXED_NOREPLACE 0x100000

#define MLOCK_ONFAULT 1u

#define MCL_CURRENT 1u
#define MCL_FUTURE 2u
#define MCL_ONFAULT 4u

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2
#define MREMAP_DONTUNMAP 4

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_REMOVE 9
#define MADV_DONTFORK 10
#define MADV_DOFORK 11
#define MADV_MERGEABLE 12
#define MADV_UNMERGEABLE 13
#define MADV_HUGEPAGE 14
#define MADV_NOHUGEPAGE 15
#define MADV_DONTDUMP 16
#define MADV_DODUMP 17
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#define MADV_DONTNEED_LOCKED 24

struct map_request {
	vaddr_t address; /* a hint, or exact with MAP_FIXED */
	u64 bytes;
	u32 prot; /* PROT_… */
	u32 flags; /* MAP_… */
	struct object *object; /* the file's; NULL with MAP_ANONYMOUS */
	int file_error; /* why it cannot be mapped: told after the address */
	u32 file_flags; /* how it was opened: VMA_NEVER_WRITE, VMA_WRITER */
	u64 offset_bytes;
};

struct remap_request {
	vaddr_t address;
	u64 old_bytes;
	u64 new_bytes;
	u32 flags; /* MREMAP_… */
	vaddr_t target; /* with MREMAP_FIXED */
};

/* Return: the address, or a negative errno. */
i64 map_mmap(struct mm *mm, const struct map_request *request) __must_check;

/* Which pages to fault in, and what to do about those that cannot be. */
enum populate_mode {
	POPULATE_QUIETLY, /* MAP_POPULATE: as far as it goes; holes are left */
	POPULATE_LOCKED, /* mlock: as above, but say what does not go */
	POPULATE_READ, /* MADV_POPULATE_READ: for reading, no holes */
	POPULATE_WRITE, /* MADV_POPULATE_WRITE: for writing, no holes */
};

/* Faulting in a range, which may be larger than memory, step by step. */
struct populate {
	vaddr_t at; /* the next page; map_populate_step() moves it on */
	vaddr_t end;
	enum populate_mode mode;
};

/**
 * map_populate_step() - fault in some pages from populate->at on
 *
 * => the caller lets others run between two steps
 * => finished when populate->at reaches populate->end, or at an error
 * => without a frame, populate->at stays: the same step can be made again
 *
 * Return: 0; -ENOMEM: no memory, or a hole; -EFAULT: no access at all, or
 * beyond the end of a file; -EINVAL: not the right that is asked for.
 */
int map_populate_step(struct mm *mm, struct populate *populate) __must_check;

i64 map_munmap(struct mm *mm, vaddr_t start, u64 bytes) __must_check;
i64 map_mprotect(struct mm *mm, vaddr_t start, u64 bytes, u32 prot)
	__must_check;
i64 map_mremap(struct mm *mm, const struct remap_request *request) __must_check;
/*
 * There is no medium to write to, and a file's pages are what is mapped: only
 * the arguments are checked.
 * Return: 0; -EINVAL; -ENOMEM: a hole; -EBUSY: MS_INVALIDATE of locked memory.
 */
i64 map_msync(struct mm *mm, vaddr_t start, u64 bytes, u32 flags) __must_check;
/* All but MADV_POPULATE_READ and _WRITE, which are for map_populate_step(). */
i64 map_madvise(struct mm *mm, vaddr_t start, u64 bytes, int advice)
	__must_check;
/* Its check of the range.  Return: 0 and the end of it, or -EINVAL. */
int map_advice_end(vaddr_t start, u64 bytes, vaddr_t *end) __must_check;

/*
 * Locked pages stay in memory; here all do, so that what remains is to count
 * them and to fault them in, which is for map_populate_step().
 */

/* @flags: MLOCK_ONFAULT or 0.  Areas before a hole are locked all the same. */
i64 map_mlock(struct mm *mm, vaddr_t start, u64 bytes, u32 flags) __must_check;
i64 map_munlock(struct mm *mm, vaddr_t start, u64 bytes) __must_check;
/* @flags: MCL_…; 0: munlockall */
i64 map_mlockall(struct mm *mm, u32 flags) __must_check;

/**
 * map_mincore() - which pages are in memory?
 * @resident: one byte for each of the @pages from @start on: 1 or 0
 *
 * Return: how many pages there are up to the first hole.
 */
u64 map_mincore(struct mm *mm, vaddr_t start, u64 pages, u8 *resident)
	__must_check;

/* Return: the new break, or the old one when it could not be moved. */
i64 map_brk(struct mm *mm, vaddr_t address) __must_check;

/* The initial stack of a new program: [top - bytes, top), grows down. */
int map_stack(struct mm *mm, vaddr_t top, u64 bytes, bool is_executable)
	__must_check;

/**
 * map_grow_stack() - extend a stack down to the page at @address
 * @stack: the area above @address; any area, this says no to all but stacks
 *
 * => mm->lock is held; look the area up again afterwards, it may have been
 *    merged with the one below
 *
 * Return: 0; -EFAULT: no stack; -ENOMEM: limit or guard gap reached.
 */
int map_grow_stack(struct vma *stack, vaddr_t address) __must_check;

/*
 * Shared by the files of this module; mm->lock is held.
 */

/* Does RLIMIT_MEMLOCK allow @pages more of an area with @flags? */
bool map_may_lock(const struct mm *mm, u32 flags, u64 pages);
/* Make [start, end), a part of @vma, an area with @flags.  0 or -ENOMEM. */
int map_set_flags(struct vma *vma, vaddr_t start, vaddr_t end, u32 flags)
	__must_check;

/* The range lies where user memory may be. */
bool map_range_ok(vaddr_t start, u64 bytes);
/* PROT_… to VMA_… */
u32 map_vma_rights(u32 prot);
/* Return: 0, or -ENOMEM with nothing changed. */
int map_unmap_locked(struct mm *mm, vaddr_t start, vaddr_t end) __must_check;
/* A free place, at @hint if possible.  Return: its address, or -ENOMEM. */
i64 map_find_place(struct mm *mm, vaddr_t hint, u64 bytes) __must_check;
