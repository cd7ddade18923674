/*
 * test_vma.c - the ordered set of areas: find, insert, split, merge, gap
 */
#include "mm/object.h"
#include "mm/vma.h"
#include "tests/host/mm_test.h"

static struct vma_set set;

static struct vma *add(u64 start_page, u64 end_page, u32 flags)
{
	struct vma *vma = vma_alloc();

	CHECK(vma);
	vma->start = VADDR(AT + start_page * P);
	vma->end = VADDR(AT + end_page * P);
	vma->flags = flags;
	vma_insert(&set, vma);
	return vma;
}

static void start_set(void)
{
	machine_start();
	vma_set_init(&set);
}

static vaddr_t at(u64 page)
{
	return VADDR(AT + page * P);
}

static void test_find(void)
{
	struct vma *a, *b, *c;

	start_set();
	CHECK(!vma_find_above(&set, at(0)));
	b = add(10, 12, VMA_READ);
	a = add(2, 4, VMA_READ);
	c = add(12, 20, VMA_WRITE);
	CHECK_EQUAL(set.count, 3);
	CHECK(vma_find_above(&set, VADDR(0)) == a);
	CHECK(!vma_find(&set, at(1)));
	CHECK(vma_find(&set, at(2)) == a);
	CHECK(vma_find(&set, VADDR(AT + 4 * P - 1)) == a);
	CHECK(!vma_find(&set, at(4)));
	CHECK(vma_find_above(&set, at(4)) == b);
	CHECK(vma_find(&set, at(12)) == c);
	CHECK(!vma_find_above(&set, at(20)));
	CHECK(vma_next(&set, a) == b && vma_next(&set, b) == c);
	CHECK(!vma_next(&set, c) && !vma_prev(&set, a));
	CHECK(vma_prev(&set, c) == b);

	/* The area found last is not remembered beyond its life. */
	CHECK(vma_find(&set, at(10)) == b);
	vma_remove(&set, b);
	vma_free(b);
	CHECK(!vma_find(&set, at(10)));
	CHECK(vma_find_above(&set, at(10)) == c);
	CHECK_EQUAL(set.count, 2);
}

static void test_split_and_merge(void)
{
	struct object *object;
	struct vma *low, *high;

	start_set();
	object = object_create(100 * P, false);
	low = add(0, 10, VMA_READ | VMA_SHARED);
	low->object = object;
	low->object_page = 7;
	CHECK_EQUAL(vma_split(&set, at(0)), 0);
	CHECK_EQUAL(vma_split(&set, at(10)), 0);
	CHECK_EQUAL(vma_split(&set, at(50)), 0);
	CHECK_EQUAL(set.count, 1);

	CHECK_EQUAL(vma_split(&set, at(4)), 0);
	CHECK_EQUAL(set.count, 2);
	high = vma_next(&set, low);
	CHECK_EQUAL(low->end.val, AT + 4 * P);
	CHECK_EQUAL(high->start.val, AT + 4 * P);
	CHECK_EQUAL(high->end.val, AT + 10 * P);
	CHECK_EQUAL(high->object_page, 11);
	CHECK_EQUAL(object->refcount, 2);
	CHECK_EQUAL(vma_object_index(high, at(6)), 13);

	/* A border that lies outside the range stays. */
	vma_merge_range(&set, at(5), at(6));
	CHECK_EQUAL(set.count, 2);
	vma_merge_range(&set, at(4), at(5));
	CHECK_EQUAL(set.count, 1);
	CHECK_EQUAL(low->end.val, AT + 10 * P);
	CHECK_EQUAL(object->refcount, 1);
}

static void test_can_merge(void)
{
	struct object *object;
	struct vma *a, *b;

	start_set();
	object = object_create(P, false);
	a = add(0, 2, VMA_READ);
	b = add(2, 4, VMA_READ);
	CHECK(vma_can_merge(a, b));
	CHECK(!vma_can_merge(b, a));
	b->flags = VMA_READ | VMA_NORESERVE;
	CHECK(!vma_can_merge(a, b));
	b->flags = VMA_READ;
	b->object = object;
	CHECK(!vma_can_merge(a, b));
	a->object = object;
	CHECK(!vma_can_merge(a, b));
	b->object_page = 2;
	CHECK(vma_can_merge(a, b));
	b->start = at(3);
	CHECK(!vma_can_merge(a, b));

	/* The range may begin at address 0. */
	b->start = at(2);
	object_get(object);
	vma_merge_range(&set, VADDR(0), at(100));
	CHECK_EQUAL(set.count, 1);
}

static void test_split_fails(void)
{
	start_set();
	add(0, 10, VMA_READ);
	machine_fail_nth(1);
	CHECK_EQUAL(vma_split(&set, at(5)), -ENOMEM);
	CHECK_EQUAL(set.count, 1);
	set.count = VMA_COUNT_MAX;
	CHECK_EQUAL(vma_split(&set, at(5)), -ENOMEM);
}

static u64 gap(u64 pages, u64 low, u64 high)
{
	vaddr_t start = vma_find_gap(&set, pages * P, at(low), at(high));

	return start.val ? (start.val - AT) / P : 9999;
}

static void test_gap(void)
{
	struct vma *stack;

	start_set();
	CHECK_EQUAL(gap(5, 0, 100), 95);
	CHECK_EQUAL(gap(100, 0, 100), 0);
	CHECK_EQUAL(gap(101, 0, 100), 9999);
	add(90, 95, VMA_READ);
	add(80, 85, VMA_READ);
	CHECK_EQUAL(gap(5, 0, 100), 95);
	CHECK_EQUAL(gap(6, 0, 100), 74);
	CHECK_EQUAL(gap(5, 0, 95), 85);
	CHECK_EQUAL(gap(80, 0, 100), 0);
	CHECK_EQUAL(gap(81, 0, 100), 9999);
	add(110, 120, VMA_READ);
	add(98, 105, VMA_READ); /* across the upper end */
	CHECK_EQUAL(gap(5, 0, 100), 85);
	CHECK_EQUAL(gap(3, 0, 100), 95);

	/* Below a stack 256 pages stay free. */
	stack = add(1000, 1001, VMA_READ | VMA_GROWS_DOWN);
	CHECK_EQUAL(gap(1, 0, 1000), 1000 - 256 - 1);
	/* One that lies so low that its gap would begin below 0. */
	vma_remove(&set, stack);
	vma_free(stack);
	vma_set_init(&set);
	add(300, 301, VMA_READ);
	stack = vma_alloc();
	stack->start = VADDR(USER_START);
	stack->end = VADDR(USER_START + P);
	stack->flags = VMA_READ | VMA_GROWS_DOWN;
	vma_insert(&set, stack);
	CHECK_EQUAL(vma_find_gap(&set, at(300).val - USER_START,
				 VADDR(USER_START), at(300))
			    .val,
		    0);
}

static void insert_overlap(void)
{
	add(1, 3, VMA_READ);
	add(2, 4, VMA_READ);
}

static void insert_empty(void)
{
	add(1, 1, VMA_READ);
}

static void test_mistakes(void)
{
	start_set();
	CHECK_PANIC(insert_overlap, "I6 violated");
	CHECK_PANIC(insert_empty, "I6 violated");
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "find", test_find },
		{ "split and merge", test_split_and_merge },
		{ "can merge", test_can_merge },
		{ "split fails", test_split_fails },
		{ "gap", test_gap },
		{ "mistakes", test_mistakes },
	};

	return RUN_TESTS(tests);
}
