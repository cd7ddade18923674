/*
 * map.c - mmap, munmap, brk and the stack: which areas exist
 *
 * Each call checks its arguments as Linux does, allocates what it needs, and
 * only then changes anything (I14).
 */
#include "mm/map.h"

#include "kernel/lib/errno.h"
#include "mm/check.h"
#include "mm/commit.h"

/*
 * mmap places areas top-down from here.  The 128 MiB above are for the
 * stack to grow in, as on Linux.
 */
#define MMAP_TOP (USER_END - (128UL << 20))

bool map_range_ok(vaddr_t start, u64 bytes)
{
	return start.val >= USER_START && start.val <= USER_END &&
	       bytes <= USER_END - start.val;
}

/*
 * Free the page tables around [start, end) that nothing needs any more.
 * => the range holds no area
 */
static void free_tables(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct pgtable_hole hole = { start, end, VADDR(0), VADDR(USER_END) };
	struct vma *above = vma_find_above(&mm->vmas, end);
	struct list_node *below;

	below = above ? above->list_node.prev : mm->vmas.list.prev;
	if (above)
		hole.ceiling = above->start;
	else /* whole tables fit, although user space ends a page early */
		hole.ceiling = VADDR(PGTABLE_USER_END);
	if (below != &mm->vmas.list)
		hole.floor = list_entry(below, struct vma, list_node)->end;
	pgtable_free_hole(&mm->pgtable, &hole);
}

int map_unmap_locked(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma *vma;
	struct vma *next;

	if (start.val == end.val)
		return 0;
	if (vma_split(&mm->vmas, start) != 0 ||
	    vma_split(&mm->vmas, end) != 0) {
		vma_merge_range(&mm->vmas, start, end);
		return -ENOMEM;
	}
	for (vma = vma_find_above(&mm->vmas, start);
	     vma && vma->start.val < end.val; vma = next) {
		next = vma_next(&mm->vmas, vma);
		mm_unmap_pages(vma, vma->start, vma->end);
		mm_remove_vma(mm, vma);
		vma_free(vma);
	}
	free_tables(mm, start, end);
	return 0;
}

i64 map_munmap(struct mm *mm, vaddr_t start, u64 bytes)
{
	int error;

	if (!is_aligned(start.val, PAGE_SIZE) || bytes == 0 ||
	    bytes > USER_END || start.val > USER_END - bytes)
		return -EINVAL;
	write_lock(&mm->lock);
	error = map_unmap_locked(mm, start,
				 VADDR(align_up(start.val + bytes, PAGE_SIZE)));
	commit_settle(mm);
	write_unlock(&mm->lock);
	check_event();
	return error;
}

static bool is_free(struct mm *mm, vaddr_t start, u64 bytes)
{
	struct vma *above = vma_find_above(&mm->vmas, start);

	return !above || above->start.val >= start.val + bytes;
}

/* As is_free(), and out of the way of a stack that grows. */
static bool is_good_place(struct mm *mm, vaddr_t start, u64 bytes)
{
	struct vma *above = vma_find_above(&mm->vmas, start);

	return map_range_ok(start, bytes) && is_free(mm, start, bytes) &&
	       (!above || vma_start_with_gap(above) >= start.val + bytes);
}

i64 map_find_place(struct mm *mm, vaddr_t hint, u64 bytes)
{
	vaddr_t start = VADDR(max_u64(hint.val & PAGE_MASK, USER_START));

	if (hint.val && is_good_place(mm, start, bytes))
		return (i64)start.val;
	start = vma_find_gap(&mm->vmas, bytes, VADDR(USER_START),
			     VADDR(MMAP_TOP));
	return start.val ? (i64)start.val : -ENOMEM;
}

