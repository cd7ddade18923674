/*
 * kmem.c - object caches
 *
 * A slab is one frame: a header, then objects of one size.  Free objects
 * are chained through their first word.  A slab is on its cache's list while it
 * has a free object, and its frame goes back when the last one is freed.
 */
#include "mm/kmem.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "mm/frame.h"

struct free_object {
	struct free_object *next;
};

struct slab {
	struct kmem_cache *cache;
	struct free_object *free;
	u32 in_use;
	struct list_node node; /* on cache->partial while free is not NULL */
};

#define SLAB_HEADER_BYTES 64 /* keeps the first object on a cache line */
_Static_assert(sizeof(struct slab) <= SLAB_HEADER_BYTES, "room for the header");

static struct kmem_stats stats; /* atomic */

struct kmem_stats kmem_stats_read(void)
{
	return (struct kmem_stats){
		.objects = __atomic_load_n(&stats.objects, __ATOMIC_RELAXED),
		.frames = __atomic_load_n(&stats.frames, __ATOMIC_RELAXED),
	};
}

/* Freed objects are filled with this in debug builds. */
#define FREED_BYTE 0x6b

static u32 object_stride(const struct kmem_cache *cache)
{
	u64 align = cache->object_bytes < 64 ? 16 : 64;

	return (u32)align_up(cache->object_bytes, align);
}

/* => cache->lock is held */
static struct slab *grow(struct kmem_cache *cache)
{
	struct frame *frame = frame_alloc(FRAME_KERNEL);
	u32 stride = object_stride(cache);
	struct slab *slab;

	if (!frame)
		return NULL;
	slab = frame_ptr(frame);
	slab->cache = cache;
	slab->free = NULL;
	slab->in_use = 0;

	/* Backwards, so that objects are handed out in address order. */
	for (u64 at = SLAB_HEADER_BYTES +
		      (PAGE_SIZE - SLAB_HEADER_BYTES) / stride * stride;
	     at > SLAB_HEADER_BYTES;) {
		struct free_object *object;

		at -= stride;
		object = (void *)((char *)slab + at);
		object->next = slab->free;
		slab->free = object;
	}
	ASSERT(slab->free);
	list_push_front(&cache->partial, &slab->node);
	__atomic_fetch_add(&stats.frames, 1, __ATOMIC_RELAXED);
	return slab;
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
	struct free_object *object = NULL;
	struct slab *slab;

	if (unlikely(allocation_fails) && allocation_fails())
		return NULL;
	spin_lock(&cache->lock);
	if (!cache->partial.next)
		list_init(&cache->partial);
	if (!list_is_empty(&cache->partial))
		slab = list_first_entry(&cache->partial, struct slab, node);
	else
		slab = grow(cache);
	if (slab) {
		object = slab->free;
		slab->free = object->next;
		slab->in_use++;
		__atomic_fetch_add(&stats.objects, 1, __ATOMIC_RELAXED);
		if (!slab->free)
			list_remove(&slab->node);
	}
	spin_unlock(&cache->lock);
	return object;
}

void *kmem_cache_alloc_zeroed(struct kmem_cache *cache)
{
	void *object = kmem_cache_alloc(cache);

	if (object)
		memset(object, 0, cache->object_bytes);
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *ptr)
{
	struct slab *slab = (void *)((u64)ptr & PAGE_MASK);
	struct free_object *object = ptr;

	ASSERT(slab->cache == cache);
	if (CALF_DEBUG)
		memset(ptr, FREED_BYTE, cache->object_bytes);

	spin_lock(&cache->lock);
	if (!slab->free)
		list_push_front(&cache->partial, &slab->node);
	object->next = slab->free;
	slab->free = object;
	__atomic_fetch_sub(&stats.objects, 1, __ATOMIC_RELAXED);
	if (--slab->in_use == 0) {
		list_remove(&slab->node);
		__atomic_fetch_sub(&stats.frames, 1, __ATOMIC_RELAXED);
		frame_put(pfn_to_frame(ptr_to_pfn(slab)));
	}
	spin_unlock(&cache->lock);
}

/*
 * Sizes without a cache of their own.  The two largest are what fits four
 * times and twice into a slab.
 */
#define SIZE_CACHE(bytes)                                                      \
	{                                                                      \
		.name = "kmalloc-" #bytes, .object_bytes = (bytes),            \
		.lock = SPINLOCK_INIT("kmalloc-" #bytes)                       \
	}

static struct kmem_cache size_caches[] = {
	SIZE_CACHE(32),	 SIZE_CACHE(64),  SIZE_CACHE(128),  SIZE_CACHE(256),
	SIZE_CACHE(512), SIZE_CACHE(960), SIZE_CACHE(1984),
};

/*
 * Above that: whole frames.  The order is kept in the frame record of the
 * first one, which is not on a free list.
 */
static void *alloc_frames(size_t bytes)
{
	unsigned int order = 0;
	struct frame *block;

	while (PAGE_SIZE << order < bytes)
		if (++order > FRAME_ORDER_MAX)
			return NULL;
	block = frame_alloc_block(FRAME_KERNEL, order);
	if (!block)
		return NULL;
	block->order = (u8)order;
	return frame_ptr(block);
}

void *kmalloc(size_t bytes)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(size_caches); i++)
		if (bytes <= size_caches[i].object_bytes)
			return kmem_cache_alloc(&size_caches[i]);
	return alloc_frames(bytes);
}

void *kmalloc_zeroed(size_t bytes)
{
	void *ptr = kmalloc(bytes);

	if (ptr)
		memset(ptr, 0, bytes);
	return ptr;
}

void kfree(void *ptr)
{
	struct frame *block;
	u64 frames;

	if (!ptr)
		return;
	/* Objects never start on a page border: the slab header does. */
	if (!is_aligned((u64)ptr, PAGE_SIZE)) {
		struct slab *slab = (void *)((u64)ptr & PAGE_MASK);

		kmem_cache_free(slab->cache, ptr);
		return;
	}
	block = pfn_to_frame(ptr_to_pfn(ptr));
	frames = 1UL << block->order;
	for (u64 i = 0; i < frames; i++)
		frame_put(&block[i]);
}
