/*
 * model.c - the model itself; model_verify() is in model_verify.c
 */
#include "tests/host/model.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/lib/errno.h"
#include "mm/cow.h"
#include "tests/host/fake_machine.h"

struct model_mm processes[PROCESSES];
struct model_object model_objects[OBJECTS];

/* ---- Pages and addresses ---- */

#define HALF_WINDOW_BYTES (WINDOW_PAGES / 2 * PAGE_SIZE)
#define WINDOW_BYTES (WINDOW_PAGES * PAGE_SIZE)

/* Two lie across a border between tables: of 1 GiB, and of 512 GiB. */
static const u64 window_start[WINDOWS] = {
	[WINDOW_HEAP] = (1UL << 30) - HALF_WINDOW_BYTES,
	[WINDOW_LOW] = (1UL << 39) - HALF_WINDOW_BYTES,
	[WINDOW_MMAP] = MMAP_TOP - WINDOW_BYTES,
	[WINDOW_STACK] = USER_END - WINDOW_BYTES,
};

u64 page_address(unsigned int page)
{
	if (page >= PAGES)
		return USER_END;
	return window_start[page / WINDOW_PAGES] +
	       page % WINDOW_PAGES * PAGE_SIZE;
}

struct span window_span(enum window window)
{
	unsigned int start = window * WINDOW_PAGES;

	return (struct span){ start, start + WINDOW_PAGES };
}

struct span window_of(unsigned int page)
{
	return window_span(page / WINDOW_PAGES);
}

bool model_same_area(const struct model_mm *mm, unsigned int page)
{
	const struct model_page *a = &mm->pages[page];
	const struct model_page *b = &mm->pages[page + 1];

	return (page + 1) % WINDOW_PAGES != 0 && a->is_mapped && b->is_mapped &&
	       !((a->flags ^ b->flags) & ~VMA_WRITTEN) &&
	       a->object == b->object &&
	       (!a->object || a->object_page + 1 == b->object_page);
}

struct span model_area(const struct model_mm *mm, unsigned int page)
{
	struct span area = { page, page };

	while (area.start > 0 && model_same_area(mm, area.start - 1))
		area.start--;
	while (model_same_area(mm, area.end))
		area.end++;
	area.end++;
	return area;
}

bool model_is_free(const struct model_mm *mm, struct span span)
{
	for (unsigned int page = span.start; page < span.end; page++)
		if (mm->pages[page].is_mapped)
			return false;
	return true;
}

unsigned int model_above(const struct model_mm *mm, unsigned int page)
{
	while (page < PAGES && !mm->pages[page].is_mapped)
		page++;
	return page;
}

/* Every gap below a stack is larger than a window. */
_Static_assert(WINDOW_BYTES < VMA_STACK_GAP_BYTES, "");

bool model_is_below_stack(const struct model_mm *mm, struct span place)
{
	unsigned int above = model_above(mm, place.end);

	return above < window_of(place.start).end &&
	       mm->pages[above].flags & VMA_GROWS_DOWN;
}

unsigned int model_find_gap(const struct model_mm *mm, unsigned int pages)
{
	struct span window = window_span(WINDOW_MMAP);
	unsigned int start;

	if (pages > WINDOW_PAGES)
		return PAGES;
	for (start = window.end - pages; start >= window.start; start--) {
		struct span place = { start, start + pages };

		if (model_is_below_stack(mm, place))
			return PAGES;
		if (model_is_free(mm, place))
			return start;
	}
	return PAGES;
}

void model_spread_written(struct model_mm *mm)
{
	struct span area;

	for (unsigned int page = model_above(mm, 0); page < PAGES;
	     page = model_above(mm, area.end)) {
		u32 written = 0;

		area = model_area(mm, page);
		for (unsigned int i = area.start; i < area.end; i++)
			written |= mm->pages[i].flags & VMA_WRITTEN;
		for (unsigned int i = area.start; i < area.end; i++)
			mm->pages[i].flags |= written;
	}
}

