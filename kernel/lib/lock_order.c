/*
 * lock_order.c - see lock_order.h
 *
 * The pairs form a directed graph of classes.  Locks can deadlock if it has a
 * cycle, of two classes or of more; so each new pair is followed by a
 * search for the way back.
 */
#include "kernel/lib/lock_order.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/ksym.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

#if CALF_DEBUG

#define CLASSES_MAX 96

static const char *names[CLASSES_MAX]; /* atomic; by class; [0] is unused */

/* Atomic; [a][b]: where b was first taken with a held; NULL: never yet. */
static const void *seen[CLASSES_MAX][CLASSES_MAX];

u8 lock_order_class(const char *name, u8 *class)
{
	if (likely(*class))
		return *class;
	for (u8 i = 1; i < CLASSES_MAX; i++) {
		const char *known = NULL;

		if (__atomic_compare_exchange_n(&names[i], &known, name, false,
						__ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE) ||
		    strcmp(known, name) == 0)
			return *class = i;
	}
	panic("more than %d classes of locks", CLASSES_MAX - 1);
}

/*
 * The shortest way from @from to @to, breadth first.
 * @before: becomes, for each class that was reached, the one before it
 */
static bool find_way(u8 from, u8 to, u8 before[CLASSES_MAX])
{
	u8 reached[CLASSES_MAX] = { from };
	u8 count = 1;

	memset(before, 0, CLASSES_MAX);
	for (u8 i = 0; i < count; i++) {
		for (u8 next = 1; next < CLASSES_MAX; next++) {
			if (before[next] || !READ_ONCE(seen[reached[i]][next]))
				continue;
			before[next] = reached[i];
			if (next == to)
				return true;
			reached[count++] = next;
		}
	}
	return false;
}

/* Append "INNER after OUTER in FUNCTION+0x12" to @text. */
static void describe(char *text, size_t size, u8 outer, u8 inner)
{
	u64 place = (u64)seen[outer][inner];
	const struct ksym *symbol = ksym_find(place - 1);
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s%s after %s in %s+0x%lx",
		 length ? ", " : "", names[inner], names[outer],
		 symbol ? symbol->name : "",
		 symbol ? place - symbol->address : place);
}

static void report(u8 outer, u8 inner, const u8 before[CLASSES_MAX])
{
	char now[100] = "";
	char earlier[300] = "";

	describe(now, sizeof(now), outer, inner);
	for (u8 at = outer; at != inner; at = before[at])
		describe(earlier, sizeof(earlier), before[at], at);
	panic("lock order: %s, but earlier %s", now, earlier);
}

static void add_pair(u8 outer, u8 inner, const void *place)
{
	u8 before[CLASSES_MAX];

	if (likely(READ_ONCE(seen[outer][inner])))
		return;
	if (outer == inner)
		panic("lock order: %s is taken with another %s held",
		      names[inner], names[outer]);
	/*
	 * Order: first note the pair, then search.  Of two CPUs that come with
	 * opposite pairs at least one sees the other's.
	 */
	__atomic_store_n(&seen[outer][inner], place, __ATOMIC_SEQ_CST);
	if (find_way(inner, outer, before))
		report(outer, inner, before);
}

static void check(const struct lock_held *held, u8 class, bool is_nested,
		  const void *place)
{
	if (class == LOCK_CLASS_NONE)
		return;
	for (u8 i = 0; i < held->count; i++)
		if (held->classes[i] &&
		    !(is_nested && held->classes[i] == class))
			add_pair(held->classes[i], class, place);
}

void lock_order_check(const struct lock_held *held, u8 class, const void *place)
{
	check(held, class, false, place);
}

void lock_order_check_nested(const struct lock_held *held, u8 class,
			     const void *place)
{
	check(held, class, true, place);
}

/*
 * An interrupt may come between any two steps of the following, with locks of
 * its own.  It leaves @held as it was, and overlooks a place that says 0: so
 * the places from held->count on always do.
 */
void lock_order_taken(struct lock_held *held, u8 class)
{
	if (class == LOCK_CLASS_NONE)
		return;
	ASSERT(held->count < LOCK_DEPTH_MAX);
	WRITE_ONCE(held->count, (u8)(held->count + 1));
	WRITE_ONCE(held->classes[held->count - 1], class);
}

/* Mostly the last one taken, but not always. */
void lock_order_released(struct lock_held *held, u8 class)
{
	u8 at = held->count;

	if (class == LOCK_CLASS_NONE)
		return;
	do
		ASSERT(at > 0);
	while (held->classes[--at] != class);
	for (; at + 1 < held->count; at++)
		WRITE_ONCE(held->classes[at], held->classes[at + 1]);
	WRITE_ONCE(held->classes[at], 0);
	WRITE_ONCE(held->count, at);
}

#endif
