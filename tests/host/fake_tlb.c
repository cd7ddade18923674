/*
 * fake_tlb.c - virtual CPUs: translation, page faults, flushes, the ledger
 *
 * Each CPU caches leaf entries and, like the paging-structure caches of real
 * ones, which leaf table serves which 2 MiB.  Nothing is forgotten but by a
 * flush, by a switch of CR3, or when another page needs the same slot.
 * Sources: Intel SDM vol. 3A, "Caching Translation Information".
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/x86_64/smp.h"
#include "kernel/x86_64/tlb.h"
#include "kernel/x86_64/user_copy.h"
#include "tests/host/fake_machine.h"

#define TLB_SLOTS 512
#define TABLE_SLOTS 16

/* A page whose fault is "resolved" this often will never be. */
#define FAULTS_MAX 4

struct translation {
	bool is_valid;
	u64 page; /* virtual page number */
	pte_t pte;
};

struct cached_table {
	bool is_valid;
	u64 region; /* virtual address / 2 MiB */
	pfn_t table;
};

struct virtual_cpu {
	struct mm *mm;
	struct tlb_space *space;
	struct translation tlb[TLB_SLOTS];
	struct cached_table tables[TABLE_SLOTS];
};

static struct virtual_cpu virtual_cpus[MACHINE_CPUS];
static unsigned int current_cpu;

u64 machine_flushes;
enum fault_result (*machine_page_fault)(struct mm *mm, vaddr_t va,
					u64 error_code);

/* See kernel/x86_64/smp.h. */
u32 smp_cpu_id(void)
{
	return current_cpu;
}

/* ---- The page tables, read as the CPU does ---- */

static u64 region_of(u64 va)
{
	return va / pgtable_entry_bytes(PGTABLE_LEAF_LEVEL + 1);
}

/* Return: the leaf table of @va.  @sets_accessed: as a real walk does. */
static bool find_table(const struct tlb_space *space, u64 va,
		       bool sets_accessed, pfn_t *table)
{
	*table = space->root;
	for (int level = PGTABLE_ROOT_LEVEL; level > PGTABLE_LEAF_LEVEL;
	     level--) {
		pte_t *entries = pfn_to_ptr(*table);
		pte_t *entry = &entries[pgtable_index(va, level)];

		if (!pte_is_present(*entry))
			return false;
		if (sets_accessed)
			*entry = pte_with_accessed(*entry);
		*table = pte_pfn(*entry);
	}
	return true;
}

static pte_t *leaf_slot(pfn_t table, u64 va)
{
	pte_t *entries = pfn_to_ptr(table);

	return &entries[pgtable_index(va, PGTABLE_LEAF_LEVEL)];
}

pte_t machine_walk(const struct tlb_space *space, u64 va)
{
	pfn_t table;

	if (!find_table(space, va, false, &table))
		return (pte_t){ 0 };
	return *leaf_slot(table, va);
}

bool machine_pte_allows(pte_t pte, enum access access)
{
	if (!pte_is_present(pte) || !pte_is_user(pte))
		return false;
	if (access == ACCESS_WRITE)
		return pte_is_writable(pte);
	return access != ACCESS_FETCH || pte_is_executable(pte);
}

/* ---- The TLB ---- */

static struct translation *tlb_slot(struct virtual_cpu *cpu, u64 va)
{
	u64 page = va >> PAGE_SHIFT;

	return &cpu->tlb[(page ^ page >> 18) % TLB_SLOTS];
}

static struct cached_table *table_slot(struct virtual_cpu *cpu, u64 va)
{
	u64 region = region_of(va);

	return &cpu->tables[(region ^ region >> 9) % TABLE_SLOTS];
}

static void forget_tables(struct virtual_cpu *cpu)
{
	memset(cpu->tables, 0, sizeof(cpu->tables));
}

static void forget_all(struct virtual_cpu *cpu)
{
	memset(cpu->tlb, 0, sizeof(cpu->tlb));
	forget_tables(cpu);
}

