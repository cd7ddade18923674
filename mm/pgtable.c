/*
 * pgtable.c - four levels of page tables
 *
 * Every function descends with the same loop: take the entry of the address
 * in the table of this level, stop or follow it to the table below.
 */
#include "mm/pgtable.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"

struct pgtable kernel_pgtable;

static pte_t *table_entry(pfn_t table, u64 address, int level)
{
	pte_t *entries = pfn_to_ptr(table);

	return &entries[pgtable_index(address, level)];
}

/*
 * The one place that makes an upper entry point to a table, …  Two threads that
 * fault on different pages may both miss the same table: one is first.
 * Return: whether this one was.
 */
static bool set_table_entry(struct pgtable *pgtable, pte_t *entry,
			    struct frame *table)
{
	bool is_user = pgtable != &kernel_pgtable;

	ASSERT_INVARIANT(I11, table->kind == FRAME_PGTABLE,
			 "pfn %#lx is no table", frame_pfn(table).val);
	if (!pte_set_if_absent(entry,
			       pte_make_table(frame_pfn(table), is_user)))
		return false;
	__atomic_fetch_add(&pgtable->table_pages, 1, __ATOMIC_RELAXED);
	return true;
}

/* … and the one place that takes it away again. */
static void clear_table_entry(struct pgtable *pgtable, pte_t *entry)
{
	pte_store(entry, (pte_t){ 0 });
	__atomic_fetch_sub(&pgtable->table_pages, 1, __ATOMIC_RELAXED);
}

int pgtable_init(struct pgtable *pgtable)
{
	struct frame *root = frame_alloc(FRAME_PGTABLE);
	size_t half_bytes = PAGE_SIZE / 2;
	char *entries;

	if (!root)
		return -ENOMEM;
	pgtable->table_pages = 1;
	tlb_space_init(&pgtable->space, frame_pfn(root));

	/* The kernel's half is complete by now and never changes (I12). */
	entries = frame_ptr(root);
	memset(entries, 0, half_bytes);
	if (pgtable == &kernel_pgtable)
		memset(entries + half_bytes, 0, half_bytes);
	else
		memcpy(entries + half_bytes,
		       (char *)pfn_to_ptr(kernel_pgtable.space.root) +
			       half_bytes,
		       half_bytes);
	return 0;
}

pte_t *pgtable_walk_level(const struct pgtable *pgtable, u64 address, int level)
{
	pfn_t table = pgtable->space.root;

	for (int at = PGTABLE_ROOT_LEVEL; at > level; at--) {
		pte_t entry = pte_load(table_entry(table, address, at));

		if (!pte_is_present(entry) || pte_is_large(entry))
			return NULL;
		table = pte_pfn(entry);
	}
	return table_entry(table, address, level);
}

/* Return: the entry as it is now; absent: no memory. */
static pte_t create_table(struct pgtable *pgtable, pte_t *entry, u64 address,
			  int level)
{
	struct frame *fresh = frame_alloc_zeroed(FRAME_PGTABLE);

	if (fresh && !set_table_entry(pgtable, entry, fresh))
		frame_put(fresh);
	else if (fresh)
		TRACE(TABLE_NEW, .space = (u32)pgtable->space.root.val,
		      .frame = (u32)frame_pfn(fresh).val,
		      .other = (u32)ptr_to_pfn(entry).val,
		      .code = (u32)level - 1,
		      .address =
			      align_down(address, pgtable_entry_bytes(level)));
	return pte_load(entry);
}

/* From @table, of @level, to the one below.  Return: false: no memory. */
static inline bool descend(struct pgtable *pgtable, pfn_t *table, u64 address,
			   int level)
{
	pte_t *entry = table_entry(*table, address, level);
	pte_t pte = pte_load(entry);

	if (unlikely(!pte_is_present(pte))) {
		pte = create_table(pgtable, entry, address, level);
		if (!pte_is_present(pte))
			return false;
	}
	ASSERT(!pte_is_large(pte));
	*table = pte_pfn(pte);
	return true;
}

