/*
 * tlb.c - see tlb.h
 *
 * Process-context identifiers (PCID) are not used, so a load of CR3 drops every
 * translation of the CPU but the global ones, which only the kernel has: a CPU
 * that left a space holds nothing of it.
 * Invariants: I10, I13.
 * Locks: ledger_lock, a leaf.
 */
#include "kernel/x86_64/tlb.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/cpu.h"

/*
 * Above this, dropping everything and walking the tables again is cheaper than
 * one INVLPG a page.  Linux measured 33.
 * See: Linux v6.12 arch/x86/mm/tlb.c, tlb_single_page_flush_ceiling.
 */
#define TLB_FLUSH_PAGES_MAX 33

static u64 this_cpu_bit(void)
{
	return 1UL << this_cpu()->id;
}

/* ---- The pending-flush ledger ---- */

#if CALF_DEBUG

/*
 * One PTE change.  Mostly there are one or two at a time, 64 in an munmap(),
 * and one for each page of a process during its fork.
 */
struct ledger_entry {
	pfn_t root; /* of the space */
	u64 page; /* the user address */
	pfn_t pfn; /* what the old PTE mapped */
	u64 cpus; /* bit n: CPU n may still use the old PTE */
	u32 recorder; /* the CPU that made the change */
	bool dropped; /* the new PTE does not map pfn any more */
};

#define LEDGER_ENTRIES 4096 /* 160 KiB: affordable on a machine of 16 MiB */

static struct spinlock ledger_lock = SPINLOCK_INIT("TLB ledger");
static struct ledger_entry ledger[LEDGER_ENTRIES];
static u32 ledger_count;

/*
 * By recorder: changes that found the ledger full, and which CPUs they are
 * pending on.  It is not known which pages they were, so only a flush of
 * everything settles them; until it has happened every flush is one.
 */
static u64 ledger_overflow[CPUS_MAX];
static bool ledger_overflowed;

/* Read without the lock: this CPU sees its own changes at least. */
static bool ledger_is_empty(void)
{
	return READ_ONCE(ledger_count) == 0 && !READ_ONCE(ledger_overflowed);
}

static bool takes_something_away(pte_t old, pte_t new)
{
	if (!pte_is_present(old))
		return false;
	return !pte_is_present(new) || pte_pfn(old).val != pte_pfn(new).val ||
	       (pte_is_writable(old) && !pte_is_writable(new)) ||
	       (pte_is_executable(old) && !pte_is_executable(new)) ||
	       (pte_is_user(old) && !pte_is_user(new));
}

