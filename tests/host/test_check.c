/*
 * test_check.c - the checker itself: each invariant is broken once, by hand,
 *                and must be named
 */
#include "mm/object.h"
#include "tests/host/mm_test.h"

static struct vma *vma;
static struct frame *frame; /* at AT, private and writable */
static pte_t *slot;
static struct object *file;
static struct frame *file_frame;

static void start_broken(void)
{
	start();
	CHECK_EQUAL(map(AT, 4 * P, RW, ANON_FIXED), AT);
	machine_write(VADDR(AT), 1);
	file = object_create(P, false);
	CHECK_EQUAL(map_object(AT + 8 * P, P, RW, MAP_PRIVATE | MAP_FIXED, file,
			       0),
		    AT + 8 * P);
	CHECK_EQUAL(machine_read(VADDR(AT + 8 * P)), 0);
	CHECK_EQUAL(machine_read(VADDR(AT + 2 * P)), 0);
	frame = frame_at(mm, AT);
	file_frame = frame_at(mm, AT + 8 * P);
	slot = pgtable_walk(&mm->pgtable, VADDR(AT));
	vma = vma_find(&mm->vmas, VADDR(AT));
	check_all();
}

static struct frame *leaf_table(void)
{
	return pfn_to_frame(ptr_to_pfn(slot));
}

/* ---- I1 to I4 ---- */

static void mapcount_too_high(void)
{
	frame->mapcount++;
	frame->refcount++;
	*slot = pte_without_write(*slot);
	check_all();
}

static void mapping_not_counted(void)
{
	slot[1] = pte_without_write(*slot);
	*slot = slot[1];
	mm->rss_pages++;
	check_all();
}

static void refcount_too_high(void)
{
	frame->refcount++;
	check_all();
}

static void refcount_of_table(void)
{
	leaf_table()->refcount++;
	check_all();
}

static void object_of_wrong_kind(void)
{
	file_frame->kind = FRAME_ANON;
	check_all();
}

/* As after a cut that has forgotten somebody. */
static void object_has_let_go(void)
{
	file->root = NULL;
	file_frame->refcount--;
	check_all();
}

/* As after a reuse that has not asked who else holds the frame. */
static void object_is_written_privately(void)
{
	pte_t *entry = pgtable_walk(&mm->pgtable, VADDR(AT + 8 * P));

	*entry = pte_with_write(*entry);
	check_all();
}

static void free_with_references(void)
{
	struct frame *lost = frame_alloc(FRAME_ANON);

	frame_put(lost);
	lost->refcount = 1;
	lost->mapcount = 1;
	check_all();
}

static void lost_without_references(void)
{
	struct frame *lost = frame_alloc(FRAME_ANON);

	lost->refcount = 0;
	check_all();
}

static void free_is_miscounted(void)
{
	struct frame *lost = frame_alloc(FRAME_ANON);

	lost->refcount = 0;
	lost->kind = FRAME_FREE;
	check_all();
}

static void free_is_mapped(void)
{
	*slot = pte_make(PFN(0), vma_pte_rights(vma, true));
	frame_table[0].kind = FRAME_FREE;
	check_all();
}

static void shared_is_writable(void)
{
	frame->mapcount++;
	frame->refcount++;
	slot[1] = *slot;
	mm->rss_pages++;
	check_all();
}

/* ---- I5, I9, I11, I12 ---- */

static void beyond_memory(void)
{
	*slot = pte_make(PFN(frame_count), vma_pte_rights(vma, false));
	check_all();
}

static void outside_areas(void)
{
	slot[6] = *slot;
	*slot = (pte_t){ 0 };
	check_all();
}

static void wider_than_area(void)
{
	vma->flags &= ~VMA_WRITE;
	check_all();
}

static void readable_without_rights(void)
{
	*slot = pte_without_write(*slot);
	vma->flags = 0;
	check_all();
}

static void zero_frame_writable(void)
{
	slot[2] = pte_with_write(slot[2]);
	check_all();
}

static void table_is_mapped(void)
{
	*slot = pte_make(frame_pfn(leaf_table()), vma_pte_rights(vma, false));
	check_all();
}

static void kernel_half_differs(void)
{
	pte_t *root = pfn_to_ptr(mm->pgtable.space.root);

	root[PGTABLE_ENTRIES - 1] = pte_make_table(PFN(1), false);
	check_all();
}

