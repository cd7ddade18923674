/*
 * test_object_map.c - a file is cut or punched while processes map it
 *
 * CPU 0 runs the parent, CPU 1 its child; machine_check_tlbs() sees any
 * translation that outlives its page (I10).
 */
#include "mm/object.h"
#include "mm/object_map.h"
#include "tests/host/mm_test.h"

#define FILE_PAGES 4UL
#define SHARED AT
#define PRIVATE (AT + 0x100000UL)

static struct object *file;
static struct mm *child;

static void write_all(u64 start, u8 value)
{
	for (u64 i = 0; i < FILE_PAGES; i++)
		machine_write(VADDR(start + i * P), value);
}

/* Each page of both mappings is in both processes' tables and TLBs. */
static void start_family(void)
{
	start();
	file = object_create(FILE_PAGES * P, false);
	CHECK_EQUAL(map_object(SHARED, FILE_PAGES * P, RW,
			       MAP_SHARED | MAP_FIXED, file, 0),
		    SHARED);
	CHECK_EQUAL(map_object(PRIVATE, FILE_PAGES * P, RW,
			       MAP_PRIVATE | MAP_FIXED, file, 0),
		    PRIVATE);
	write_all(SHARED, 1);
	for (u64 i = 0; i < FILE_PAGES; i++)
		CHECK_EQUAL(machine_read(VADDR(PRIVATE + i * P)), 1);
	/* One copy before the fork, one in the child alone. */
	machine_write(VADDR(PRIVATE + 2 * P), 2);
	CHECK_EQUAL(fork_mm(mm, &child), 0);
	machine_run(1, child);
	machine_write(VADDR(PRIVATE + 3 * P), 3);
	for (u64 i = 0; i < FILE_PAGES; i++)
		CHECK_EQUAL(machine_read(VADDR(SHARED + i * P)), 1);
	machine_run(0, mm);
}

static void finish_family(u64 frames)
{
	machine_check_tlbs();
	check_all();
	mm_put(child);
	check_all();
	CHECK_EQUAL(file->frame_count, frames);
	mm_put(mm);
	CHECK(list_is_empty(&file->vmas));
	object_put(file);
	check_all();
}

static bool has_page(struct mm *of, u64 address)
{
	return pte_has_frame(machine_walk(&of->pgtable.space, address));
}

static void check_has(u64 address, bool expected)
{
	CHECK_EQUAL(has_page(mm, address), expected);
	CHECK_EQUAL(has_page(child, address), expected);
}

/* All kinds of pages beyond the new end go, copies too; the others stay. */
static void test_truncate(void)
{
	start_family();
	object_truncate(file, P + 100);
	for (u64 i = 0; i < FILE_PAGES; i++) {
		check_has(SHARED + i * P, i < 2);
		check_has(PRIVATE + i * P, i < 2);
	}
	CHECK_EQUAL(touch(SHARED + 2 * P, ACCESS_READ), FAULT_SIGBUS);
	CHECK_EQUAL(touch(PRIVATE + 2 * P, ACCESS_WRITE), FAULT_SIGBUS);
	CHECK_EQUAL(touch(SHARED + P + 200, ACCESS_READ), FAULT_DONE);
	CHECK_EQUAL(file->frame_count, 2);

	object_truncate(file, FILE_PAGES * P);
	CHECK_EQUAL(machine_read(VADDR(SHARED + 2 * P)), 0);
	CHECK_EQUAL(machine_read(VADDR(PRIVATE + 2 * P)), 0);
	finish_family(3);
}

static void test_truncate_to_nothing(void)
{
	start_family();
	object_truncate(file, 0);
	CHECK_EQUAL(mm->rss_pages, 0);
	CHECK_EQUAL(child->rss_pages, 0);
	CHECK(!file->root);
	CHECK_EQUAL(touch(SHARED, ACCESS_READ), FAULT_SIGBUS);
	finish_family(0);
}

/* A hole takes the file's own pages; a private copy is not the file's. */
static void test_punch(void)
{
	start_family();
	object_punch(file, 1, 4);
	for (u64 i = 0; i < FILE_PAGES; i++)
		check_has(SHARED + i * P, i < 1);
	check_has(PRIVATE + P, false);
	check_has(PRIVATE + 2 * P, true);
	CHECK(!has_page(mm, PRIVATE + 3 * P));
	CHECK(has_page(child, PRIVATE + 3 * P));
	CHECK_EQUAL(file->frame_count, 1);

	CHECK_EQUAL(machine_read(VADDR(SHARED + 2 * P)), 0);
	CHECK_EQUAL(machine_read(VADDR(PRIVATE + 2 * P)), 2);
	CHECK_EQUAL(machine_read(VADDR(PRIVATE + 3 * P)), 0);
	machine_run(1, child);
	CHECK_EQUAL(machine_read(VADDR(PRIVATE + 3 * P)), 3);
	machine_run(0, mm);
	finish_family(3);
}

