/*
 * tlb.c - see tlb.h
 *
 * Process-context identifiers (PCID) are not used, so a load of CR3 drops every
 * translation of the CPU but the global ones, which only the kernel has: a CPU
 * that left a space holds nothing of it.
 *
 * Shootdown: the CPU that changed page tables writes down what it changed, puts
 * a note into the inbox of each CPU that may have cached it, interrupts them,
 * flushes itself meanwhile, and waits until all have answered.
 *
 * A CPU that idles in a space is lazy: nobody interrupts it.  The space's
 * generation counts the flushes, and each CPU remembers up to where it has
 * followed; whoever comes back from lazy mode and is behind flushes all.
 *
 * Invariants: I10, I13.
 * Locks: none.  Waiting for answers is done with interrupts on, and so is
 * waiting for the locks of mm/: two CPUs that flush at the same time answer
 * each other.
 */
#include "kernel/x86_64/tlb.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/trace.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/asm/trap_frame.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/smp.h"
#include "kernel/x86_64/tlb_ledger.h"

/*
 * Above this, dropping everything and walking the tables again is cheaper than
 * one INVLPG a page.  Linux measured 33.
 * See: Linux v6.12 arch/x86/mm/tlb.c, tlb_single_page_flush_ceiling.
 */
#define TLB_FLUSH_PAGES_MAX 33

const char *const tlb_event_names[TLB_EVENTS] = {
	[TLB_SHOOTDOWN_SENT] = "tlb_shootdown_sent",
	[TLB_SHOOTDOWN_RECEIVED] = "tlb_shootdown_received",
	[TLB_FLUSH_PAGES] = "tlb_flush_pages",
	[TLB_FLUSH_FULL] = "tlb_flush_full",
};

struct tlb_counts tlb_totals;

/* @space: NULL for kernel addresses, which no process is to blame for */
static void count(struct tlb_space *space, enum tlb_event event, u64 times)
{
	__atomic_fetch_add(&tlb_totals.count[event], times, __ATOMIC_RELAXED);
	if (space)
		__atomic_fetch_add(&space->counts.count[event], times,
				   __ATOMIC_RELAXED);
}

static __cold void trace_flush_now(const struct tlb_space *space, u64 start,
				   u64 pages)
{
	TRACE(FLUSH, .space = space ? (u32)space->root.val : 0,
	      .address = start, .value = pages);
}

/* @space: as above; @pages: 0: everything */
static void trace_flush(const struct tlb_space *space, u64 start, u64 pages)
{
	if (trace_is_on(TRACE_TLB))
		trace_flush_now(space, start, pages);
}

static u64 this_cpu_bit(void)
{
	return 1UL << this_cpu()->id;
}

/* ---- This CPU's own TLB ---- */

static void flush_local_all(struct tlb_space *space)
{
	cr3_write(cr3_read());
	count(space, TLB_FLUSH_FULL, 1);
	tlb_ledger_flushed_all();
}

/* What to forget: user pages of a space, or of the kernel. */
struct tlb_range {
	u64 start;
	u64 end;
	bool is_all; /* everything */
	bool has_tables; /* page tables are about to be freed as well */
};

/*
 * @range of @space, which this CPU has loaded, was changed by the flush that
 * brought it to @generation.  Return: how many pages were forgotten; 0: all.
 */
static u64 flush_local(struct tlb_space *space, const struct tlb_range *range,
		       u64 generation)
{
	struct cpu *cpu = this_cpu();
	u64 seen = cpu->tlb_generation;
	u64 pages = 0;

	/*
	 * Flushing these pages brings us to @generation only if we have
	 * followed all earlier flushes; else catch up with everything there is.
	 * Order: the generation is read before the flush, as what changes
	 * later is not covered by it.
	 */
	if (range->is_all || seen + 1 != generation) {
		generation =
			__atomic_load_n(&space->generation, __ATOMIC_SEQ_CST);
		flush_local_all(space);
	} else {
		for (u64 at = range->start; at < range->end; at += PAGE_SIZE)
			tlb_invalidate(at);
		pages = (range->end - range->start) >> PAGE_SHIFT;
		count(space, TLB_FLUSH_PAGES, pages);
		tlb_ledger_flushed(space->root, range->start, range->end,
				   this_cpu_bit());
	}
	cpu->tlb_generation = generation;
	return pages;
}

/* A load of CR3 spares global translations; turning PGE off does not. */
static void flush_local_with_global(void)
{
	u64 cr4 = cr4_read();

	if (cr4 & CR4_GLOBAL_PAGES) {
		cr4_write(cr4 & ~CR4_GLOBAL_PAGES);
		cr4_write(cr4);
		count(NULL, TLB_FLUSH_FULL, 1);
		tlb_ledger_flushed_all();
	} else {
		flush_local_all(NULL);
	}
	trace_flush(NULL, 0, 0);
}

static void flush_local_kernel(const struct tlb_range *range)
{
	if (range->is_all) {
		flush_local_with_global();
		return;
	}
	for (u64 at = range->start; at < range->end; at += PAGE_SIZE)
		tlb_invalidate(at);
	count(NULL, TLB_FLUSH_PAGES, (range->end - range->start) >> PAGE_SHIFT);
	trace_flush(NULL, range->start,
		    (range->end - range->start) >> PAGE_SHIFT);
}

