/*
 * ops.c - each operation in the model and in mm/, and what must come back
 *
 * Pattern of every op_…(): choose arguments, ask the model what the call
 * returns, make it, compare, and bring the model up to date.  An armed
 * allocation failure may turn success into -ENOMEM: then nothing must have
 * changed (I14).
 */
#include "tests/host/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/errno.h"
#include "mm/check.h"
#include "mm/commit.h"
#include "mm/cow.h"
#include "mm/fork.h"
#include "mm/uaccess.h"
#include "tests/host/fake_machine.h"
#include "tests/host/model.h"

/*
 * This argument may let one of the next 16 allocations fail, or from that one
 * on all of this op.
 */
#define FAIL_ARGUMENT 6
#define FAIL_ONE 0xd0
#define FAIL_ALL 0xf0

static struct model_mm *current; /* in which the op runs */
static struct ops_options options;
static u64 steps;
static u64 free_at_start;

#define SHOW(...)                                                              \
	do {                                                                   \
		if (options.is_traced)                                         \
			printf(__VA_ARGS__);                                   \
	} while (0)

static int process_number(const struct model_mm *process)
{
	return (int)(process - processes);
}

/* What the op asks for would leave what the model knows. */
static void skip(void)
{
	SHOW("nothing\n");
}

/* ---- Arguments ---- */

static u64 span_address(struct span span)
{
	return page_address(span.start);
}

/* Bytes of address space; a span may reach over the hole between windows. */
static u64 span_bytes(struct span span)
{
	return page_address(span.end - 1) + PAGE_SIZE -
	       page_address(span.start);
}

/* Mostly one that is mapped. */
static unsigned int choose_page(u8 where)
{
	unsigned int page = where % PAGES;
	unsigned int above = model_above(current, page);

	return where < 2 * PAGES && above != PAGES ? above : page;
}

/* Some pages of one window from @start on, mostly few. */
static struct span choose_span(unsigned int start, u8 size)
{
	unsigned int pages = size < 200 ? size % 6 + 1 :
					  size % WINDOW_PAGES + 1;
	unsigned int end = window_of(start).end;

	return (struct span){ start,
			      start + pages < end ? start + pages : end };
}

/* Mostly a part of one area, now and then a span across windows. */
static struct span choose_used_span(u8 where, u8 size)
{
	struct span span = choose_span(choose_page(where), size);
	unsigned int end = span.end;

	if (current->pages[span.start].is_mapped)
		end = model_area(current, span.start).end;
	if (size % 16 < 12 && span.end > end)
		span.end = end;

	if (size >= 240)
		span.end = span.start + size % (PAGES - span.start) + 1;
	return span;
}

static u32 choose_rights(u8 argument)
{
	/* Mostly r and rw, or nothing would ever be written. */
	if (!(argument & 0x38))
		return argument & 7u;
	return argument & 3 ? PROT_READ | PROT_WRITE : PROT_READ;
}

/* => the op returned @result, success would have been @wanted */
static bool is_refused(i64 result, i64 wanted)
{
	bool has_failed = machine_failed();

	SHOW(" = %#lx%s\n", result, has_failed ? " (allocation failed)" : "");
	if (has_failed && (result == -ENOMEM || result == -ENOSPC) &&
	    result != wanted)
		return true;
	if (result != wanted)
		FAIL("the call returned %#lx, should be %#lx", result, wanted);
	return wanted < 0;
}

/* ---- mmap and its relatives ---- */

struct mmap_plan {
	struct map_request request;
	struct span span;
	struct model_object *object;
	i64 wanted;
	bool is_possible; /* stays inside the windows */
};

/* Objects of shared memory end with their last mapping. */
static struct model_object *new_shared_memory(u64 bytes)
{
	for (int i = FILES; i < OBJECTS; i++)
		model_objects[i].is_used =
			model_objects[i].is_used &&
			model_object_is_mapped(processes, PROCESSES,
					       &model_objects[i]);
	return model_new_object(bytes);
}

static void plan_kind(struct mmap_plan *plan, u8 kind, u8 extra)
{
	u32 flags = kind & 1 ? MAP_SHARED : MAP_PRIVATE;

	if (kind & 2) {
		plan->object = &model_objects[kind >> 7];
		plan->request.object = plan->object->real;
		plan->request.offset_bytes = extra % 8 * PAGE_SIZE;
	} else {
		flags |= MAP_ANONYMOUS;
	}
	if ((extra & 0x70) == 0x70)
		flags |= MAP_NORESERVE;
	if ((extra & 0x88) == 0x88)
		flags |= MAP_GROWSDOWN;
	if ((extra & 0x07) == 0x07)
		flags |= MAP_POPULATE;
	if ((extra & 0x0b) == 0x0b)
		flags |= MAP_LOCKED;
	plan->request.flags |= flags;
}