/* ---- Changes ---- */

static void drop_token(struct token *token)
{
	if (--token->pages == 0)
		free(token);
}

/* Make the page absent. */
static void discard_page(struct model_page *page)
{
	if (page->state == PAGE_PRIVATE) {
		drop_token(page->token);
		free(page->bytes);
	}
	page->state = PAGE_ABSENT;
	page->is_writable = false;
	page->token = NULL;
	page->bytes = NULL;
}

void model_map(struct model_mm *mm, struct span span, struct model_page like)
{
	for (unsigned int page = span.start; page < span.end; page++) {
		mm->pages[page] = (struct model_page){
			.is_mapped = true,
			.flags = like.flags,
			.object = like.object,
			.object_page = like.object_page + page - span.start,
		};
	}
}

void model_unmap(struct model_mm *mm, struct span span)
{
	for (unsigned int page = span.start; page < span.end; page++) {
		discard_page(&mm->pages[page]);
		mm->pages[page] = (struct model_page){ 0 };
	}
}

static u32 changed_flags(u32 flags, int advice)
{
	switch (advice) {
	case MADV_DONTFORK:
		return flags | VMA_DONT_FORK;
	case MADV_DOFORK:
		return flags & ~VMA_DONT_FORK;
	case MADV_WIPEONFORK:
		return flags | VMA_WIPE_ON_FORK;
	case MADV_KEEPONFORK:
		return flags & ~VMA_WIPE_ON_FORK;
	case MADV_SEQUENTIAL:
		return (flags | VMA_SEQUENTIAL) & ~VMA_RANDOM;
	case MADV_NORMAL:
		return flags & ~(VMA_SEQUENTIAL | VMA_RANDOM);
	default:
		return flags;
	}
}

static i64 advise_page(struct model_page *page, int advice)
{
	bool is_locked = page->flags & VMA_LOCKED;
	struct span indexes = { (unsigned int)page->object_page,
				(unsigned int)page->object_page + 1 };
	struct model_object *object;

	switch (advice) {
	case MADV_FREE:
		if (page->object)
			return -EINVAL;
		/* fall through */
	case MADV_DONTNEED:
		if (is_locked)
			return -EINVAL;
		/* fall through */
	case MADV_DONTNEED_LOCKED:
		discard_page(page);
		return 0;
	case MADV_REMOVE:
		if (is_locked || !page->object)
			return -EINVAL;
		if (!(page->flags & VMA_SHARED) || !(page->flags & VMA_WRITE))
			return -EACCES;
		object = page->object;
		for (int i = 0; i < PROCESSES; i++)
			model_object_unmap(&processes[i], object, indexes,
					   false);
		if (indexes.start < OBJECT_PAGES)
			model_object_punch(object, indexes);
		return 0;
	case MADV_COLD:
		return is_locked ? -EINVAL : 0;
	case MADV_WIPEONFORK:
		if (page->object)
			return -EINVAL;
	}
	page->flags = changed_flags(page->flags, advice);
	return 0;
}

/* Between two windows nothing is mapped. */
static bool is_behind_hole(const struct model_mm *mm, struct span span,
			   unsigned int page)
{
	return !mm->pages[page].is_mapped ||
	       (page > span.start && page % WINDOW_PAGES == 0);
}

i64 model_advise(struct model_mm *mm, struct span span, int advice)
{
	i64 result = 0;

	for (unsigned int i = span.start; i < span.end; i++) {
		i64 error = 0;

		if (is_behind_hole(mm, span, i))
			result = -ENOMEM; /* but all else is done */
		if (mm->pages[i].is_mapped)
			error = advise_page(&mm->pages[i], advice);
		if (error)
			return error;
	}
	return result;
}

i64 model_lock(struct model_mm *mm, struct span span, u32 lock)
{
	for (unsigned int i = span.start; i < span.end; i++) {
		struct model_page *page = &mm->pages[i];

		if (is_behind_hole(mm, span, i))
			return -ENOMEM;
		page->flags = (page->flags & ~VMA_LOCK_FLAGS) | lock;
	}
	return 0;
}

