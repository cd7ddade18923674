/*
 * test_kmem.c - object caches and kmalloc()
 */
#include <string.h>

#include "mm/kmem.h"
#include "tests/host/fake_machine.h"

struct thing {
	char bytes[200];
};

static struct kmem_cache cache = KMEM_CACHE("thing", struct thing);

/* Objects in one slab: 64 bytes of header, aligned to 64. */
#define PER_SLAB ((4096 - 64) / 256)

static void test_cache(void)
{
	enum { COUNT = 3 * PER_SLAB };
	static struct thing *things[COUNT];
	u64 free;

	machine_start();
	free = frame_stats_read().free;
	for (int i = 0; i < COUNT; i++) {
		things[i] = kmem_cache_alloc(&cache);
		CHECK(things[i]);
		CHECK_EQUAL((u64)things[i] % 64, 0);
		memset(things[i], i, sizeof(struct thing));
	}
	CHECK_EQUAL(kmem_stats_read().frames, 3);
	CHECK_EQUAL(kmem_stats_read().objects, COUNT);
	for (int i = 0; i < COUNT; i++)
		for (u64 at = 0; at < sizeof(struct thing); at++)
			CHECK_EQUAL(things[i]->bytes[at], (char)i);

	/* An object of a full slab comes back first. */
	kmem_cache_free(&cache, things[5]);
	CHECK(kmem_cache_alloc(&cache) == things[5]);

	for (int i = 0; i < COUNT; i++)
		kmem_cache_free(&cache, things[(i * 7) % COUNT]);
	CHECK_EQUAL(kmem_stats_read().frames, 0);
	CHECK_EQUAL(kmem_stats_read().objects, 0);
	CHECK_EQUAL(frame_stats_read().free, free);
}

static void test_zeroed(void)
{
	struct thing *thing;
	static const struct thing zeros;

	machine_start();
	thing = kmem_cache_alloc(&cache);
	memset(thing, 7, sizeof(*thing));
	kmem_cache_free(&cache, thing);
	thing = kmem_cache_alloc_zeroed(&cache);
	CHECK(memcmp(thing, &zeros, sizeof(zeros)) == 0);
}

static void test_kmalloc(void)
{
	static const u64 sizes[] = { 0,	   1,	 32,	   33,	 500,
				     960,  961,	 1984,	   1985, 4096,
				     4097, 9000, 4UL << 20 };
	u64 free;

	machine_start();
	kfree(NULL);
	free = frame_stats_read().free;
	for (u64 i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *bytes = kmalloc_zeroed(sizes[i]);
		u8 *more = kmalloc(sizes[i] % 4096);

		CHECK(bytes && more && bytes != more);
		CHECK_EQUAL((u64)bytes % 16, 0);
		for (u64 at = 0; at < sizes[i]; at++)
			CHECK_EQUAL(bytes[at], 0);
		memset(bytes, 0xff, sizes[i]);
		memset(more, 0xee, sizes[i] % 4096);
		kfree(bytes);
		kfree(more);
		CHECK_EQUAL(frame_stats_read().free, free);
	}
	CHECK(!kmalloc((4UL << 20) + 1));
}

static void test_no_memory(void)
{
	machine_start();
	machine_fail_nth(1);
	CHECK(!kmem_cache_alloc(&cache));
	machine_fail_nth(2); /* the frame behind it */
	CHECK(!kmem_cache_alloc_zeroed(&cache));
	machine_fail_nth(1);
	CHECK(!kmalloc(5000));
	machine_fail_nth(1);
	CHECK(!kmalloc_zeroed(5000));
	CHECK_EQUAL(kmem_stats_read().frames, 0);
}

static void free_to_wrong_cache(void)
{
	static struct kmem_cache other = KMEM_CACHE("other", struct thing);

	kmem_cache_free(&other, kmem_cache_alloc(&cache));
}

static void test_mistakes(void)
{
	machine_start();
	CHECK_PANIC(free_to_wrong_cache, "slab->cache == cache");
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "cache", test_cache },       { "zeroed", test_zeroed },
		{ "kmalloc", test_kmalloc },   { "no memory", test_no_memory },
		{ "mistakes", test_mistakes },
	};

	return RUN_TESTS(tests);
}