static void plan_place(struct mmap_plan *plan, u8 kind)
{
	unsigned int place = plan->span.start;
	bool is_free = model_is_free(current, plan->span);

	plan->wanted = 0;
	switch (kind >> 2 & 7) {
	case 0: /* a hint */
		if (!is_free || model_is_below_stack(current, plan->span))
			place = model_find_gap(current, span_pages(plan->span));
		break;
	case 1: /* anywhere */
		plan->request.address = VADDR(0);
		place = model_find_gap(current, span_pages(plan->span));
		break;
	case 2:
		plan->request.flags |= MAP_FIXED_NOREPLACE;
		if (!is_free)
			plan->wanted = -EEXIST;
		break;
	default:
		plan->request.flags |= MAP_FIXED;
	}
	plan->is_possible = place != PAGES;
	plan->span = (struct span){ place, place + span_pages(plan->span) };
	if (plan->is_possible && plan->wanted == 0)
		plan->wanted = (i64)span_address(plan->span);
}

static struct mmap_plan plan_mmap(const u8 *args)
{
	struct mmap_plan plan = { .span = choose_span(args[1] % PAGES,
						      args[2]) };

	plan.request.address = VADDR(span_address(plan.span));
	plan.request.bytes = span_bytes(plan.span);
	plan.request.prot = choose_rights(args[3]);
	plan_kind(&plan, args[4], args[5]);
	plan_place(&plan, args[4]);
	if (plan.wanted >= 0 && plan.request.flags & MAP_GROWSDOWN &&
	    (plan.request.flags & MAP_SHARED || plan.object))
		plan.wanted = -EINVAL;
	return plan;
}

static u32 planned_flags(const struct map_request *request)
{
	u32 flags = map_vma_rights(request->prot) |
		    (request->flags & MAP_SHARED ? VMA_SHARED : 0) |
		    (request->flags & MAP_NORESERVE &&
				     overcommit_memory != COMMIT_NEVER ?
			     VMA_NORESERVE :
			     0) |
		    (request->flags & MAP_GROWSDOWN ? VMA_GROWS_DOWN : 0) |
		    (request->flags & MAP_LOCKED ? VMA_LOCKED : 0);

	return flags | (vma_is_accountable(flags) ? VMA_ACCOUNT : 0);
}

static void count_fault(struct model_fault fault)
{
	if (fault.is_counted)
		current->faults[fault.kind]++;
}

static void op_mmap(const u8 *args)
{
	struct mmap_plan plan = plan_mmap(args);
	struct model_page like = { .flags = planned_flags(&plan.request) |
					    current->lock_future };

	if (!plan.is_possible) {
		skip();
		return;
	}
	if (plan.request.flags & MAP_POPULATE)
		machine_fail_nth(0); /* how far it got could not be told */
	SHOW("mmap(%#lx, %u pages, prot %x, flags %#x, file %ld, page %lu)",
	     plan.request.address.val, span_pages(plan.span), plan.request.prot,
	     plan.request.flags, plan.object ? plan.object - model_objects : -1,
	     plan.request.offset_bytes >> PAGE_SHIFT);
	if (is_refused(machine_mmap(current->real, &plan.request), plan.wanted))
		return;

	like.object = plan.object;
	like.object_page = plan.request.offset_bytes >> PAGE_SHIFT;
	model_unmap(current, plan.span);
	if (like.flags & VMA_SHARED && !like.object) {
		like.object = new_shared_memory(span_bytes(plan.span));
		CHECK(like.object);
		like.object->real = vma_find(&current->real->vmas,
					     VADDR(span_address(plan.span)))
					    ->object;
	}
	model_map(current, plan.span, like);
	if (plan.request.flags & MAP_POPULATE)
		model_populate(current, plan.span, POPULATE_QUIETLY);
}

static void op_munmap(const u8 *args)
{
	struct span span = choose_used_span(args[1], args[2]);

	SHOW("munmap(%#lx, %#lx)", span_address(span), span_bytes(span));
	if (!is_refused(map_munmap(current->real, VADDR(span_address(span)),
				   span_bytes(span)),
			0))
		model_unmap(current, span);
}

/* As on Linux, what comes before the area that was refused is changed. */
static unsigned int protected_end(struct span span, u32 rights)
{
	unsigned int page = span.start;

	for (; page < span.end; page++) {
		struct vma *vma = vma_find(&current->real->vmas,
					   VADDR(page_address(page)));

		if (!vma || (vma->flags & VMA_RIGHTS) != rights)
			break;
	}
	return page;
}