void tlb_ledger_record(struct tlb_space *space, vaddr_t va, pte_t old,
		       pte_t new)
{
	u64 holders = READ_ONCE(space->cpus);
	u64 rflags;

	if (holders == 0 || !takes_something_away(old, new))
		return;

	rflags = spin_lock_irqsave(&ledger_lock);
	if (ledger_count == LEDGER_ENTRIES) {
		ledger_overflow[this_cpu()->id] |= holders;
		ledger_overflowed = true;
	} else {
		ledger[ledger_count++] = (struct ledger_entry){
			.root = space->root,
			.page = vaddr_page(va).val,
			.pfn = pte_pfn(old),
			.cpus = holders,
			.recorder = this_cpu()->id,
			.dropped = !pte_is_present(new) ||
				   pte_pfn(old).val != pte_pfn(new).val,
		};
	}
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

/*
 * This CPU has flushed [start, end) of the space with @root.  Clears this CPU's
 * bit only: the others answer for themselves.
 */
static void ledger_flushed(pfn_t root, u64 start, u64 end)
{
	u64 rflags;
	u32 kept = 0;

	if (ledger_is_empty())
		return;
	rflags = spin_lock_irqsave(&ledger_lock);
	for (u32 i = 0; i < ledger_count; i++) {
		struct ledger_entry *entry = &ledger[i];

		if (entry->root.val == root.val && entry->page >= start &&
		    entry->page < end)
			entry->cpus &= ~this_cpu_bit();
		if (entry->cpus != 0)
			ledger[kept++] = *entry;
	}
	ledger_count = kept;
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

/* This CPU has dropped every user translation it had, of any space. */
static void ledger_flushed_all(void)
{
	u64 rflags;
	u32 kept = 0;

	if (ledger_is_empty())
		return;
	rflags = spin_lock_irqsave(&ledger_lock);
	for (u32 i = 0; i < ledger_count; i++) {
		ledger[i].cpus &= ~this_cpu_bit();
		if (ledger[i].cpus != 0)
			ledger[kept++] = ledger[i];
	}
	ledger_count = kept;

	if (ledger_overflowed) {
		ledger_overflowed = false;
		for (u32 i = 0; i < CPUS_MAX; i++) {
			ledger_overflow[i] &= ~this_cpu_bit();
			ledger_overflowed |= ledger_overflow[i] != 0;
		}
	}
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

static bool must_flush_everything(void)
{
	return READ_ONCE(ledger_overflowed);
}

bool tlb_ledger_has_frame(pfn_t pfn)
{
	bool found = false;
	u64 rflags;

	if (ledger_is_empty())
		return false;
	rflags = spin_lock_irqsave(&ledger_lock);
	for (u32 i = 0; i < ledger_count && !found; i++)
		found = ledger[i].dropped && ledger[i].pfn.val == pfn.val;
	spin_unlock_irqrestore(&ledger_lock, rflags);
	return found;
}

void tlb_ledger_assert_clean(const struct tlb_space *space)
{
	u32 cpu = this_cpu()->id;
	u64 rflags;

	if (ledger_is_empty())
		return;
	rflags = spin_lock_irqsave(&ledger_lock);
	ASSERT_INVARIANT(I10, ledger_overflow[cpu] == 0,
			 "CPU %u goes to user mode with more than %d changes "
			 "not flushed",
			 cpu, LEDGER_ENTRIES);
	for (u32 i = 0; i < ledger_count; i++) {
		const struct ledger_entry *entry = &ledger[i];

		ASSERT_INVARIANT(I10,
				 entry->recorder != cpu ||
					 entry->root.val != space->root.val,
				 "CPU %u goes to user mode, page 0x%lx (pfn "
				 "0x%lx) not flushed on CPUs 0x%lx",
				 cpu, entry->page, entry->pfn.val, entry->cpus);
	}
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

#else

static void ledger_flushed(pfn_t root, u64 start, u64 end)
{
	(void)root, (void)start, (void)end;
}

static void ledger_flushed_all(void)
{
}

static bool must_flush_everything(void)
{
	return false;
}

#endif

/* ---- Spaces ---- */

void tlb_space_init(struct tlb_space *space, pfn_t root)
{
	*space = (struct tlb_space){ .root = root };
}

void tlb_switch_to(struct tlb_space *space)
{
	struct cpu *cpu = this_cpu();
	struct tlb_space *old = cpu->space;

	if (old == space)
		return;

	/*
	 * Order: a CPU that changes @space's tables looks at cpus afterwards.
	 * With the bit set first, either it sees the bit and tells us, or we
	 * load CR3 after its change and see that.  The old bit goes last: its
	 * translations are here until CR3 is loaded.
	 */
	__atomic_fetch_or(&space->cpus, this_cpu_bit(), __ATOMIC_SEQ_CST);
	cr3_write(pfn_to_paddr(space->root).val);
	cpu->space = space;
	if (old)
		__atomic_fetch_and(&old->cpus, ~this_cpu_bit(),
				   __ATOMIC_SEQ_CST);
	ledger_flushed_all();
}

void tlb_space_destroy(struct tlb_space *space, struct tlb_space *kernel_space)
{
	if (this_cpu()->space == space)
		tlb_switch_to(kernel_space);
	/* A CPU that idles in a dead space will have to be told to leave it. */
	ASSERT(READ_ONCE(space->cpus) == 0);
}

/* ---- Flushes ---- */

/*
 * The other CPUs in @space->cpus: each gets an interrupt (TRAP_TLB_SHOOTDOWN),
 * flushes and answers, and the caller waits for all answers.  As
 * long as no other CPU is started there is nobody to wait for.
 */
static void flush_others(struct tlb_space *space)
{
	/* A CPU that comes back later compares this with what it last saw. */
	__atomic_fetch_add(&space->generation, 1, __ATOMIC_SEQ_CST);
	ASSERT((READ_ONCE(space->cpus) & ~this_cpu_bit()) == 0);
}

static bool is_loaded(const struct tlb_space *space)
{
	return this_cpu()->space == space;
}

static void flush_local_all(void)
{
	cr3_write(cr3_read());
	ledger_flushed_all();
}

void tlb_flush_page(struct tlb_space *space, vaddr_t va)
{
	tlb_flush_range(space, vaddr_page(va),
			vaddr_add(vaddr_page(va), PAGE_SIZE));
}

void tlb_flush_range(struct tlb_space *space, vaddr_t start, vaddr_t end)
{
	ASSERT(is_aligned(start.val, PAGE_SIZE) && start.val <= end.val);

	if (bytes_to_pages(end.val - start.val) > TLB_FLUSH_PAGES_MAX ||
	    must_flush_everything()) {
		tlb_flush_space(space);
		return;
	}
	if (is_loaded(space)) {
		for (u64 at = start.val; at < end.val; at += PAGE_SIZE)
			tlb_invalidate(at);
		ledger_flushed(space->root, start.val, end.val);
	}
	flush_others(space);
}

void tlb_flush_space(struct tlb_space *space)
{
	if (is_loaded(space))
		flush_local_all();
	flush_others(space);
}

/* A load of CR3 spares global translations; turning PGE off does not. */
static void flush_local_with_global(void)
{
	u64 cr4 = cr4_read();

	if (cr4 & CR4_GLOBAL_PAGES) {
		cr4_write(cr4 & ~CR4_GLOBAL_PAGES);
		cr4_write(cr4);
		ledger_flushed_all();
	} else {
		flush_local_all();
	}
}

void tlb_flush_kernel_range(const void *start, const void *end)
{
	u64 first = align_down((u64)start, PAGE_SIZE);
	u64 last = align_up((u64)end, PAGE_SIZE);

	if (bytes_to_pages(last - first) > TLB_FLUSH_PAGES_MAX) {
		flush_local_with_global();
	} else {
		for (u64 at = first; at < last; at += PAGE_SIZE)
			tlb_invalidate(at);
	}
	/* Kernel addresses are in every space: here each CPU must be told. */
	ASSERT(cpu_count == 1);
}