int model_protect(struct model_mm *mm, struct span span, u32 rights)
{
	for (unsigned int i = span.start; i < span.end; i++) {
		struct model_page *page = &mm->pages[i];

		if (is_behind_hole(mm, span, i))
			return -ENOMEM;
		if ((page->flags & VMA_RIGHTS) == rights)
			continue;
		page->flags = (page->flags & ~VMA_RIGHTS) | rights;
		/* Writable: promised.  Never written: not any more. */
		if (vma_is_accountable(page->flags))
			page->flags |= VMA_ACCOUNT;
		else if (!(page->flags & (VMA_WRITE | VMA_WRITTEN)) &&
			 !page->object)
			page->flags &= ~VMA_ACCOUNT;
		if (!(rights & VMA_WRITE))
			page->is_writable = false;
	}
	return 0;
}

void model_move(struct model_mm *mm, unsigned int from, unsigned int to,
		unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct model_page *source = &mm->pages[from + i];
		struct model_page *target = &mm->pages[to + i];

		target->state = source->state;
		target->is_writable = source->is_writable;
		target->token = source->token;
		target->bytes = source->bytes;
		source->state = PAGE_ABSENT;
		source->is_writable = false;
		source->token = NULL;
		source->bytes = NULL;
	}
}

/* Give the page a frame of its own with these bytes; NULL: zeros. */
static void make_private(struct model_page *page, const u8 *bytes)
{
	u8 *copy = malloc(PAGE_SIZE);

	if (bytes)
		memcpy(copy, bytes, PAGE_SIZE);
	else
		memset(copy, 0, PAGE_SIZE);
	discard_page(page);
	page->state = PAGE_PRIVATE;
	page->is_writable = page->flags & VMA_WRITE;
	page->bytes = copy;
	page->token = calloc(1, sizeof(*page->token));
	page->token->pages = 1;
}

void model_fork(struct model_mm *parent, struct model_mm *child, u64 level)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		struct model_page *page = &parent->pages[i];
		struct model_page *copy = &child->pages[i];
		u8 *bytes;

		*copy = (struct model_page){ 0 };
		if (page->flags & VMA_DONT_FORK)
			continue;
		*copy = *page;
		copy->flags &= ~VMA_LOCK_FLAGS;
		if (page->flags & VMA_WIPE_ON_FORK) {
			copy->flags &= ~VMA_WRITTEN;
			copy->state = PAGE_ABSENT;
			copy->is_writable = false;
			copy->token = NULL;
			copy->bytes = NULL;
			continue;
		}
		if (page->state != PAGE_PRIVATE)
			continue;
		copy->state = PAGE_ABSENT;
		if (level == 0) {
			make_private(copy, page->bytes);
			continue;
		}
		bytes = malloc(PAGE_SIZE);
		memcpy(bytes, page->bytes, PAGE_SIZE);
		page->is_writable = false;
		*copy = *page;
		copy->flags &= ~VMA_LOCK_FLAGS;
		copy->bytes = bytes;
		page->token->pages++;
	}
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->lock_future = 0;
	memset(child->faults, 0, sizeof(child->faults));
}

/* ---- Faults ---- */

bool model_grow_stack(struct model_mm *mm, unsigned int page)
{
	unsigned int above = model_above(mm, page);
	struct span area;
	struct model_page like;

	if (above == PAGES || !(mm->pages[above].flags & VMA_GROWS_DOWN))
		return false;
	area = model_area(mm, above);
	if (page_address(area.end - 1) + PAGE_SIZE - page_address(page) >
	    STACK_LIMIT_PAGES * PAGE_SIZE)
		return false;
	for (unsigned int below = page; below-- > 0;) {
		const struct model_page *neighbour = &mm->pages[below];

		if (!neighbour->is_mapped)
			continue;
		if (neighbour->flags & VMA_RIGHTS &&
		    !(neighbour->flags & VMA_GROWS_DOWN) &&
		    page_address(page) - page_address(below) - PAGE_SIZE <
			    VMA_STACK_GAP_BYTES)
			return false;
		break;
	}
	like = mm->pages[above];
	model_map(mm, (struct span){ page, above }, like);
	return true;
}