static void op_mprotect(const u8 *args)
{
	struct span span = choose_used_span(args[1], args[2]);
	u32 prot = choose_rights(args[3]);
	i64 result;

	SHOW("mprotect(%#lx, %#lx, %x)", span_address(span), span_bytes(span),
	     prot);
	result = map_mprotect(current->real, VADDR(span_address(span)),
			      span_bytes(span), prot);
	if (result == -ENOMEM && machine_failed()) {
		SHOW(" = -ENOMEM (allocation failed)\n");
		span.end = protected_end(span, map_vma_rights(prot));
		(void)model_protect(current, span, map_vma_rights(prot));
	} else {
		is_refused(result,
			   model_protect(current, span, map_vma_rights(prot)));
	}
}

static void op_madvise(const u8 *args)
{
	static const int advices[] = {
		MADV_DONTNEED,	 MADV_DONTNEED,	  MADV_DONTFORK,
		MADV_DOFORK,	 MADV_WIPEONFORK, MADV_KEEPONFORK,
		MADV_SEQUENTIAL, MADV_NORMAL,	  MADV_FREE,
		MADV_REMOVE,	 MADV_COLD,	  MADV_DONTNEED_LOCKED,
	};
	struct span span = choose_used_span(args[1], args[2]);
	int advice = advices[args[3] % ARRAY_SIZE(advices)];
	i64 result;

	/* Of several areas some would be changed: which, could not be told. */
	if (!current->pages[span.start].is_mapped ||
	    model_area(current, span.start).end < span.end)
		machine_fail_nth(0);
	SHOW("madvise(%#lx, %#lx, %d)", span_address(span), span_bytes(span),
	     advice);
	result = map_madvise(current->real, VADDR(span_address(span)),
			     span_bytes(span), advice);
	if (result == -EAGAIN && machine_failed()) {
		SHOW(" = -EAGAIN (allocation failed)\n");
		return;
	}
	is_refused(result, model_advise(current, span, advice));
}

/* mlock, mlock2 and munlock; now and then mlockall. */
static void op_lock(const u8 *args)
{
	static const u32 locks[] = { 0, 0, VMA_LOCKED, VMA_LOCK_FLAGS };
	struct span span = choose_used_span(args[1], args[2]);
	u32 lock = locks[args[3] % ARRAY_SIZE(locks)];
	vaddr_t start = VADDR(span_address(span));
	i64 result;

	/* Of several areas some would be locked: which, could not be told. */
	if (!current->pages[span.start].is_mapped ||
	    model_area(current, span.start).end < span.end)
		machine_fail_nth(0);
	SHOW("lock(%#lx, %#lx, %x)", start.val, span_bytes(span), lock);
	if (lock)
		result =
			map_mlock(current->real, start, span_bytes(span),
				  lock & VMA_LOCK_ON_FAULT ? MLOCK_ONFAULT : 0);
	else
		result = map_munlock(current->real, start, span_bytes(span));
	if (result == -ENOMEM && machine_failed())
		SHOW(" = -ENOMEM (allocation failed)\n");
	else
		is_refused(result, model_lock(current, span, lock));
}

static void op_lock_all(const u8 *args)
{
	u32 flags = args[1] % 8;
	u32 lock = VMA_LOCKED | (flags & MCL_ONFAULT ? VMA_LOCK_ON_FAULT : 0);

	SHOW("mlockall(%u)", flags);
	if (is_refused(map_mlockall(current->real, flags),
		       flags == MCL_ONFAULT ? -EINVAL : 0))
		return;
	current->lock_future = flags & MCL_FUTURE ? lock : 0;
	if (flags & MCL_FUTURE && !(flags & MCL_CURRENT))
		return;
	for (unsigned int page = 0; page < PAGES; page++)
		if (current->pages[page].is_mapped)
			model_lock(current, (struct span){ page, page + 1 },
				   flags & MCL_CURRENT ? lock : 0);
}

static void op_populate(const u8 *args)
{
	struct span span = choose_used_span(args[1], args[2]);
	enum populate_mode mode = args[3] & 1 ? POPULATE_WRITE : POPULATE_READ;
	i64 wanted = model_populate(current, span, mode);

	machine_fail_nth(0); /* how far it got could not be told */
	SHOW("populate(%#lx, %#lx, %s)", span_address(span), span_bytes(span),
	     mode == POPULATE_WRITE ? "write" : "read");
	is_refused(machine_populate(current->real, VADDR(span_address(span)),
				    span_bytes(span), mode),
		   wanted);
}