/* ---- I6, I7, I8 ---- */

static void area_is_odd(void)
{
	vma->end.val -= 5;
	check_all();
}

static void areas_overlap(void)
{
	vma->end.val += 20 * P;
	check_all();
}

static void areas_not_merged(void)
{
	CHECK_EQUAL(vma_split(&mm->vmas, VADDR(AT + P)), 0);
	check_all();
}

static void tree_is_wrong(void)
{
	mm->vmas.tree = NULL;
	mm->vmas.last_found = NULL;
	*slot = (pte_t){ 0 };
	slot[2] = (pte_t){ 0 };
	slot[8] = (pte_t){ 0 };
	mm->rss_pages = 0;
	check_all();
}

static void areas_miscounted(void)
{
	mm->vmas.count++;
	check_all();
}

static void rss_is_wrong(void)
{
	mm->rss_pages++;
	check_all();
}

static void tables_are_wrong(void)
{
	mm->pgtable.table_pages++;
	check_all();
}

static void total_is_wrong(void)
{
	mm->total_pages++;
	check_all();
}

static void committed_is_wrong(void)
{
	mm->committed_pages++;
	check_all();
}

struct mistake {
	void (*make)(void);
	const char *text;
};

static void test_each_invariant(void)
{
	static const struct mistake mistakes[] = {
		{ mapcount_too_high, "I1 violated" },
		{ mapping_not_counted, "I1 violated" },
		{ refcount_too_high, "I2 violated" },
		{ refcount_of_table, "I2 violated" },
		{ object_of_wrong_kind, "I2 violated" },
		{ object_has_let_go, "I2 violated" },
		{ object_is_written_privately, "I2 violated" },
		{ free_with_references, "I1 violated" },
		{ lost_without_references, "I3 violated" },
		{ free_is_miscounted, "I3 violated" },
		{ free_is_mapped, "I3 violated" },
		{ shared_is_writable, "I4 violated" },
		{ beyond_memory, "I5 violated" },
		{ outside_areas, "I5 violated" },
		{ wider_than_area, "I5 violated" },
		{ readable_without_rights, "I5 violated" },
		{ area_is_odd, "I6 violated" },
		{ areas_overlap, "I6 violated" },
		{ areas_not_merged, "I6 violated" },
		{ tree_is_wrong, "I6 violated: the tree" },
		{ areas_miscounted, "I6 violated" },
		{ rss_is_wrong, "I7 violated: rss" },
		{ tables_are_wrong, "I7 violated" },
		{ total_is_wrong, "I7 violated" },
		{ committed_is_wrong, "I8 violated" },
		{ zero_frame_writable, "I9 violated" },
		{ table_is_mapped, "I11 violated" },
		{ kernel_half_differs, "I12 violated" },
	};

	start_broken();
	for (u64 i = 0; i < ARRAY_SIZE(mistakes); i++)
		CHECK_PANIC(mistakes[i].make, mistakes[i].text);
}

/* The evidence: every entry that maps the frame. */
static void test_evidence(void)
{
	start_broken();
	CHECK_PANIC(shared_is_writable, "  mapped at 0x40003000 by the mm");
	CHECK_PANIC(shared_is_writable, "  mapped at 0x40004000 by the mm");
}

static void event_with_mistake(void)
{
	mm->rss_pages++;
	check_event();
}

static void faults_with_mistake(void)
{
	mm->rss_pages++;
	for (int i = 0; i < 256; i++)
		check_fault_event();
}

/* check_event() always, check_fault_event() every 256th time, if enabled. */
static void test_events(void)
{
	start_broken();
	CHECK_PANIC(event_with_mistake, "I7 violated");
	CHECK_PANIC(faults_with_mistake, "I7 violated");
	mm->rss_pages++;
	for (int i = 0; i < 200; i++)
		check_fault_event();
	check_enabled = 0;
	check_event();
	for (int i = 0; i < 1000; i++)
		check_fault_event();
}

int main(void)
{
	static const struct host_test tests[] = {
		{ "each invariant", test_each_invariant },
		{ "evidence", test_evidence },
		{ "events", test_events },
	};

	return RUN_TESTS(tests);
}