static struct model_fault done(enum fault_kind kind)
{
	return (struct model_fault){ FAULT_DONE, kind, true };
}

static struct model_fault touch_object(struct model_page *page, bool is_write)
{
	struct model_object *object = page->object;

	if (page->object_page >= bytes_to_pages(object->size_bytes))
		return (struct model_fault){ FAULT_SIGBUS, FAULT_SEGV, true };
	if (is_write && !(page->flags & VMA_SHARED)) {
		make_private(page, object->bytes[page->object_page]);
		return done(FAULT_COW_COPY);
	}
	page->state = PAGE_OBJECT;
	page->is_writable = page->flags & VMA_SHARED && page->flags & VMA_WRITE;
	return done(FAULT_FILE_MAP);
}

/* A write to a present page whose PTE forbids it. */
static struct model_fault break_cow(struct model_mm *mm, unsigned int number)
{
	struct model_page *page = &mm->pages[number];
	bool is_alone = page->state == PAGE_PRIVATE && page->token->pages == 1;

	if (page->flags & VMA_SHARED || (is_alone && cow_reuse_enabled)) {
		page->is_writable = true;
		return done(FAULT_COW_REUSE);
	}
	make_private(page, model_bytes(mm, number));
	return done(FAULT_COW_COPY);
}

static struct model_fault touch_page(struct model_mm *mm, unsigned int number,
				     bool is_write, bool is_allowed)
{
	struct model_page *page = &mm->pages[number];

	if (page->state == PAGE_ABSENT && page->object)
		return touch_object(page, is_write);
	if (page->state == PAGE_ABSENT && is_write) {
		make_private(page, NULL);
		return done(FAULT_ZERO_FILL);
	}
	if (page->state == PAGE_ABSENT) {
		page->state = PAGE_ZERO;
		return done(FAULT_ZERO_MAP);
	}
	if (is_allowed)
		return done(FAULT_SPURIOUS);
	if (!is_write || page->is_writable)
		FAIL("a fault at %#lx, for no reason", page_address(number));
	return break_cow(mm, number);
}

struct model_fault model_touch(struct model_mm *mm, unsigned int number,
			       bool is_write, bool is_fetch, bool is_allowed)
{
	struct model_page *page = &mm->pages[number];
	struct model_fault fault = { .kind = FAULT_SEGV, .is_counted = true };
	u32 needed = is_write ? VMA_WRITE : is_fetch ? VMA_EXEC : VMA_RIGHTS;
	bool has_grown = false;

	if (!page->is_mapped) {
		has_grown = model_grow_stack(mm, number);
		fault.result = FAULT_SIGSEGV_MAPERR;
		if (!has_grown)
			return fault;
	}
	fault.result = FAULT_SIGSEGV_ACCERR;
	if (!(page->flags & needed))
		return fault;
	fault = touch_page(mm, number, is_write, is_allowed);
	if (is_write && fault.result == FAULT_DONE)
		page->flags |= VMA_WRITTEN;
	if (has_grown)
		fault.kind = FAULT_STACK_GROW;
	return fault;
}

static i64 populate_page(struct model_mm *mm, unsigned int number,
			 enum populate_mode mode)
{
	struct model_page *page = &mm->pages[number];
	bool is_write = page->flags & VMA_WRITE && !(page->flags & VMA_SHARED);
	u32 needed = VMA_RIGHTS;
	struct model_fault fault;