/* ---- Spaces ---- */

void tlb_space_init(struct tlb_space *space, pfn_t root)
{
	*space = (struct tlb_space){ .root = root };
}

/* Back from lazy mode, in the space that stayed loaded, and to @rflags. */
static __noinline void end_lazy(struct cpu *cpu, u64 rflags)
{
	u64 generation;

	/*
	 * Order: from now on others interrupt us; then look what happened
	 * before.  Whoever flushes raises the generation first and looks who
	 * is lazy afterwards: either it sees that we are not, or we see its
	 * generation.  The exchange is a full barrier.
	 */
	(void)__atomic_exchange_n(&cpu->tlb_is_lazy, false, __ATOMIC_SEQ_CST);
	generation = __atomic_load_n(&cpu->space->generation, __ATOMIC_SEQ_CST);
	if (cpu->tlb_generation != generation) {
		flush_local_all(cpu->space);
		trace_flush(cpu->space, 0, 0);
		cpu->tlb_generation = generation;
	}
	tlb_ledger_assert_kept(cpu);
	interrupts_restore(rflags);
}

void tlb_switch_to(struct tlb_space *space)
{
	u64 rflags = interrupts_save();
	struct cpu *cpu = this_cpu();
	struct tlb_space *old = cpu->space;

	if (old == space) {
		if (!cpu->tlb_is_lazy)
			goto out;
		end_lazy(cpu, rflags);
		return;
	}

	/*
	 * Order: a CPU that changes @space's tables looks at cpus afterwards.
	 * With the bit set first, either it sees the bit and tells us, or we
	 * load CR3 after its change and see that.  The same holds for the
	 * generation, read in between.  The old bit goes last: its
	 * translations are here until CR3 is loaded.
	 */
	__atomic_fetch_or(&space->cpus, this_cpu_bit(), __ATOMIC_SEQ_CST);
	__atomic_store_n(&cpu->tlb_is_lazy, false, __ATOMIC_SEQ_CST);
	cpu->tlb_generation =
		__atomic_load_n(&space->generation, __ATOMIC_SEQ_CST);
	cr3_write(pfn_to_paddr(space->root).val);
	cpu->space = space;
	if (old)
		__atomic_fetch_and(&old->cpus, ~this_cpu_bit(),
				   __ATOMIC_SEQ_CST);
	tlb_ledger_flushed_all();
out:
	interrupts_restore(rflags);
}

void tlb_be_lazy(void)
{
	/* Seen late, it costs an interrupt and does no harm. */
	__atomic_store_n(&this_cpu()->tlb_is_lazy, true, __ATOMIC_RELEASE);
}

/* ---- Shootdown ---- */

/*
 * What a CPU asks of others.  It waits for the answers, so it never has two
 * requests under way.
 */
struct tlb_request {
	struct tlb_space *space; /* NULL: kernel addresses */
	struct tlb_space *leave_for; /* leave @space for this one */
	struct tlb_range range;
	u64 generation; /* that @space got by this flush */
	u64 pending; /* atomic; bit n: CPU n has not answered */
};

static struct tlb_request requests[CPUS_MAX]; /* by sender */
static u64 inboxes[CPUS_MAX]; /* atomic; by receiver; bit n: see requests[n] */

static void do_request(const struct tlb_request *request)
{
	struct cpu *cpu = this_cpu();

	if (!request->space) {
		flush_local_kernel(&request->range);
	} else if (cpu->space != request->space) {
		return; /* left meanwhile, and dropped all of it */
	} else if (request->leave_for) {
		ASSERT(cpu->tlb_is_lazy);
		tlb_switch_to(request->leave_for);
	} else {
		trace_flush(request->space, request->range.start,
			    flush_local(request->space, &request->range,
					request->generation));
	}
	count(request->space, TLB_SHOOTDOWN_RECEIVED, 1);
}

void tlb_answer(void)
{
	u64 senders = __atomic_exchange_n(&inboxes[this_cpu()->id], 0,
					  __ATOMIC_SEQ_CST);

	for (; senders; senders &= senders - 1) {
		struct tlb_request *request =
			&requests[__builtin_ctzl(senders)];

		do_request(request);
		/* Last of all: after this the space may be gone (I13). */
		__atomic_fetch_and(&request->pending, ~this_cpu_bit(),
				   __ATOMIC_SEQ_CST);
	}
}

static __cold void trace_shootdown(const struct tlb_request *wanted,
				   u64 targets)
{
	TRACE(SHOOTDOWN, .value = targets, .address = wanted->range.start,
	      .space = wanted->space ? (u32)wanted->space->root.val : 0);
}

