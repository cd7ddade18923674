/*
 * tlb_ledger.c - the pending-flush ledger: see tlb.h and tlb_ledger.h
 *
 * Invariants: I10, I13.
 * Locks: ledger_lock, a leaf.
 */
#include "kernel/x86_64/tlb_ledger.h"

#if CALF_DEBUG

#include "kernel/lib/assert.h"
#include "kernel/lib/spinlock.h"
#include "kernel/x86_64/cpu.h"

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
 * @cpus have flushed [start, end) of the space with @root, or promise to do so
 * before they use it again (lazy mode).  A CPU that flushed says so for itself
 * only: the others answer for themselves.
 */
void tlb_ledger_flushed(pfn_t root, u64 start, u64 end, u64 cpus_done)
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
			entry->cpus &= ~cpus_done;
		if (entry->cpus != 0)
			ledger[kept++] = *entry;
	}
	ledger_count = kept;
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

/* This CPU has dropped every user translation it had, of any space. */
void tlb_ledger_flushed_all(void)
{
	u64 rflags;
	u32 kept = 0;

	if (ledger_is_empty())
		return;
	rflags = spin_lock_irqsave(&ledger_lock);
	for (u32 i = 0; i < ledger_count; i++) {
		ledger[i].cpus &= ~(1UL << this_cpu()->id);
		if (ledger[i].cpus != 0)
			ledger[kept++] = ledger[i];
	}
	ledger_count = kept;

	if (ledger_overflowed) {
		ledger_overflowed = false;
		for (u32 i = 0; i < CPUS_MAX; i++) {
			ledger_overflow[i] &= ~(1UL << this_cpu()->id);
			ledger_overflowed |= ledger_overflow[i] != 0;
		}
	}
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

bool tlb_ledger_has_overflowed(void)
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
		found = ledger[i].dropped && ledger[i].pfn.val == pfn.val &&
			ledger[i].recorder == this_cpu()->id;
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

/*
 * What lazy CPUs were excused from: a CPU may not use the space with @root
 * again before it has followed up to @generation.  A promise ends with its
 * space: the next one may have the same root, and counts from the start.
 */
static struct {
	pfn_t root;
	u64 generation;
} promises[CPUS_MAX];

void tlb_ledger_promise(const struct tlb_space *space, u64 lazy, u64 generation)
{
	u64 rflags = spin_lock_irqsave(&ledger_lock);

	ledger_overflowed = false;
	for (u32 i = 0; i < CPUS_MAX; i++) {
		ledger_overflow[i] &= ~lazy;
		ledger_overflowed |= ledger_overflow[i] != 0;
		if (!(lazy >> i & 1))
			continue;
		if (promises[i].root.val != space->root.val)
			promises[i].generation = 0;
		promises[i].root = space->root;
		promises[i].generation =
			max_u64(promises[i].generation, generation);
	}
	spin_unlock_irqrestore(&ledger_lock, rflags);
	tlb_ledger_flushed(space->root, 0, USER_END, lazy);
}

/* @cpu, this one, is about to use the user addresses of its space again. */
void tlb_ledger_assert_kept(const struct cpu *cpu)
{
	u64 rflags = spin_lock_irqsave(&ledger_lock);

	ASSERT_INVARIANT(I10,
			 promises[cpu->id].root.val != cpu->space->root.val ||
				 promises[cpu->id].generation <=
					 cpu->tlb_generation,
			 "CPU %u returns at generation %lu, owes %lu", cpu->id,
			 cpu->tlb_generation, promises[cpu->id].generation);
	promises[cpu->id].root = PFN(0);
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

void tlb_ledger_forget(pfn_t root)
{
	u64 rflags = spin_lock_irqsave(&ledger_lock);

	for (u32 i = 0; i < CPUS_MAX; i++)
		if (promises[i].root.val == root.val)
			promises[i].root = PFN(0);
	spin_unlock_irqrestore(&ledger_lock, rflags);
}

#endif