/* A walk, from the cached leaf table if there is one. */
static pte_t *walk(struct virtual_cpu *cpu, u64 va)
{
	struct cached_table *cached = table_slot(cpu, va);
	pfn_t table;

	if (cached->is_valid && cached->region == region_of(va))
		return leaf_slot(cached->table, va);
	if (!find_table(cpu->space, va, true, &table))
		return NULL;
	*cached = (struct cached_table){ true, region_of(va), table };
	return leaf_slot(table, va);
}

/* Return: a translation that allows @access, or NULL: a page fault. */
static const struct translation *translate(struct virtual_cpu *cpu, u64 va,
					   enum access access, bool *is_present)
{
	struct translation *entry = tlb_slot(cpu, va);
	bool is_cached = entry->is_valid && entry->page == va >> PAGE_SHIFT;
	pte_t *slot;

	if (is_cached && machine_pte_allows(entry->pte, access) &&
	    (access != ACCESS_WRITE || pte_is_dirty(entry->pte)))
		return entry;
	/*
	 * A cached entry that forbids the access faults without looking at
	 * memory, and is gone after that: the next try walks the tables.
	 */
	if (is_cached && !machine_pte_allows(entry->pte, access)) {
		entry->is_valid = false;
		*is_present = true;
		return NULL;
	}
	slot = walk(cpu, va);
	*is_present = slot && pte_is_present(*slot);
	if (!slot || !machine_pte_allows(*slot, access))
		return NULL;
	*slot = pte_with_accessed(*slot);
	if (access == ACCESS_WRITE)
		*slot = pte_with_dirty(*slot);
	*entry = (struct translation){ true, va >> PAGE_SHIFT, *slot };
	return entry;
}

static void panic_i10(unsigned int cpu, u64 va, pte_t cached, pte_t pte)
{
	panic("I10 violated: CPU %u caches %#lx for %#lx, the PTE is %#lx", cpu,
	      cached.raw, va, pte.raw);
}

static void check_cpu(unsigned int number)
{
	struct virtual_cpu *cpu = &virtual_cpus[number];

	for (unsigned int i = 0; i < TLB_SLOTS; i++) {
		pte_t cached = cpu->tlb[i].pte;
		u64 va = cpu->tlb[i].page << PAGE_SHIFT;
		pte_t pte;

		if (!cpu->tlb[i].is_valid)
			continue;
		pte = machine_walk(cpu->space, va);
		if (!pte_is_present(pte) ||
		    pte_pfn(pte).val != pte_pfn(cached).val ||
		    (pte_is_writable(cached) && !pte_is_writable(pte)) ||
		    (pte_is_executable(cached) && !pte_is_executable(pte)))
			panic_i10(number, va, cached, pte);
	}
	for (unsigned int i = 0; i < TABLE_SLOTS; i++) {
		u64 va = cpu->tables[i].region *
			 pgtable_entry_bytes(PGTABLE_LEAF_LEVEL + 1);
		pfn_t table;

		if (cpu->tables[i].is_valid &&
		    (!find_table(cpu->space, va, false, &table) ||
		     table.val != cpu->tables[i].table.val))
			panic("I10 violated: CPU %u caches a table of %#lx",
			      number, va);
	}
}

void machine_check_tlbs(void)
{
	for (unsigned int cpu = 0; cpu < MACHINE_CPUS; cpu++)
		if (virtual_cpus[cpu].space)
			check_cpu(cpu);
}

/* ---- Access by programs, and by the kernel for them ---- */

void machine_run(unsigned int cpu, struct mm *mm)
{
	current_cpu = cpu;
	virtual_cpus[cpu].mm = mm;
	tlb_switch_to(&mm->pgtable.space);
	tlb_ledger_assert_clean(&mm->pgtable.space);
}

static enum fault_result page_fault(u64 va, u64 error_code)
{
	struct mm *mm = virtual_cpus[current_cpu].mm;