/* Ask @targets, and return.  => @targets is not empty */
static void send_request(const struct tlb_request *wanted, u64 targets)
{
	u32 id = this_cpu()->id;
	struct tlb_request *request = &requests[id];

	ASSERT(interrupts_are_on());
	*request = *wanted;
	if (trace_is_on(TRACE_TLB))
		trace_shootdown(wanted, targets);
	__atomic_store_n(&request->pending, targets, __ATOMIC_SEQ_CST);
	for (u64 left = targets; left; left &= left - 1) {
		u32 target = (u32)__builtin_ctzl(left);

		/* Order: the request is complete before the note about it. */
		__atomic_fetch_or(&inboxes[target], 1UL << id,
				  __ATOMIC_SEQ_CST);
		smp_interrupt(target, TRAP_TLB_SHOOTDOWN);
		count(wanted->space, TLB_SHOOTDOWN_SENT, 1);
	}
}

/* => interrupts are on: we answer others who wait for us */
static void wait_for_answers(void)
{
	const struct tlb_request *request = &requests[this_cpu()->id];

	while (__atomic_load_n(&request->pending, __ATOMIC_ACQUIRE) &&
	       !panic_in_progress)
		cpu_pause();
}

static u64 lazy_cpus(u64 among)
{
	u64 lazy = 0;

	for (u64 left = among; left; left &= left - 1)
		if (__atomic_load_n(&cpus[__builtin_ctzl(left)].tlb_is_lazy,
				    __ATOMIC_SEQ_CST))
			lazy |= left & -left;
	return lazy;
}

/*
 * Local and remote.  => the page tables have changed: every exchange of an
 * entry is a full barrier, so the change comes before the reads below.
 */
static void flush(struct tlb_space *space, const struct tlb_range *range)
{
	struct tlb_request request = { .space = space, .range = *range };
	u64 holders;
	u64 targets;

	/* Order: the generation rises before we look who is lazy (end_lazy). */
	request.generation =
		__atomic_add_fetch(&space->generation, 1, __ATOMIC_SEQ_CST);
	holders = __atomic_load_n(&space->cpus, __ATOMIC_SEQ_CST);
	targets = holders & ~this_cpu_bit();
	/* Who is not among them, perhaps any more, has nothing cached. */
	tlb_ledger_flushed(space->root, range->start,
			   range->is_all ? USER_END : range->end, ~holders);

	/*
	 * A lazy CPU does not use these pages, so it may learn of the change
	 * later.  Not if a table is freed: the CPU may start a walk of it on
	 * its own account (speculation), from a cached upper entry.
	 */
	if (targets && !range->has_tables) {
		u64 lazy = lazy_cpus(targets);

		targets &= ~lazy;
		if (lazy)
			tlb_ledger_promise(space, lazy, request.generation);
	}
	if (targets)
		send_request(&request, targets);
	if (this_cpu()->space == space)
		trace_flush(space, range->start,
			    flush_local(space, range, request.generation));
	if (targets)
		wait_for_answers();
}

void tlb_flush_page(struct tlb_space *space, vaddr_t va)
{
	tlb_flush_range(space, vaddr_page(va),
			vaddr_add(vaddr_page(va), PAGE_SIZE));
}

void tlb_flush_range(struct tlb_space *space, vaddr_t start, vaddr_t end)
{
	struct tlb_range range = { .start = start.val, .end = end.val };

	ASSERT(is_aligned(start.val, PAGE_SIZE) && start.val <= end.val);
	range.is_all = bytes_to_pages(end.val - start.val) >
			       TLB_FLUSH_PAGES_MAX ||
		       tlb_ledger_has_overflowed();
	flush(space, &range);
}

void tlb_flush_space(struct tlb_space *space)
{
	flush(space, &(struct tlb_range){ .is_all = true });
}

void tlb_flush_tables(struct tlb_space *space)
{
	flush(space, &(struct tlb_range){ .is_all = true, .has_tables = true });
}

void tlb_flush_kernel_range(const void *start, const void *end)
{
	struct tlb_request request = {
		.range = { .start = align_down((u64)start, PAGE_SIZE),
			   .end = align_up((u64)end, PAGE_SIZE) },
	};
	u64 everyone = ~0UL >> (CPUS_MAX - READ_ONCE(cpu_count));
	u64 targets = everyone & ~this_cpu_bit();

	request.range.is_all =
		bytes_to_pages(request.range.end - request.range.start) >
		TLB_FLUSH_PAGES_MAX;
	/* Kernel addresses are in every space: each CPU must be told. */
	if (targets)
		send_request(&request, targets);
	flush_local_kernel(&request.range);
	if (targets)
		wait_for_answers();
}

void tlb_flush_kernel_local(const void *page)
{
	tlb_invalidate((u64)page);
}

void tlb_space_destroy(struct tlb_space *space, struct tlb_space *kernel_space)
{
	struct tlb_request request = {
		.space = space,
		.leave_for = kernel_space,
	};
	u64 targets;

	if (this_cpu()->space == space)
		tlb_switch_to(kernel_space);
	/* No task will run in it again: who is left there is lazy. */
	targets = __atomic_load_n(&space->cpus, __ATOMIC_SEQ_CST);
	if (targets) {
		send_request(&request, targets);
		wait_for_answers();
	}
	ASSERT(READ_ONCE(space->cpus) == 0 || panic_in_progress);
	tlb_ledger_forget(space->root);
}