/* The new break in the model.  Return: may it be moved there? */
static bool plan_brk(u64 old_end, u64 new_end, struct span *change)
{
	u64 base = page_address(window_span(WINDOW_HEAP).start);
	unsigned int above;

	change->start = (unsigned int)((min_u64(old_end, new_end) - base) >>
				       PAGE_SHIFT);
	change->end = (unsigned int)((max_u64(old_end, new_end) - base) >>
				     PAGE_SHIFT);
	if (new_end <= old_end)
		return true;
	above = model_above(current, change->start);
	if (above != PAGES && current->pages[above].flags & VMA_GROWS_DOWN &&
	    new_end + VMA_STACK_GAP_BYTES >
		    page_address(model_area(current, above).start))
		return false;
	/* One page above it stays free as well. */
	if (change->end < window_span(WINDOW_HEAP).end &&
	    current->pages[change->end].is_mapped)
		return false;
	return model_is_free(current, *change);
}

static void op_brk(const u8 *args)
{
	u64 base = page_address(window_span(WINDOW_HEAP).start);
	u64 address = base + args[1] % WINDOW_PAGES * PAGE_SIZE + args[2] * 8;
	u64 old_end = align_up(current->brk, PAGE_SIZE);
	u64 new_end = align_up(address, PAGE_SIZE);
	struct model_page heap = { .flags = VMA_READ | VMA_WRITE | VMA_ACCOUNT |
					    current->lock_future };
	struct span change;
	bool is_allowed = address >= current->brk_start &&
			  plan_brk(old_end, new_end, &change);
	i64 result;

	SHOW("brk(%#lx)", address);
	result = map_brk(current->real, VADDR(address));
	SHOW(" = %#lx\n", result);
	if (is_allowed && machine_failed() && result == (i64)current->brk)
		return;
	CHECK_EQUAL(result, is_allowed ? address : current->brk);
	if (!is_allowed)
		return;
	current->brk = address;
	if (new_end < old_end)
		model_unmap(current, change);
	else
		model_map(current, change, heap);
}

/* ---- mremap ---- */

struct mremap_plan {
	struct remap_request request;
	unsigned int start;
	unsigned int old_pages;
	unsigned int new_pages;
	unsigned int target; /* PAGES: does not move */
	bool is_possible;
	i64 wanted;
};

static const u32 mremap_flags[] = {
	0,
	MREMAP_MAYMOVE,
	MREMAP_MAYMOVE,
	MREMAP_MAYMOVE | MREMAP_FIXED,
	MREMAP_MAYMOVE | MREMAP_FIXED,
	MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
	MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
	MREMAP_FIXED,
};

static bool spans_overlap(unsigned int a, unsigned int a_pages, unsigned int b,
			  unsigned int b_pages)
{
	return a < b + b_pages && b < a + a_pages;
}