	if (machine_page_fault)
		return machine_page_fault(mm, VADDR(va), error_code);
	return fault_handle(mm, VADDR(va), error_code);
}

/* Return: where the byte at @va is in memory, or NULL with @result set. */
static void *resolve(u64 va, enum access access, u64 mode,
		     enum fault_result *result)
{
	struct virtual_cpu *cpu = &virtual_cpus[current_cpu];
	u64 error_code = mode;

	*result = FAULT_DONE;
	if (access == ACCESS_WRITE)
		error_code |= PF_WRITE;
	if (access == ACCESS_FETCH)
		error_code |= PF_FETCH;
	for (int faults = 0; faults <= FAULTS_MAX; faults++) {
		bool is_present = false;
		const struct translation *entry =
			translate(cpu, va, access, &is_present);

		if (entry)
			return (char *)pfn_to_ptr(pte_pfn(entry->pte)) +
			       (va & ~PAGE_MASK);
		*result = page_fault(va, error_code |
						 (is_present ? PF_PRESENT : 0));
		if (*result != FAULT_DONE)
			return NULL;
	}
	panic("the same page fault at %#lx comes again and again", va);
}

/* @bytes NULL: zeros are written. */
static u64 access_memory(u64 va, char *bytes, u64 count, enum access access,
			 u64 mode, enum fault_result *result)
{
	*result = FAULT_DONE;
	while (count > 0) {
		u64 chunk = min_u64(count, PAGE_SIZE - (va & ~PAGE_MASK));
		char *memory = resolve(va, access, mode, result);

		if (!memory)
			return count;
		if (access != ACCESS_WRITE)
			memcpy(bytes, memory, chunk);
		else if (bytes)
			memcpy(memory, bytes, chunk);
		else
			memset(memory, 0, chunk);
		va += chunk;
		count -= chunk;
		bytes = bytes ? bytes + chunk : NULL;
	}
	return 0;
}

u64 machine_access(vaddr_t va, void *bytes, u64 count, enum access access,
		   enum fault_result *result)
{
	return access_memory(va.val, bytes, count, access, PF_USER, result);
}

u64 machine_read(vaddr_t va)
{
	enum fault_result result;
	u64 value;

	if (machine_access(va, &value, sizeof(value), ACCESS_READ, &result))
		FAIL("read of %#lx: fault result %d", va.val, result);
	return value;
}

void machine_write(vaddr_t va, u64 value)
{
	enum fault_result result;

	if (machine_access(va, &value, sizeof(value), ACCESS_WRITE, &result))
		FAIL("write of %#lx: fault result %d", va.val, result);
}

/*
 * The kernel's own accesses.  CR0.WP is on: the rights that count are the
 * same, only the error code differs.
 */
size_t user_copy_in(void *dst, vaddr_t src, size_t n)
{
	enum fault_result result;

	return access_memory(src.val, dst, n, ACCESS_READ, 0, &result);
}

size_t user_copy_out(vaddr_t dst, const void *src, size_t n)
{
	enum fault_result result;

	return access_memory(dst.val, (char *)(u64)src, n, ACCESS_WRITE, 0,
			     &result);
}

size_t user_zero(vaddr_t dst, size_t n)
{
	enum fault_result result;

	return access_memory(dst.val, NULL, n, ACCESS_WRITE, 0, &result);
}

/* ---- The pending-flush ledger (tlb.h) ---- */

struct ledger_entry {
	struct tlb_space *space;
	u64 page;
	pfn_t frame; /* that the old entry led to */
	u64 cpus; /* that have not flushed it yet */
};

static struct ledger_entry *ledger;
static u64 ledger_count;
static u64 ledger_room;