/* Pages far apart: only those of the hole go, wherever the tree has them. */
static void test_punch_sparse(void)
{
	static const u64 indexes[] = { 0, 63, 64, 4095, 4096, 1UL << 30 };
	struct frame *frame;

	start();
	file = object_create(~0UL, false);
	for (u64 i = 0; i < ARRAY_SIZE(indexes); i++) {
		CHECK_EQUAL(object_get_frame(file, indexes[i], &frame), 0);
		frame_put(frame);
	}
	object_punch(file, 5, 5);
	object_punch(file, 1UL << 40, 1UL << 41);
	object_punch(file, 1, 63);
	CHECK_EQUAL(file->frame_count, 6);
	object_punch(file, 63, 4096);
	CHECK_EQUAL(file->frame_count, 3);
	object_find_frame(file, 4096, &frame);
	CHECK(frame);
	frame_put(frame);
	object_punch(file, 1, ~0UL);
	CHECK_EQUAL(file->frame_count, 1);
	object_punch(file, 0, 1);
	CHECK(!file->root);
	object_put(file);
}

/* Areas that are split, moved, cut and merged are still found. */
static void test_areas_change(void)
{
	u64 moved = AT + 0x200000UL;

	start_family();
	CHECK_EQUAL(map_mprotect(mm, VADDR(SHARED + P), P, PROT_READ), 0);
	CHECK_EQUAL(map_munmap(mm, VADDR(SHARED), P), 0);
	CHECK_EQUAL(remap(SHARED + 3 * P, P, 2 * P,
			  MREMAP_MAYMOVE | MREMAP_FIXED, moved),
		    moved);
	CHECK_EQUAL(map_mprotect(mm, VADDR(SHARED + P), P, RW), 0);
	CHECK_EQUAL(machine_read(VADDR(moved)), 1);
	object_truncate(file, 2 * P);
	CHECK(has_page(mm, SHARED + P));
	CHECK(!has_page(mm, SHARED + 2 * P));
	CHECK(!has_page(mm, moved));
	CHECK_EQUAL(touch(moved, ACCESS_READ), FAULT_SIGBUS);
	finish_family(2);
}

static struct mm *late;

/* While the cut waits for an address space, its holder forks. */
static void fork_meanwhile(void)
{
	CHECK(!spin_is_held(&file->lock));
	CHECK_EQUAL(fork_mm(mm, &late), 0);
	CHECK(has_page(late, SHARED + 2 * P));
	/* The new size holds already: nothing can be added beyond it. */
	CHECK_EQUAL(touch(PRIVATE + 3 * P, ACCESS_WRITE), FAULT_SIGBUS);
}

static void fault_meanwhile(void)
{
	CHECK_EQUAL(touch(SHARED + 3 * P, ACCESS_READ), FAULT_DONE);
}

static void test_busy(void)
{
	start_family();
	CHECK_EQUAL(map_munmap(mm, VADDR(PRIVATE + 3 * P), P), 0);
	CHECK_EQUAL(map_object(PRIVATE + 3 * P, P, RW, MAP_PRIVATE | MAP_FIXED,
			       file, 3 * P),
		    PRIVATE + 3 * P);
	machine_lock_is_busy = fork_meanwhile;
	object_truncate(file, P);
	CHECK(late && !has_page(late, SHARED + 2 * P));
	check_has(SHARED + 2 * P, false);
	check_all();
	mm_put(late);
	finish_family(1);
}

/* A page that is mapped again during the wait goes, too. */
static void test_busy_punch(void)
{
	start_family();
	CHECK_EQUAL(map_madvise(mm, VADDR(SHARED), FILE_PAGES * P,
				MADV_DONTNEED),
		    0);
	machine_lock_is_busy = fault_meanwhile;
	object_punch(file, 3, 4);
	check_has(SHARED + 3 * P, false);
	finish_family(3);
}

static void cut_own(void)
{
	write_lock(&mm->lock);
	object_truncate(file, 0);
}

static void test_wrong_order(void)
{
	start_family();
	CHECK_PANIC(cut_own, "lock mm taken twice");
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "truncate", test_truncate },
		{ "truncate to nothing", test_truncate_to_nothing },
		{ "punch", test_punch },
		{ "punch sparse", test_punch_sparse },
		{ "areas change", test_areas_change },
		{ "busy", test_busy },
		{ "busy punch", test_busy_punch },
		{ "wrong order", test_wrong_order },
	};

	return RUN_TESTS(tests);
}
