/*
 * tlb_ledger.h - what tlb.c tells the pending-flush ledger
 *
 * What mm/ tells and asks is in tlb.h.  In the release build all of this is
 * nothing.
 */
#pragma once

#include "kernel/x86_64/tlb.h"

struct cpu;

#if CALF_DEBUG

/*
 * @cpus_done have flushed [start, end) of the space with @root, or promise to
 * before they use it again.
 */
void tlb_ledger_flushed(pfn_t root, u64 start, u64 end, u64 cpus_done);
/* This CPU has dropped every user translation it had, of any space. */
void tlb_ledger_flushed_all(void);
/* Must every flush be one of everything, for now? */
bool tlb_ledger_has_overflowed(void);
/* CPUs @lazy are excused from the flush that made @generation. */
void tlb_ledger_promise(const struct tlb_space *space, u64 lazy,
			u64 generation);
/* @cpu, this one, is about to use the user addresses of its space again. */
void tlb_ledger_assert_kept(const struct cpu *cpu);
/* The space with @root is gone: nobody owes it anything. */
void tlb_ledger_forget(pfn_t root);

#else

static inline void tlb_ledger_flushed(pfn_t root, u64 start, u64 end,
				      u64 cpus_done)
{
	(void)root, (void)start, (void)end, (void)cpus_done;
}

static inline void tlb_ledger_flushed_all(void)
{
}

static inline bool tlb_ledger_has_overflowed(void)
{
	return false;
}

static inline void tlb_ledger_promise(const struct tlb_space *space, u64 lazy,
				      u64 generation)
{
	(void)space, (void)lazy, (void)generation;
}

static inline void tlb_ledger_assert_kept(const struct cpu *cpu)
{
	(void)cpu;
}

static inline void tlb_ledger_forget(pfn_t root)
{
	(void)root;
}

#endif
