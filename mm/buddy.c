/*
 * buddy.c - free blocks of powers of two
 *
 * A block of order n starts at a multiple of 2^n frames.  Its buddy is the
 * other half of the block of order n + 1, so its number differs in bit n only.
 * Only the first frame of a free block is on a list and has a valid
 * order; the others say ORDER_INSIDE.
 */
#include "mm/buddy.h"

#include "kernel/lib/spinlock.h"

#define ORDER_INSIDE 0xff

static struct spinlock frame_lock = SPINLOCK_INIT("frame_lock");
static struct list_node free_lists[FRAME_ORDER_MAX + 1];

static struct list_node *free_list(unsigned int order)
{
	struct list_node *list = &free_lists[order];

	if (!list->next)
		list_init(list);
	return list;
}

static void push_block(struct frame *block, unsigned int order)
{
	block->order = (u8)order;
	list_push_front(free_list(order), &block->free_node);
}

static struct frame *pop_block(unsigned int order)
{
	struct frame *block;

	if (list_is_empty(free_list(order)))
		return NULL;
	block = list_first_entry(free_list(order), struct frame, free_node);
	list_remove(&block->free_node);
	block->order = ORDER_INSIDE;
	return block;
}

struct frame *buddy_take(unsigned int order)
{
	struct frame *block = NULL;
	unsigned int found;

	spin_lock(&frame_lock);
	for (found = order; found <= FRAME_ORDER_MAX; found++) {
		block = pop_block(found);
		if (block)
			break;
	}
	if (!block)
		goto out;

	/* Too large: keep the lower half, give the upper half back. */
	while (found > order) {
		found--;
		push_block(block + (1UL << found), found);
	}
out:
	spin_unlock(&frame_lock);
	return block;
}

/* Return: the free block @block can be joined with, or NULL. */
static struct frame *find_buddy(const struct frame *block, unsigned int order)
{
	u64 pfn = frame_pfn(block).val ^ (1UL << order);
	struct frame *buddy;

	if (order == FRAME_ORDER_MAX || pfn >= frame_count)
		return NULL;
	buddy = pfn_to_frame(PFN(pfn));
	return buddy->kind == FRAME_FREE && buddy->order == order ? buddy :
								    NULL;
}

void buddy_mark_free(struct frame *frame)
{
	frame->kind = FRAME_FREE;
	frame->order = ORDER_INSIDE;
}

void buddy_give(struct frame *block, unsigned int order)
{
	struct frame *buddy;

	spin_lock(&frame_lock);
	for (u64 i = 0; i < 1UL << order; i++)
		buddy_mark_free(&block[i]);
	while ((buddy = find_buddy(block, order))) {
		list_remove(&buddy->free_node);
		buddy->order = ORDER_INSIDE;
		if (buddy < block)
			block = buddy;
		order++;
	}
	push_block(block, order);
	spin_unlock(&frame_lock);
}
