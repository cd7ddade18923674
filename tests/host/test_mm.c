/*
 * test_mm.c - the life of an address space, and what may not be written
 */
#include "mm/object.h"
#include "tests/host/mm_test.h"

static struct vma *vma;
static struct frame *frame; /* at AT */
static pte_t *slot;

static void start_page(void)
{
	start();
	CHECK_EQUAL(map(AT, 2 * P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	frame = frame_at(mm, AT);
	slot = pgtable_walk(&mm->pgtable, VADDR(AT));
	vma = vma_find(&mm->vmas, VADDR(AT));
}

static void test_life(void)
{
	u64 free;

	machine_start();
	free = frame_stats_read().free;
	mm = mm_create();
	CHECK_EQUAL(mm->refcount, 1);
	CHECK_EQUAL(mm->limits.stack_bytes, STACK_LIMIT_BYTES);
	mm_get(mm);
	mm_put(mm);
	/* Two CPUs run in it when it ends: they have to leave it first. */
	machine_run(0, mm);
	CHECK_EQUAL(map(AT, 2 * P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	machine_run(1, mm);
	CHECK_EQUAL(machine_read(VADDR(AT)), 1);
	mm_put(mm);
	CHECK(list_is_empty(&mm_list));
	CHECK_EQUAL(frame_stats_read().free, free);
	machine_check_tlbs();
	check_all();
}

static void test_peak(void)
{
	start_page();
	machine_write(VADDR(AT + P), 1);
	CHECK_EQUAL(mm->rss_pages, 2);
	CHECK_EQUAL(mm_rss_peak(mm), 2);
	CHECK_EQUAL(map_munmap(mm, VADDR(AT), 2 * P), 0);
	CHECK_EQUAL(mm->rss_pages, 0);
	CHECK_EQUAL(mm_rss_peak(mm), 2);
}

/* ---- What must never be written ---- */

/* At the page after AT, where nothing is mapped so far. */
static void install(pte_t pte)
{
	mm_install_pte(vma, VADDR(AT + P), slot + 1, pte);
}

static struct pte_rights rights(bool write, bool exec)
{
	return (struct pte_rights){
		.user = true, .read = true, .write = write, .exec = exec
	};
}

static void outside_the_area(void)
{
	mm_install_pte(vma, VADDR(AT + 2 * P), slot + 2, *slot);
}

static void not_for_the_user(void)
{
	install(pte_make(frame_pfn(frame),
			 (struct pte_rights){ .read = true }));
}

static void readable(void)
{
	vma->flags = 0;
	install(pte_make(frame_pfn(frame), rights(false, false)));
}

static void writable(void)
{
	vma->flags = VMA_READ;
	install(*slot);
}

static void executable(void)
{
	install(pte_make(frame_pfn(frame), rights(false, true)));
}

static void zero_frame_writable(void)
{
	install(pte_make(frame_pfn(zero_frame), rights(true, false)));
}

static void shared_writable(void)
{
	frame_get_mapped(frame);
	install(*slot);
}

static void over_another(void)
{
	mm_install_pte(vma, VADDR(AT), slot, *slot);
}

static void protect_another(void)
{
	mm_protect_pte(vma, VADDR(AT), slot,
		       pte_make(frame_pfn(zero_frame), rights(false, false)));
}

static void test_refused(void)
{
	start_page();
	CHECK_PANIC(outside_the_area, "I5 violated: 0x40005000 is outside");
	CHECK_PANIC(not_for_the_user, "I5 violated");
	CHECK_PANIC(readable, "I5 violated: PTE of 0x40004000 is readable");
	CHECK_PANIC(writable, "I5 violated: PTE of 0x40004000 is writable");
	CHECK_PANIC(executable, "I5 violated: PTE of 0x40004000 is executable");
	CHECK_PANIC(zero_frame_writable, "I9 violated");
	CHECK_PANIC(shared_writable, "I4 violated");
	CHECK_PANIC(over_another, "assertion failed");
	CHECK_PANIC(protect_another, "assertion failed");
}

/* ---- What must not be left at the end ---- */

static void leave_a_table(void)
{
	mm->pgtable.table_pages++;
	mm_put(mm);
}

static void keep_the_lock(void)
{
	write_lock(&mm->lock);
	(void)!fault_handle(mm, VADDR(AT), 0);
}

/* A narrower entry, no flush, and back to user mode: I10. */
static void forget_the_flush(void)
{
	mm_protect_pte(vma, VADDR(AT), slot, pte_without_write(*slot));
	machine_run(0, mm);
}

static void test_mistakes(void)
{
	start_page();
	CHECK_PANIC(leave_a_table, "I7 violated: 1 table pages are left");
	CHECK_PANIC(keep_the_lock, "lock mm taken twice");
	CHECK_PANIC(forget_the_flush, "I10 violated");
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "life", test_life },
		{ "peak", test_peak },
		{ "refused entries", test_refused },
		{ "mistakes", test_mistakes },
	};

	return RUN_TESTS(tests);
}