/* MAP_FIXED says where, anything else gives a hint. */
static i64 choose_address(struct mm *mm, const struct map_request *request,
			  u64 bytes)
{
	vaddr_t start = request->address;

	if (!(request->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return map_find_place(mm, start, bytes);
	if (!is_aligned(start.val, PAGE_SIZE))
		return -EINVAL;
	if (bytes > USER_END || start.val > USER_END - bytes)
		return -ENOMEM;
	if (start.val < USER_START)
		return -EPERM; /* Linux: vm.mmap_min_addr */
	if (request->flags & MAP_FIXED_NOREPLACE && !is_free(mm, start, bytes))
		return -EEXIST;
	return (i64)start.val;
}

u32 map_vma_rights(u32 prot)
{
	return (prot & PROT_READ ? VMA_READ : 0) |
	       (prot & PROT_WRITE ? VMA_WRITE : 0) |
	       (prot & PROT_EXEC ? VMA_EXEC : 0);
}

static u32 request_vma_flags(const struct map_request *request)
{
	u32 flags = map_vma_rights(request->prot);

	if ((request->flags & MAP_TYPE) != MAP_PRIVATE)
		flags |= VMA_SHARED;
	/* Who never promises too much cannot let anybody go without. */
	if (request->flags & MAP_NORESERVE &&
	    READ_ONCE(overcommit_memory) != COMMIT_NEVER)
		flags |= VMA_NORESERVE;
	if (request->flags & MAP_GROWSDOWN)
		flags |= VMA_GROWS_DOWN;
	if (request->flags & MAP_LOCKED)
		flags |= VMA_LOCKED;
	if (vma_is_accountable(flags))
		flags |= VMA_ACCOUNT;
	return flags | request->file_flags;
}

/* The limits of setrlimit, given what a fixed mapping would replace. */
static int check_limits(struct mm *mm, const struct map_request *request,
			vaddr_t start, u64 bytes)
{
	u32 flags = request_vma_flags(request) | mm->lock_future;
	u64 pages = bytes >> PAGE_SHIFT;
	vaddr_t end = vaddr_add(start, bytes);
	struct vma *vma;

	if (request->flags & MAP_LOCKED && mm->limits.locked_bytes == 0)
		return -EPERM;
	if (!map_may_lock(mm, flags, pages))
		return -EAGAIN;
	if (mm_may_grow(mm, flags, pages))
		return 0;
	for (vma = vma_find_above(&mm->vmas, start);
	     vma && vma->start.val < end.val; vma = vma_next(&mm->vmas, vma))
		pages -= (min_u64(vma->end.val, end.val) -
			  max_u64(vma->start.val, start.val)) >>
			 PAGE_SHIFT;
	return mm_may_grow(mm, flags, pages) ? 0 : -ENOMEM;
}

/* Return: a new area for @request that is in no set yet, or NULL. */
static struct vma *make_vma(const struct map_request *request, u64 bytes)
{
	struct vma *vma = vma_alloc();

	if (!vma)
		return NULL;
	vma->flags = request_vma_flags(request);
	vma->object_page = request->offset_bytes >> PAGE_SHIFT;
	if (request->object) {
		vma->object = request->object;
		object_get(vma->object);
	} else if (vma->flags & VMA_SHARED) {
		vma->object = object_create_shared(bytes, !(vma->flags &
							    VMA_NORESERVE));
		vma->object_page = 0;
		if (!vma->object) {
			vma_free(vma);
			return NULL;
		}
	}
	return vma;
}

static int check_request(const struct map_request *request)
{
	if (request->bytes == 0 ||
	    !is_aligned(request->offset_bytes, PAGE_SIZE))
		return -EINVAL;
	return request->bytes > USER_END ? -ENOMEM : 0;
}

/* As on Linux, what is mapped is looked at after the place was found. */
static int check_kind(const struct map_request *request)
{
	u32 type = request->flags & MAP_TYPE;

	if (request->file_error)
		return request->file_error;
	if (request->offset_bytes + request->bytes < request->bytes)
		return -EOVERFLOW;
	if (type != MAP_SHARED && type != MAP_PRIVATE &&
	    !(type == MAP_SHARED_VALIDATE && request->object))
		return -EINVAL;
	if (request->flags & MAP_GROWSDOWN &&
	    (type != MAP_PRIVATE || request->object))
		return -EINVAL;
	return 0;
}

/* Pages in [@start, @end) that are promised already. */
static u64 count_committed(struct mm *mm, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find_above(&mm->vmas, start);
	u64 bytes = 0;

	for (; vma && vma->start.val < end.val; vma = vma_next(&mm->vmas, vma))
		if (vma->flags & VMA_ACCOUNT)
			bytes += min_u64(vma->end.val, end.val) -
				 max_u64(vma->start.val, start.val);
	return bytes >> PAGE_SHIFT;
}

/* What @vma replaces gives back its promise, so only the rest is new. */
static int reserve_for(struct mm *mm, const struct vma *vma)
{
	if (!(vma->flags & VMA_ACCOUNT))
		return 0;
	return commit_reserve(
		mm, vma_pages(vma) - count_committed(mm, vma->start, vma->end));
}

/* => mm->lock is held, the request was checked */
static i64 map_locked(struct mm *mm, const struct map_request *request)
{
	u64 bytes = align_up(request->bytes, PAGE_SIZE);
	i64 start = choose_address(mm, request, bytes);
	struct vma *vma;
	int error;

	if (start < 0)
		return start;
	error = check_kind(request);
	if (error)
		return error;
	if (mm->vmas.count >= VMA_COUNT_MAX)
		return -ENOMEM;
	error = check_limits(mm, request, VADDR((u64)start), bytes);
	if (error)
		return error;
	vma = make_vma(request, bytes);
	if (!vma)
		return -ENOMEM;
	vma->flags |= mm->lock_future;
	vma->start = VADDR((u64)start);
	vma->end = VADDR((u64)start + bytes);

	error = reserve_for(mm, vma);
	if (!error)
		error = map_unmap_locked(mm, vma->start, vma->end);
	if (error) {
		vma_free(vma);
		return error;
	}
	mm_add_vma(mm, vma);
	vma_merge_range(&mm->vmas, VADDR((u64)start),
			VADDR((u64)start + bytes));
	return start;
}

i64 map_mmap(struct mm *mm, const struct map_request *request)
{
	i64 start = check_request(request);

	if (start < 0)
		return start;
	write_lock(&mm->lock);
	start = map_locked(mm, request);
	commit_settle(mm);
	write_unlock(&mm->lock);
	return start;
}

/* The heap is one private area from brk_start to brk, rounded up. */
static int move_break(struct mm *mm, u64 old_end, u64 new_end)
{
	struct map_request request = {
		.address = VADDR(old_end),
		.bytes = new_end - old_end,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
	};
	struct vma *above;
	i64 start;

	if (new_end == old_end)
		return 0;
	if (new_end < old_end)
		return map_unmap_locked(mm, VADDR(new_end), VADDR(old_end));

	/* A page stays free above the heap, and a stack keeps its gap. */
	above = vma_find_above(&mm->vmas, VADDR(old_end));
	if (above && new_end + PAGE_SIZE > vma_start_with_gap(above))
		return -ENOMEM;
	start = map_locked(mm, &request);
	return start < 0 ? (int)start : 0;
}

/* RLIMIT_DATA counts the program's own data too. */
static bool is_break_allowed(const struct mm *mm, vaddr_t address)
{
	u64 data_bytes = mm->data_end.val - mm->data_start.val;

	return address.val >= mm->brk_start.val && address.val <= USER_END &&
	       (mm->limits.data_bytes == MM_UNLIMITED ||
		address.val - mm->brk_start.val + data_bytes <=
			mm->limits.data_bytes);
}

i64 map_brk(struct mm *mm, vaddr_t address)
{
	u64 old_end;
	i64 result;

	write_lock(&mm->lock);
	old_end = align_up(mm->brk.val, PAGE_SIZE);
	if (is_break_allowed(mm, address) &&
	    move_break(mm, old_end, align_up(address.val, PAGE_SIZE)) == 0)
		mm->brk = address;
	commit_settle(mm);
	result = (i64)mm->brk.val;
	write_unlock(&mm->lock);
	return result;
}

int map_stack(struct mm *mm, vaddr_t top, u64 bytes, bool is_executable)
{
	struct map_request request = {
		.address = VADDR(top.val - bytes),
		.bytes = bytes,
		.prot = PROT_READ | PROT_WRITE |
			(is_executable ? PROT_EXEC : 0),
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN |
			 MAP_FIXED_NOREPLACE,
	};
	i64 start = map_mmap(mm, &request);

	mm->stack_top = top;
	return start < 0 ? (int)start : 0;
}

int map_grow_stack(struct vma *stack, vaddr_t address)
{
	struct mm *mm = stack->mm;
	struct vma *below = vma_prev(&mm->vmas, stack);
	u64 pages = (stack->start.val - address.val) >> PAGE_SHIFT;

	if (!(stack->flags & VMA_GROWS_DOWN) || address.val < USER_START)
		return -EFAULT;
	if (stack->end.val - address.val > mm->limits.stack_bytes ||
	    !mm_may_grow(mm, stack->flags, pages) ||
	    !map_may_lock(mm, stack->flags, pages))
		return -ENOMEM;

	/*
	 * An overflow must hit the gap, not the neighbour's memory.  A
	 * neighbour that cannot be accessed is as good as a gap.
	 */
	if (below && below->flags & VMA_RIGHTS &&
	    !(below->flags & VMA_GROWS_DOWN) &&
	    address.val - below->end.val < VMA_STACK_GAP_BYTES)
		return -ENOMEM;

	if (stack->flags & VMA_ACCOUNT && commit_reserve(mm, pages) != 0)
		return -ENOMEM;
	stack->start = address;
	mm_count_pages(stack, (i64)pages);
	vma_merge_range(&mm->vmas, address, stack->end);
	return 0;
}
