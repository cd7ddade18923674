/*
 * test_lock_order.c - pairs of locks that contradict each other are named
 */
#include "kernel/lib/lock_order.h"

#include "kernel/lib/spinlock.h"
#include "tests/host/fake_machine.h"

/* Two CPUs, or two tasks; who they are makes no difference. */
static struct lock_held one;
static struct lock_held other;

/* A lock's own note of its class; the name alone decides. */
static u8 class_of(const char *name)
{
	u8 class = 0;

	return lock_order_class(name, &class);
}

static void take(struct lock_held *held, const char *name)
{
	lock_order_check(held, class_of(name), (const void *)&class_of);
	lock_order_taken(held, class_of(name));
}

static void release(struct lock_held *held, const char *name)
{
	lock_order_released(held, class_of(name));
}

static void take_and_release(struct lock_held *held, const char *outer,
			     const char *inner)
{
	take(held, outer);
	take(held, inner);
	release(held, inner);
	release(held, outer);
}

static void test_same_order(void)
{
	for (int i = 0; i < 3; i++) {
		take_and_release(&one, "a", "b");
		take_and_release(&other, "b", "c");
		take_and_release(&one, "a", "c");
	}
	CHECK_EQUAL(one.count, 0);
}

static void opposite(void)
{
	take_and_release(&one, "a", "b");
	take_and_release(&other, "b", "a");
}

/* Nobody ever takes these two the wrong way round: the cycle has three. */
static void in_a_circle(void)
{
	take_and_release(&one, "a", "b");
	take_and_release(&one, "b", "c");
	take_and_release(&other, "c", "a");
}

static void twins(void)
{
	take_and_release(&one, "a", "a");
}

/* With a third one in between that was there first, and stays. */
static void below_another(void)
{
	take_and_release(&one, "a", "b");
	take(&other, "b");
	take(&other, "x");
	take(&other, "a");
}

static void test_contradictions(void)
{
	CHECK_PANIC(opposite, "lock order: a after b in ");
	CHECK_PANIC(opposite, ", but earlier b after a in ");
	CHECK_PANIC(in_a_circle, "lock order: a after c in ");
	CHECK_PANIC(in_a_circle, "b after a in ");
	CHECK_PANIC(in_a_circle, "c after b in ");
	CHECK_PANIC(twins, "lock order: a is taken with another a held");
	CHECK_PANIC(below_another, "lock order: a after b in ");
}

static void in_their_own_order(void)
{
	take(&one, "a");
	lock_order_check_nested(&one, class_of("a"), "");
	lock_order_taken(&one, class_of("a"));
	release(&one, "a");
	release(&one, "a");
}

static void test_nested(void)
{
	in_their_own_order();
	CHECK_EQUAL(one.count, 0);
	take_and_release(&one, "b", "a");
	CHECK_PANIC(opposite, "lock order: b after a in ");
}

/* Held, but nobody had to wait for it: only what comes inside counts. */
static void test_tried(void)
{
	take_and_release(&one, "a", "b");
	take(&other, "b");
	lock_order_taken(&other, class_of("a"));
	take(&other, "c");
	release(&other, "b"); /* not the last one taken */
	CHECK_EQUAL(other.count, 2);
	CHECK_EQUAL(other.classes[0], class_of("a"));
	CHECK_EQUAL(other.classes[1], class_of("c"));
	CHECK_EQUAL(other.classes[2], 0);
}

static void without_order(void)
{
	u8 class = LOCK_CLASS_NONE;

	take(&one, "a");
	lock_order_check(&one, lock_order_class("free", &class), "");
	lock_order_taken(&one, class);
	take(&one, "b");
	lock_order_released(&one, class);
	release(&one, "b");
	release(&one, "a");
	CHECK_EQUAL(one.count, 0);
}

static void test_without_order(void)
{
	without_order();
	without_order();
	CHECK_PANIC(opposite, "lock order: a after b in ");
}

static struct spinlock a = SPINLOCK_INIT("a");
static struct spinlock b = SPINLOCK_INIT("b");

static void spinlocks(void)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&a);
	spin_lock(&a);
}

static void test_spinlocks(void)
{
	CHECK_PANIC(spinlocks, "lock order: a after b in ");
}

static void too_many(void)
{
	static char names[300][4];

	for (int i = 0; i < 300; i++) {
		names[i][0] = (char)('a' + i / 26);
		names[i][1] = (char)('a' + i % 26);
		(void)class_of(names[i]);
	}
}

static void test_limits(void)
{
	CHECK_PANIC(too_many, "more than 95 classes of locks");
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "same order", test_same_order },
		{ "contradictions", test_contradictions },
		{ "nested", test_nested },
		{ "tried", test_tried },
		{ "without order", test_without_order },
		{ "spinlocks", test_spinlocks },
		{ "limits", test_limits },
	};

	return RUN_TESTS(tests);
}