/* The errors that come before anything is looked up or changed. */
static i64 mremap_error(const struct mremap_plan *plan)
{
	const struct model_page *page = &current->pages[plan->start];
	u32 flags = plan->request.flags;

	if (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && plan->old_pages != plan->new_pages)
		return -EINVAL;
	if (flags & MREMAP_FIXED &&
	    spans_overlap(plan->start, plan->old_pages ? plan->old_pages : 1,
			  plan->target, plan->new_pages))
		return -EINVAL;
	if (!page->is_mapped)
		return -EFAULT;
	if (plan->old_pages == 0 &&
	    (!(page->flags & VMA_SHARED) || !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && plan->old_pages &&
	    plan->new_pages <= plan->old_pages)
		return 0; /* shrinks, over whatever is there */
	if (plan->start + (plan->old_pages < plan->new_pages ?
				   plan->old_pages :
				   plan->new_pages) >
	    model_area(current, plan->start).end)
		return -EFAULT;
	return 0;
}

/* Can it grow where it is?  Clears is_possible if it would leave the window. */
static bool can_grow(struct mremap_plan *plan)
{
	struct span more = { plan->start + plan->old_pages,
			     plan->start + plan->new_pages };

	if (model_area(current, plan->start).end != more.start)
		return false;
	if (more.end > window_of(plan->start).end) {
		plan->is_possible =
			plan->start / WINDOW_PAGES == WINDOW_STACK ||
			!model_is_free(
				current,
				(struct span){ more.start,
					       window_of(plan->start).end });
		return false;
	}
	return model_is_free(current, more);
}

static void plan_target(struct mremap_plan *plan)
{
	u32 flags = plan->request.flags;
	bool stays = !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
		     plan->old_pages > 0;

	plan->wanted = mremap_error(plan);
	if (plan->wanted < 0)
		return;
	if (stays && (plan->new_pages <= plan->old_pages || can_grow(plan))) {
		plan->target = PAGES;
		plan->wanted = (i64)page_address(plan->start);
		return;
	}
	if (stays && !(flags & MREMAP_MAYMOVE)) {
		plan->wanted = -ENOMEM;
		return;
	}
	if (!(flags & MREMAP_FIXED))
		plan->target = model_find_gap(current, plan->new_pages);
	if (plan->target == PAGES)
		plan->is_possible = false;
	plan->wanted = (i64)page_address(plan->target);
}

static struct mremap_plan plan_mremap(const u8 *args)
{
	struct span old = choose_used_span(args[1], args[2] % 240);
	struct span target = choose_span(args[4] % PAGES, args[3]);
	struct mremap_plan plan = {
		.start = old.start,
		.old_pages = args[2] % 16 == 15 ? 0 : span_pages(old),
		.new_pages = span_pages(target),
		.target = target.start,
		.is_possible = true,
		.request.flags = mremap_flags[args[5] % 8],
	};

	if (args[5] & 0x40)
		plan.new_pages = plan.old_pages;
	if (plan.new_pages == 0)
		plan.new_pages = 1;
	if (plan.target + plan.new_pages > window_of(plan.target).end)
		plan.target = window_of(plan.target).end - plan.new_pages;
	plan.request.address = VADDR(page_address(plan.start));
	plan.request.old_bytes = plan.old_pages * PAGE_SIZE;
	plan.request.new_bytes = plan.new_pages * PAGE_SIZE;
	plan.request.target = VADDR(page_address(plan.target));
	plan_target(&plan);
	return plan;
}

/* Shrink or grow where it is. */
static void mremap_in_place(const struct mremap_plan *plan)
{
	struct model_page like = current->pages[plan->start];
	unsigned int old_end = plan->start + plan->old_pages;
	unsigned int new_end = plan->start + plan->new_pages;

	like.object_page += plan->old_pages;
	if (new_end < old_end)
		model_unmap(current, (struct span){ new_end, old_end });
	else
		model_map(current, (struct span){ old_end, new_end }, like);
}

static void mremap_move(const struct mremap_plan *plan)
{
	struct model_page like = current->pages[plan->start];
	struct span old = { plan->start, plan->start + plan->old_pages };
	struct span target = { plan->target, plan->target + plan->new_pages };

	model_unmap(current, target);
	model_map(current, target, like);
	model_move(current, old.start, target.start,
		   span_pages(old) < span_pages(target) ? span_pages(old) :
							  span_pages(target));
	if (!(plan->request.flags & MREMAP_DONTUNMAP)) {
		model_unmap(current, old);
		return;
	}
	model_lock(current, old, 0);
	for (unsigned int page = old.start; page < old.end; page++)
		current->pages[page].flags &= ~VMA_WRITTEN;
}

/* Is nothing mapped there any more?  Then the model has to follow. */
static void unmap_if_gone(struct span span)
{
	struct vma *above =
		vma_find_above(&current->real->vmas, VADDR(span_address(span)));

	if (!above || above->start.val >= span_address(span) + span_bytes(span))
		model_unmap(current, span);
}

/*
 * As on Linux, a target and what is to be cut off may be unmapped although the
 * call then fails.  => it failed for want of memory
 */
static void unmap_what_is_gone(const struct mremap_plan *plan)
{
	struct span target = { plan->target, plan->target + plan->new_pages };
	struct span tail = { plan->start + plan->new_pages,
			     plan->start + plan->old_pages };

	if (!(plan->request.flags & MREMAP_FIXED))
		return;
	unmap_if_gone(target);
	if (tail.start < tail.end)
		unmap_if_gone(tail);
}

static void op_mremap(const u8 *args)
{
	struct mremap_plan plan = plan_mremap(args);
	i64 result;

	if (!plan.is_possible) {
		skip();
		return;
	}
	SHOW("mremap(%#lx, %u pages, %u pages, flags %u, target %#lx)",
	     plan.request.address.val, plan.old_pages, plan.new_pages,
	     plan.request.flags, plan.request.target.val);
	result = map_mremap(current->real, &plan.request);
	if (is_refused(result, plan.wanted)) {
		if (plan.wanted >= 0)
			unmap_what_is_gone(&plan);
	} else if (plan.target == PAGES) {
		mremap_in_place(&plan);
	} else {
		mremap_move(&plan);
	}
}

/* ---- Processes ---- */

static void model_new_mm(struct model_mm *process, struct mm *real)
{
	*process = (struct model_mm){ .real = real };
	process->brk_start = page_address(window_span(WINDOW_HEAP).start + 4);
	process->brk = process->brk_start;
	real->brk_start = VADDR(process->brk_start);
	real->brk = real->brk_start;
	real->limits.stack_bytes = STACK_LIMIT_PAGES * PAGE_SIZE;
}

/* As execve does: a new space is ready before the old one goes. */
static void op_exec(const u8 *args)
{
	struct model_page stack = {
		.flags = VMA_READ | VMA_WRITE | VMA_GROWS_DOWN | VMA_ACCOUNT,
	};
	struct span window = window_span(WINDOW_STACK);
	struct span span = { window.end - (args[1] % 4 + 1), window.end };
	struct mm *real;
	int error;

	SHOW("exec(), %u pages of stack", span_pages(span));
	real = mm_create();
	if (!real) {
		is_refused(-ENOMEM, 0);
		return;
	}
	error = map_stack(real, VADDR(USER_END), span_bytes(span), false);
	if (is_refused(error, 0)) {
		mm_put(real);
		return;
	}
	if (current->real) {
		model_unmap(current, (struct span){ 0, PAGES });
		mm_put(current->real);
	}
	model_new_mm(current, real);
	model_map(current, span, stack);
}

static void op_fork(const u8 *args)
{
	struct model_mm *child = NULL;
	struct mm *real;

	(void)args;
	for (int i = 0; i < PROCESSES; i++)
		if (!processes[i].real)
			child = &processes[i];
	if (!child) {
		skip();
		return;
	}
	SHOW("fork(), level %lu, child P%d", fork_level, process_number(child));
	if (is_refused(fork_mm(current->real, &real), 0))
		return;
	model_fork(current, child, fork_level);
	child->real = real;
}

static void end_process(struct model_mm *process)
{
	model_unmap(process, (struct span){ 0, PAGES });
	mm_put(process->real);
	process->real = NULL;
}

static void op_exit(const u8 *args)
{
	int alive = 0;

	(void)args;
	for (int i = 0; i < PROCESSES; i++)
		alive += processes[i].real != NULL;
	if (alive == 1) {
		skip();
		return;
	}
	SHOW("exit()\n");
	end_process(current);
}

/* ---- Access ---- */

static unsigned int page_of(u64 va)
{
	for (unsigned int page = 0; page < PAGES; page++)
		if (page_address(page) == (va & PAGE_MASK))
			return page;
	FAIL("%#lx is in no window", va);
}

static enum fault_result last_result;

struct transfer {
	u64 va;
	u64 count;
	u64 stored; /* bytes that the model has already */
	u8 bytes[3 * PAGE_SIZE];
};

/* The write that goes on just now, or NULL. */
static struct transfer *writing;

/* The model gets what was written so far, the first @count bytes. */
static void store_transfer(struct transfer *transfer, u64 count)
{
	while (transfer->stored < count) {
		u64 va = transfer->va + transfer->stored;
		u64 offset = va & ~PAGE_MASK;
		u64 chunk =
			min_u64(count - transfer->stored, PAGE_SIZE - offset);

		model_store(current, page_of(va), offset,
			    transfer->bytes + transfer->stored, chunk);
		transfer->stored += chunk;
	}
}

/* Each page fault, in the model and in mm/. */
static enum fault_result on_page_fault(struct mm *mm, vaddr_t va,
				       u64 error_code)
{
	bool is_write = error_code & PF_WRITE;
	bool is_fetch = error_code & PF_FETCH;
	enum access access = is_write ? ACCESS_WRITE :
			     is_fetch ? ACCESS_FETCH :
					ACCESS_READ;
	bool is_allowed = machine_pte_allows(
		machine_walk(&mm->pgtable.space, va.val), access);
	struct model_fault wanted;

	CHECK(mm == current->real);
	/* The page may show another one that was written just now. */
	if (writing)
		store_transfer(writing, va.val - writing->va);
	last_result = fault_handle(mm, va, error_code);
	if (last_result == FAULT_OOM && machine_failed()) {
		/* A stack may have grown; nothing else has happened. */
		if (!current->pages[page_of(va.val)].is_mapped)
			CHECK(model_grow_stack(current, page_of(va.val)));
		return last_result;
	}
	if ((last_result == FAULT_SIGBUS ||
	     last_result == FAULT_SIGSEGV_MAPERR) &&
	    machine_failed()) {
		/* A page of a file, or of a stack, may not be promised. */
		current->faults[FAULT_SEGV]++;
		return last_result;
	}
	wanted = model_touch(current, page_of(va.val), is_write, is_fetch,
			     is_allowed);
	count_fault(wanted);
	if (last_result != wanted.result)
		FAIL("fault at %#lx, error code %#lx: result %d, should be %d",
		     va.val, error_code, last_result, wanted.result);
	return last_result;
}

/* Some bytes of one window, mostly few; often around page borders. */
static void choose_transfer(struct transfer *transfer, const u8 *args,
			    bool is_write)
{
	static const u16 offsets[] = { 0, 8, 1000, 2048, 4088, 4093, 4095, 0 };
	static const u16 counts[] = { 1, 8, 8, 16, 100, 4096, 5000, 12288 };
	unsigned int page = choose_page(args[2]);
	u64 end = page_address(window_of(page).end - 1) + PAGE_SIZE;

	transfer->va = page_address(page) + offsets[args[3] % 8];
	transfer->count = min_u64(counts[args[3] / 8 % 8], end - transfer->va);
	for (u64 i = 0; i < transfer->count; i++)
		transfer->bytes[i] = (u8)(args[4] + steps * 7 + i * 13);
	machine_run(args[1] % MACHINE_CPUS, current->real);
	last_result = FAULT_DONE;
	transfer->stored = 0;
	writing = is_write ? transfer : NULL;
}

/* @count bytes were read: are they what they should be? */
static void compare_transfer(const struct transfer *transfer, u64 count)
{
	for (u64 at = 0; at < count; at++) {
		u64 va = transfer->va + at;
		u8 wanted = model_bytes(current, page_of(va))[va & ~PAGE_MASK];

		if (transfer->bytes[at] != wanted)
			FAIL("read %#x at %#lx, should be %#x",
			     transfer->bytes[at], va, wanted);
	}
}

static void finish_transfer(struct transfer *transfer, u64 left)
{
	SHOW(" = %lu of %lu bytes, fault result %d%s\n", transfer->count - left,
	     transfer->count, last_result,
	     machine_failed() ? " (allocation failed)" : "");
	CHECK((left == 0) == (last_result == FAULT_DONE));
	if (writing)
		store_transfer(transfer, transfer->count - left);
	else
		compare_transfer(transfer, transfer->count - left);
	writing = NULL;
}

static void user_access(const u8 *args, enum access access)
{
	static const char *const names[] = { "read", "write", "fetch" };
	struct transfer transfer;
	enum fault_result result;
	u64 left;

	choose_transfer(&transfer, args, access == ACCESS_WRITE);
	SHOW("CPU %d: %s(%#lx, %lu)", args[1] % MACHINE_CPUS, names[access],
	     transfer.va, transfer.count);
	left = machine_access(VADDR(transfer.va), transfer.bytes,
			      transfer.count, access, &result);
	finish_transfer(&transfer, left);
}

static void op_read(const u8 *args)
{
	user_access(args, ACCESS_READ);
}

static void op_write(const u8 *args)
{
	user_access(args, ACCESS_WRITE);
}

static void op_fetch(const u8 *args)
{
	user_access(args, ACCESS_FETCH);
}

static void op_kernel_read(const u8 *args)
{
	struct transfer transfer;
	u64 left;

	choose_transfer(&transfer, args, false);
	SHOW("copy_from_user(%#lx, %lu)", transfer.va, transfer.count);
	left = copy_from_user_partial(transfer.bytes, VADDR(transfer.va),
				      transfer.count);
	finish_transfer(&transfer, left);
}

static void op_kernel_write(const u8 *args)
{
	struct transfer transfer;
	u64 left;

	choose_transfer(&transfer, args, true);
	SHOW("copy_to_user(%#lx, %lu)", transfer.va, transfer.count);
	left = copy_to_user_partial(VADDR(transfer.va), transfer.bytes,
				    transfer.count);
	finish_transfer(&transfer, left);
}

static void op_kernel_string(const u8 *args)
{
	struct transfer transfer;
	u64 seen;
	i64 length;

	choose_transfer(&transfer, args, false);
	SHOW("copy_string_from_user(%#lx, %lu)", transfer.va, transfer.count);
	length = copy_string_from_user((char *)transfer.bytes,
				       VADDR(transfer.va), transfer.count);
	SHOW(" = %ld\n", length);
	CHECK((length == -EFAULT) == (last_result != FAULT_DONE));
	if (length == -EFAULT)
		return;
	seen = length == -ENAMETOOLONG ? transfer.count : (u64)length + 1;
	compare_transfer(&transfer, seen);
	CHECK(strnlen((char *)transfer.bytes, transfer.count) ==
	      (length < 0 ? seen : seen - 1));
}

/* ---- Files, as read(2), write(2) and ftruncate(2) use them ---- */

static void op_file_write(const u8 *args)
{
	struct model_object *file = &model_objects[args[1] % FILES];
	u64 index = args[2] % 16;
	u8 bytes[16];
	struct frame *frame;
	bool exists = index < bytes_to_pages(file->size_bytes);
	int error;

	memset(bytes, args[3], sizeof(bytes));
	SHOW("write file %d, page %lu", args[1] % FILES, index);
	error = object_get_frame(file->real, index, &frame);
	if (is_refused(error, exists ? 0 : -EFAULT))
		return;
	memcpy((u8 *)frame_ptr(frame) + args[4] * 8, bytes, sizeof(bytes));
	object_store(file, index, args[4] * 8, bytes, sizeof(bytes));
	frame_put(frame);
}

static void op_file_resize(const u8 *args)
{
	struct model_object *file = &model_objects[args[1] % FILES];
	u64 bytes = args[2] % 12 * PAGE_SIZE + args[3] * 16;
	struct span gone = { (unsigned int)bytes_to_pages(bytes), ~0u };

	SHOW("resize file %d to %lu bytes\n", args[1] % FILES, bytes);
	object_truncate(file->real, bytes);
	if (bytes < file->size_bytes)
		for (int i = 0; i < PROCESSES; i++)
			model_object_unmap(&processes[i], file, gone, true);
	model_object_resize(file, bytes);
}

static void op_file_punch(const u8 *args)
{
	struct model_object *file = &model_objects[args[1] % FILES];
	struct span hole = { args[2] % 12, args[2] % 12 + args[3] % 4 };

	SHOW("punch pages %u-%u of file %d\n", hole.start, hole.end,
	     args[1] % FILES);
	object_punch(file->real, hole.start, hole.end);
	for (int i = 0; i < PROCESSES; i++)
		model_object_unmap(&processes[i], file, hole, false);
	model_object_punch(file, hole);
}

static void op_settings(const u8 *args)
{
	fork_level = args[1] % 4 != 0;
	cow_reuse_enabled = args[2] % 4 != 0;
	overcommit_memory = args[3] % (COMMIT_NEVER + 1);
	SHOW("fork_level %lu, cow_reuse %lu, overcommit_memory %lu\n",
	     fork_level, cow_reuse_enabled, overcommit_memory);
}

/* ---- All of them ---- */

/* Often used ones are listed more than once. */
static void (*const op_kinds[])(const u8 *args) = {
	op_mmap,	 op_mmap,	   op_mmap,	   op_mmap,
	op_mmap,	 op_mmap,	   op_munmap,	   op_munmap,
	op_mprotect,	 op_mprotect,	   op_mprotect,	   op_madvise,
	op_madvise,	 op_populate,	   op_lock,	   op_lock_all,
	op_brk,		 op_mremap,	   op_mremap,	   op_mremap,
	op_exec,	 op_fork,	   op_fork,	   op_exit,
	op_read,	 op_read,	   op_read,	   op_read,
	op_read,	 op_write,	   op_write,	   op_write,
	op_write,	 op_write,	   op_write,	   op_write,
	op_fetch,	 op_fetch,	   op_kernel_read, op_kernel_write,
	op_kernel_write, op_kernel_string, op_file_write,  op_file_resize,
	op_file_punch,	 op_settings,
};

static void check_everything(void)
{
	struct frame_stats stats = frame_stats_read();

	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].real)
			model_verify(&processes[i]);
	check_all();
	/* I3: free + used + reserved = total. */
	CHECK_EQUAL(stats.free + stats.allocations - stats.frees +
			    stats.reserved,
		    stats.total);
}

