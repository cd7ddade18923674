/*
 * kmem.h - object caches: kernel objects of one size, packed into frames
 *
 * Owns: the caches and the frames behind them.  An object never crosses a
 * page, so its slab header is found by masking its address.
 * Locks: each cache has its own.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/spinlock.h"

struct kmem_cache {
	const char *name;
	u32 object_bytes;
	struct spinlock lock;
	struct list_node partial; /* lock; slabs with a free object */
};

/* Of all caches together. */
struct kmem_stats {
	u64 objects; /* in use */
	u64 frames; /* slabs; how many also depends on the order of frees */
};

struct kmem_stats kmem_stats_read(void);

/* A static cache; objects are aligned to 16, or to 64 from 64 bytes up. */
#define KMEM_CACHE(cache_name, type)                                           \
	{                                                                      \
		.name = (cache_name), .object_bytes = sizeof(type),            \
		.lock = SPINLOCK_INIT(cache_name)                              \
	}

/* Return: an object of undefined contents, or NULL. */
void *kmem_cache_alloc(struct kmem_cache *cache) __must_check;
void *kmem_cache_alloc_zeroed(struct kmem_cache *cache) __must_check;
void kmem_cache_free(struct kmem_cache *cache, void *object);

/**
 * kmalloc() - memory of any size for things that have no cache of their own
 * @bytes: up to 1,984 from a few caches of fixed sizes, above that whole
 *         contiguous frames up to 4 MiB
 *
 * Return: memory of undefined contents, or NULL.  kfree(NULL) does nothing.
 */
void *kmalloc(size_t bytes) __must_check;
void *kmalloc_zeroed(size_t bytes) __must_check;
void kfree(void *ptr);