	if (mode == POPULATE_READ || mode == POPULATE_WRITE) {
		is_write = mode == POPULATE_WRITE;
		needed = is_write ? VMA_WRITE : VMA_READ;
	}
	if (page->flags & VMA_LOCK_ON_FAULT && needed == VMA_RIGHTS)
		return 0;
	if (!(page->flags & needed))
		return needed == VMA_RIGHTS ? -EFAULT : -EINVAL;
	if (page->state != PAGE_ABSENT && (!is_write || page->is_writable))
		return 0;
	fault = model_touch(mm, number, is_write, false, false);
	if (fault.is_counted)
		mm->faults[fault.kind]++;
	return fault.result == FAULT_DONE ? 0 : -EFAULT;
}

i64 model_populate(struct model_mm *mm, struct span span,
		   enum populate_mode mode)
{
	for (unsigned int page = span.start; page < span.end; page++) {
		i64 error = -ENOMEM;

		if (!is_behind_hole(mm, span, page))
			error = populate_page(mm, page, mode);
		if (error)
			return error;
	}
	return 0;
}

/* ---- Bytes ---- */

static const u8 zeros[PAGE_SIZE];

const u8 *model_bytes(const struct model_mm *mm, unsigned int number)
{
	const struct model_page *page = &mm->pages[number];
	const u8 *bytes = page->bytes;

	if (page->state != PAGE_PRIVATE && page->object &&
	    page->object_page < OBJECT_PAGES)
		bytes = page->object->bytes[page->object_page];
	return bytes ? bytes : zeros;
}

void object_store(struct model_object *object, u64 index, u64 offset,
		  const u8 *bytes, u64 count)
{
	u8 **page = &object->bytes[index];

	if (!*page)
		*page = calloc(1, PAGE_SIZE);
	memcpy(*page + offset, bytes, count);
}

void model_store(struct model_mm *mm, unsigned int number, u64 offset,
		 const u8 *bytes, u64 count)
{
	struct model_page *page = &mm->pages[number];

	if (page->state == PAGE_PRIVATE)
		memcpy(page->bytes + offset, bytes, count);
	else
		object_store(page->object, page->object_page, offset, bytes,
			     count);
}

void model_object_resize(struct model_object *object, u64 size_bytes)
{
	u64 tail = size_bytes & ~PAGE_MASK;
	u8 *last = object->bytes[size_bytes >> PAGE_SHIFT];

	for (u64 i = bytes_to_pages(size_bytes); i < OBJECT_PAGES; i++) {
		free(object->bytes[i]);
		object->bytes[i] = NULL;
	}
	if (size_bytes < object->size_bytes && tail && last)
		memset(last + tail, 0, PAGE_SIZE - tail);
	object->size_bytes = size_bytes;
}

bool model_object_is_mapped(const struct model_mm *mms, int count,
			    const struct model_object *object)
{
	for (int i = 0; i < count; i++)
		for (unsigned int page = 0; page < PAGES; page++)
			if (mms[i].pages[page].object == object)
				return true;
	return false;
}

void model_object_unmap(struct model_mm *mm, const struct model_object *object,
			struct span indexes, bool even_copies)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		struct model_page *page = &mm->pages[i];

		if (page->is_mapped && page->object == object &&
		    page->object_page >= indexes.start &&
		    page->object_page < indexes.end &&
		    (even_copies || page->state == PAGE_OBJECT))
			discard_page(page);
	}
}

void model_object_punch(struct model_object *object, struct span indexes)
{
	for (u64 i = indexes.start; i < indexes.end && i < OBJECT_PAGES; i++) {
		free(object->bytes[i]);
		object->bytes[i] = NULL;
	}
}

struct model_object *model_new_object(u64 size_bytes)
{
	for (int i = 0; i < OBJECTS; i++) {
		struct model_object *object = &model_objects[i];

		if (object->is_used)
			continue;
		model_object_resize(object, 0);
		*object = (struct model_object){ .is_used = true,
						 .size_bytes = size_bytes };
		return object;
	}
	return NULL;
}