static void choose_process(u8 argument)
{
	unsigned int number = argument;

	while (!processes[number % PROCESSES].real)
		number++;
	current = &processes[number % PROCESSES];
}

void ops_step(const struct op *op)
{
	u8 failing = op->args[FAIL_ARGUMENT];

	choose_process(op->args[0]);
	if (failing >= FAIL_ALL)
		machine_fail_from(failing % 16 + 1u);
	else if (failing >= FAIL_ONE)
		machine_fail_nth(failing % 16 + 1u);
	SHOW("P%d: ", process_number(current));
	op_kinds[op->kind % ARRAY_SIZE(op_kinds)](op->args);
	machine_fail_nth(0);
	for (int i = 0; i < PROCESSES; i++)
		model_spread_written(&processes[i]);

	machine_check_tlbs();
	if (++steps % options.check_every == 0)
		check_everything();
}

void ops_start(const struct ops_options *wanted)
{
	static const u8 two_pages[OP_ARGUMENTS] = { 0, 1 };
	static const u64 file_bytes[FILES] = { 9 * PAGE_SIZE,
					       3 * PAGE_SIZE + 100 };

	options = *wanted;
	steps = 0;
	fork_level = 1;
	cow_reuse_enabled = 1;
	overcommit_memory = COMMIT_GUESS;
	overcommit_ratio =
		100000; /* what is refused is up to machine_fail_nth() */
	check_enabled = 0; /* we call check_all() ourselves */
	machine_page_fault = on_page_fault;
	free_at_start = frame_stats_read().free;
	for (int i = 0; i < FILES; i++) {
		struct model_object *file = model_new_object(file_bytes[i]);

		file->real = object_create(file_bytes[i], false);
		CHECK(file->real);
	}
	current = &processes[0];
	op_exec(two_pages);
}

void ops_finish(void)
{
	check_everything();
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].real)
			end_process(&processes[i]);
	for (int i = 0; i < FILES; i++)
		object_put(model_objects[i].real);
	for (int i = 0; i < OBJECTS; i++) {
		model_object_resize(&model_objects[i], 0);
		model_objects[i].is_used = false;
	}
	machine_check_tlbs();
	check_all();
	CHECK_EQUAL(frame_stats_read().free, free_at_start);
	CHECK_EQUAL(commit_total(), 0);
}