void tlb_ledger_record(struct tlb_space *space, vaddr_t va, pte_t old,
		       pte_t new)
{
	bool is_narrower = !pte_is_present(new) ||
			   pte_pfn(new).val != pte_pfn(old).val ||
			   (pte_is_writable(old) && !pte_is_writable(new)) ||
			   (pte_is_executable(old) && !pte_is_executable(new));

	if (!pte_is_present(old) || !is_narrower || !space->cpus)
		return;
	if (ledger_count == ledger_room) {
		ledger_room = 2 * ledger_room + 64;
		ledger = realloc(ledger, ledger_room * sizeof(*ledger));
	}
	ledger[ledger_count++] =
		(struct ledger_entry){ space, va.val >> PAGE_SHIFT,
				       pte_pfn(old), space->cpus };
}

bool tlb_ledger_has_frame(pfn_t pfn)
{
	for (u64 i = 0; i < ledger_count; i++)
		if (ledger[i].frame.val == pfn.val)
			return true;
	return false;
}

void tlb_ledger_assert_clean(const struct tlb_space *space)
{
	for (u64 i = 0; i < ledger_count; i++)
		if (ledger[i].space == space &&
		    ledger[i].cpus & 1UL << current_cpu)
			panic("I10 violated: page %#lx was not flushed",
			      ledger[i].page << PAGE_SHIFT);
}

/* CPU @cpu has flushed the pages [first, end) of @space. */
static void ledger_clear(const struct tlb_space *space, unsigned int cpu,
			 u64 first, u64 end)
{
	u64 kept = 0;

	for (u64 i = 0; i < ledger_count; i++) {
		struct ledger_entry entry = ledger[i];

		if (entry.space == space && entry.page >= first &&
		    entry.page < end)
			entry.cpus &= ~(1UL << cpu);
		if (entry.cpus)
			ledger[kept++] = entry;
	}
	ledger_count = kept;
}

/* ---- Flushes (tlb.h) ---- */

void tlb_space_init(struct tlb_space *space, pfn_t root)
{
	*space = (struct tlb_space){ .root = root };
}

static void leave_space(unsigned int number)
{
	struct virtual_cpu *cpu = &virtual_cpus[number];

	if (cpu->space) {
		cpu->space->cpus &= ~(1UL << number);
		ledger_clear(cpu->space, number, 0, ~0UL);
	}
	forget_all(cpu);
}

static void enter_space(unsigned int number, struct tlb_space *space)
{
	leave_space(number);
	virtual_cpus[number].space = space;
	space->cpus |= 1UL << number;
}

void tlb_switch_to(struct tlb_space *space)
{
	if (virtual_cpus[current_cpu].space != space)
		enter_space(current_cpu, space);
}

void tlb_space_destroy(struct tlb_space *space, struct tlb_space *kernel_space)
{
	for (unsigned int cpu = 0; cpu < MACHINE_CPUS; cpu++)
		if (virtual_cpus[cpu].space == space)
			enter_space(cpu, kernel_space);
}

/* Flush the pages [first, end) of @space on every CPU that runs in it. */
static void flush(struct tlb_space *space, u64 first, u64 end)
{
	machine_flushes++;
	space->generation++;
	for (unsigned int number = 0; number < MACHINE_CPUS; number++) {
		struct virtual_cpu *cpu = &virtual_cpus[number];

		if (cpu->space != space)
			continue;
		for (unsigned int i = 0; i < TLB_SLOTS; i++)
			if (cpu->tlb[i].page >= first && cpu->tlb[i].page < end)
				cpu->tlb[i].is_valid = false;
		/* INVLPG drops what is cached of upper entries, too. */
		forget_tables(cpu);
		ledger_clear(space, number, first, end);
	}
}

void tlb_flush_page(struct tlb_space *space, vaddr_t va)
{
	flush(space, va.val >> PAGE_SHIFT, (va.val >> PAGE_SHIFT) + 1);
}

void tlb_flush_range(struct tlb_space *space, vaddr_t start, vaddr_t end)
{
	flush(space, start.val >> PAGE_SHIFT, bytes_to_pages(end.val));
}

void tlb_flush_tables(struct tlb_space *space)
{
	flush(space, 0, USER_END);
}

void tlb_flush_space(struct tlb_space *space)
{
	flush(space, 0, ~0UL);
}
