/*
 * model_verify.c - is the kernel's memory as the model says?
 */
#include <string.h>

#include "tests/host/fake_machine.h"
#include "tests/host/model.h"

static void verify_area(const struct model_mm *mm, const struct vma *vma,
			struct span area)
{
	const struct model_page *page = &mm->pages[area.start];
	struct object *object = page->object ? page->object->real : NULL;

	if (!vma || vma->start.val != page_address(area.start) ||
	    vma->end.val != page_address(area.end - 1) + PAGE_SIZE)
		FAIL("area %#lx-%#lx should be %#lx-%#lx",
		     vma ? vma->start.val : 0, vma ? vma->end.val : 0,
		     page_address(area.start),
		     page_address(area.end - 1) + PAGE_SIZE);
	CHECK_EQUAL(vma->flags, page->flags);
	CHECK(vma->object == object);
	if (object)
		CHECK_EQUAL(vma->object_page, page->object_page);
}

static void verify_areas(const struct model_mm *mm)
{
	const struct vma_set *set = &mm->real->vmas;
	struct list_node *node = set->list.next;
	struct span area;

	for (unsigned int page = model_above(mm, 0); page < PAGES;
	     page = model_above(mm, area.end)) {
		area = model_area(mm, page);
		verify_area(mm,
			    node == &set->list ?
				    NULL :
				    list_entry(node, struct vma, list_node),
			    area);
		node = node->next;
	}
	if (node != &set->list)
		FAIL("there is an area more, at %#lx",
		     list_entry(node, struct vma, list_node)->start.val);
}

static void verify_rights(u64 va, const struct model_page *page, pte_t pte)
{
	bool is_present = page->flags & VMA_RIGHTS;
	bool is_executable = page->flags & VMA_EXEC;

	if (!pte_has_frame(pte))
		FAIL("%#lx is absent, should be in state %d", va, page->state);
	if (pte_is_present(pte) != is_present ||
	    pte_is_writable(pte) != page->is_writable ||
	    pte_is_executable(pte) != is_executable)
		FAIL("PTE of %#lx is %#lx, should be %s%s%s", va, pte.raw,
		     is_present ? "r" : "-", page->is_writable ? "w" : "-",
		     is_executable ? "x" : "-");
}

/* The frame behind a page, and how often it is shared. */
static void verify_frame(u64 va, const struct model_page *page,
			 const struct frame *frame)
{
	u64 pfn = frame_pfn(frame).val;
	struct frame *held;

	switch (page->state) {
	case PAGE_ABSENT:
		FAIL("%#lx has frame %#lx, should be absent", va, pfn);
	case PAGE_ZERO:
		CHECK(frame == zero_frame);
		break;
	case PAGE_OBJECT:
		object_find_frame(page->object->real, page->object_page, &held);
		CHECK(held == frame);
		frame_put(held);
		break;
	case PAGE_PRIVATE:
		if (!page->token->pfn)
			page->token->pfn = pfn;
		if (page->token->pfn != pfn)
			FAIL("%#lx has frame %#lx, should be %#lx", va, pfn,
			     page->token->pfn);
		if (frame_refcount(frame) != page->token->pages ||
		    frame_mapcount(frame) != page->token->pages)
			FAIL("%#lx: refcount %u, mapcount %u, should be %u", va,
			     frame_refcount(frame), frame_mapcount(frame),
			     page->token->pages);
		break;
	}
}

static void verify_bytes(u64 va, const u8 *bytes, const u8 *wanted)
{
	u64 at = 0;

	if (memcmp(bytes, wanted, PAGE_SIZE) == 0)
		return;
	while (bytes[at] == wanted[at])
		at++;
	FAIL("the byte at %#lx is %#x, should be %#x", va + at, bytes[at],
	     wanted[at]);
}

static void verify_page(const struct model_mm *mm, unsigned int number)
{
	const struct model_page *page = &mm->pages[number];
	u64 va = page_address(number);
	pte_t pte = machine_walk(&mm->real->pgtable.space, va);

	if (page->state == PAGE_ABSENT && !pte_has_frame(pte))
		return;
	if (page->state == PAGE_ABSENT)
		FAIL("PTE of %#lx is %#lx, should be absent", va, pte.raw);
	verify_rights(va, page, pte);
	verify_frame(va, page, pfn_to_frame(pte_pfn(pte)));
	verify_bytes(va, pfn_to_ptr(pte_pfn(pte)), model_bytes(mm, number));
}

static void verify_counters(const struct model_mm *mm)
{
	u64 rss = 0;
	u64 total = 0;
	u64 committed = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		const struct model_page *page = &mm->pages[i];

		rss += page->state == PAGE_OBJECT ||
		       page->state == PAGE_PRIVATE;
		total += page->is_mapped;
		committed += page->is_mapped && page->flags & VMA_ACCOUNT;
	}
	CHECK_EQUAL(mm->real->rss_pages, rss);
	CHECK_EQUAL(mm->real->total_pages, total);
	CHECK_EQUAL(mm->real->committed_pages, committed);
	CHECK_EQUAL(mm->real->charged_pages, committed);
	CHECK_EQUAL(mm->real->brk.val, mm->brk);
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		if (mm->real->faults.count[kind] != mm->faults[kind])
			FAIL("%lu faults %s, should be %lu",
			     mm->real->faults.count[kind],
			     fault_kind_names[kind], mm->faults[kind]);
}

void model_verify(struct model_mm *mm)
{
	verify_areas(mm);
	for (unsigned int page = 0; page < PAGES; page++)
		verify_page(mm, page);
	verify_counters(mm);
}