pte_t *pgtable_create_level(struct pgtable *pgtable, u64 address, int level)
{
	pfn_t table = pgtable->space.root;

	for (int at = PGTABLE_ROOT_LEVEL; at > level; at--)
		if (!descend(pgtable, &table, address, at))
			return NULL;
	return table_entry(table, address, level);
}

/* The loop above, written out: every fault comes here. */
pte_t *pgtable_create(struct pgtable *pgtable, vaddr_t va)
{
	pfn_t table = pgtable->space.root;

	if (!descend(pgtable, &table, va.val, 4) ||
	    !descend(pgtable, &table, va.val, 3) ||
	    !descend(pgtable, &table, va.val, 2))
		return NULL;
	return table_entry(table, va.val, PGTABLE_LEAF_LEVEL);
}

void pgtable_iter_seek(struct pgtable_iter *it)
{
	pfn_t table = it->pgtable->space.root;
	int at = PGTABLE_ROOT_LEVEL;

	it->slot = NULL;
	while (it->va.val < it->end.val) {
		pte_t *entry = table_entry(table, it->va.val, at);

		if (at == PGTABLE_LEAF_LEVEL) {
			it->slot = entry;
			return;
		}
		if (pte_is_present(pte_load(entry))) {
			table = pte_pfn(pte_load(entry));
			at--;
			continue;
		}
		/* No table: skip all it would cover. */
		it->va.val = align_down(it->va.val, pgtable_entry_bytes(at)) +
			     pgtable_entry_bytes(at);
		if (pgtable_index(it->va.val, at) == 0) {
			/* This table ended too: down from the root again. */
			table = it->pgtable->space.root;
			at = PGTABLE_ROOT_LEVEL;
		}
	}
}

/*
 * Free what the hole has made useless below @table, a table of @level whose
 * first byte is @base.  Depth-first, so that a table is empty when its
 * turn comes; never more than three deep.
 */
static void free_below(struct pgtable *pgtable, const struct pgtable_hole *hole,
		       pte_t *table, int level, u64 base)
{
	u64 span = pgtable_entry_bytes(level);
	u64 first = align_down(max_u64(hole->start.val, base), span);
	u64 last = min_u64(hole->end.val, base + span * PGTABLE_ENTRIES);

	for (u64 at = first; at < last; at += span) {
		pte_t *entry = &table[pgtable_index(at, level)];
		struct frame *lower;

		if (!pte_is_present(pte_load(entry)))
			continue;
		lower = pfn_to_frame(pte_pfn(pte_load(entry)));
		if (level > PGTABLE_LEAF_LEVEL + 1)
			free_below(pgtable, hole, frame_ptr(lower), level - 1,
				   at);
		if (at < hole->floor.val || at + span > hole->ceiling.val)
			continue;

		/*
		 * The CPU may have cached this entry to start a walk half
		 * way down: it must forget it before the table is reused.
		 */
		TRACE(TABLE_FREE, .space = (u32)pgtable->space.root.val,
		      .frame = (u32)frame_pfn(lower).val,
		      .other = (u32)ptr_to_pfn(table).val,
		      .code = (u32)level - 1, .address = at);
		clear_table_entry(pgtable, entry);
		tlb_flush_tables(&pgtable->space);
		frame_put(lower);
	}
}

void pgtable_free_hole(struct pgtable *pgtable, const struct pgtable_hole *hole)
{
	free_below(pgtable, hole, pfn_to_ptr(pgtable->space.root),
		   PGTABLE_ROOT_LEVEL, 0);
}

void pgtable_destroy(struct pgtable *pgtable)
{
	ASSERT_INVARIANT(I7, pgtable->table_pages == 1,
			 "%lu table pages are left at exit",
			 pgtable->table_pages - 1);
	frame_put(pfn_to_frame(pgtable->space.root));
}
