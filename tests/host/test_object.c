/*
 * test_object.c - frames by index: grow, truncate, sparse files
 */
#include <string.h>

#include "mm/kmem.h"
#include "mm/object.h"
#include "tests/host/mm_test.h"

static struct object *object;
static u64 free_before;

static void start_object(u64 size_bytes)
{
	machine_start();
	free_before = frame_stats_read().free;
	object = object_create(size_bytes, false);
	CHECK(object);
}

static struct frame *get(u64 index)
{
	struct frame *frame;

	CHECK_EQUAL(object_get_frame(object, index, &frame), 0);
	CHECK_EQUAL(frame->kind, FRAME_OBJECT);
	frame_put(frame);
	return frame;
}

static bool has(u64 index)
{
	struct frame *frame;

	object_find_frame(object, index, &frame);
	if (frame)
		frame_put(frame);
	return frame;
}

static void finish_object(void)
{
	object_put(object);
	CHECK_EQUAL(frame_stats_read().free, free_before);
}

static void test_pages(void)
{
	struct frame *frame;
	struct frame *same;

	start_object(3 * P + 1);
	CHECK(!has(0));
	CHECK_EQUAL(object->frame_count, 0);
	CHECK_EQUAL(object_get_frame(object, 3, &frame), 0);
	CHECK_EQUAL(frame_refcount(frame), 2);
	CHECK_EQUAL(*(u64 *)frame_ptr(frame), 0);
	CHECK_EQUAL(object_get_frame(object, 3, &same), 0);
	CHECK(same == frame);
	CHECK_EQUAL(object->frame_count, 1);
	CHECK_EQUAL(object_get_frame(object, 4, &same), -EFAULT);
	object->name = kmalloc(10); /* goes with the object */
	CHECK(!same);
	frame_put(frame);
	frame_put(frame);
	finish_object();
}

/* A file with a page here and there, far apart: few nodes, right places. */
static void test_sparse(void)
{
	static const u64 indexes[] = { 0,	  1,	     63,
				       64,	  4095,	     4096,
				       1UL << 18, 1UL << 30, (1UL << 52) - 1 };

	start_object(~0UL);
	for (u64 i = 0; i < ARRAY_SIZE(indexes); i++)
		*(u64 *)frame_ptr(get(indexes[i])) = i + 1;
	CHECK_EQUAL(object->frame_count, ARRAY_SIZE(indexes));
	for (u64 i = 0; i < ARRAY_SIZE(indexes); i++) {
		CHECK(has(indexes[i]));
		CHECK_EQUAL(*(u64 *)frame_ptr(get(indexes[i])), i + 1);
	}
	CHECK(!has(2));
	CHECK(!has(1UL << 40));

	/* Cut from the end, one page after the other. */
	for (u64 i = ARRAY_SIZE(indexes); i-- > 0;) {
		CHECK_EQUAL(object->frame_count, i + 1);
		object_truncate(object, indexes[i] * P);
		CHECK(!has(indexes[i]));
	}
	CHECK(!object->root);
	CHECK_EQUAL(object->levels, 0);
	finish_object();
}

/* The tail of the last page is gone for good. */
static void test_truncate_tail(void)
{
	u8 *bytes;

	start_object(2 * P);
	bytes = frame_ptr(get(1));
	memset(bytes, 7, P);
	memset(frame_ptr(get(0)), 7, P);
	object_truncate(object, P + 100);
	object_truncate(object, 2 * P);
	for (u64 i = 0; i < P; i++)
		CHECK_EQUAL(bytes[i], i < 100 ? 7 : 0);
	CHECK_EQUAL(((u8 *)frame_ptr(get(0)))[P - 1], 7);
	/* No page at the tail, and none at all. */
	object_truncate(object, P);
	object_truncate(object, 2 * P);
	object_truncate(object, P + 50);
	object_truncate(object, 0);
	object_truncate(object, 50);
	CHECK_EQUAL(object->frame_count, 0);
	finish_object();
}

/* A frame that someone else holds outlives its place in the object. */
static void test_held(void)
{
	struct frame *frame;

	start_object(P);
	CHECK_EQUAL(object_get_frame(object, 0, &frame), 0);
	object_get(object);
	object_put(object);
	object_truncate(object, 0);
	CHECK_EQUAL(frame_refcount(frame), 1);
	frame_put(frame);
	finish_object();
}

static u64 visited;

static void visit(struct object *of, u64 index, struct frame *frame)
{
	CHECK(of == object);
	CHECK(frame == get(index));
	visited += index;
}

/* get() would take the lock that object_visit_frames() holds. */
static void visit_only(struct object *of, u64 index, struct frame *frame)
{
	CHECK(of == object && frame);
	visited += index;
}

static void visit_and_lock(void)
{
	object_visit_frames(visit);
}

static void test_for_each(void)
{
	start_object(~0UL);
	object_visit_frames(visit_only);
	CHECK_EQUAL(visited, 0);
	get(5);
	get(500);
	get(50000);
	object_visit_frames(visit_only);
	CHECK_EQUAL(visited, 50505);
	CHECK_PANIC(visit_and_lock, "lock object taken twice");
	finish_object();
}

/* Wherever memory runs out, nothing is lost and a second try succeeds. */
static void test_no_memory(void)
{
	struct frame *frame;

	start_object(~0UL);
	for (u64 nth = 1;; nth++) {
		int error;

		machine_fail_nth(nth);
		error = object_get_frame(object, 1UL << 20, &frame);
		if (!machine_failed())
			break;
		CHECK(error == -ENOMEM || error == -ENOSPC);
		CHECK(!frame);
		object_truncate(object, 0);
		CHECK_EQUAL(frame_stats_read().free,
			    free_before - 1); /* the object's own slab */
		object_truncate(object, ~0UL);
	}
	frame_put(frame);
	finish_object();
	machine_fail_nth(1);
	CHECK(!object_create(P, true));
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "pages", test_pages },
		{ "sparse", test_sparse },
		{ "truncate tail", test_truncate_tail },
		{ "held", test_held },
		{ "for each", test_for_each },
		{ "no memory", test_no_memory },
	};

	return RUN_TESTS(tests);
}
