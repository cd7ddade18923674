/*
 * list.h - doubly linked circular list, embedded in what it links
 *
 * The head is a node too.  A node that is on no list is either uninitialised
 * or points to itself.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct list_node {
	struct list_node *next;
	struct list_node *prev;
};

#define LIST_INIT(name)                                                        \
	{                                                                      \
		&(name), &(name)                                               \
	}

static inline void list_init(struct list_node *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_is_empty(const struct list_node *head)
{
	return head->next == head;
}

/* Insert @node between @prev and @prev->next. */
static inline void list_insert_after(struct list_node *prev,
				     struct list_node *node)
{
	node->next = prev->next;
	node->prev = prev;
	prev->next->prev = node;
	prev->next = node;
}

static inline void list_push_front(struct list_node *head,
				   struct list_node *node)
{
	list_insert_after(head, node);
}

static inline void list_push_back(struct list_node *head,
				  struct list_node *node)
{
	list_insert_after(head->prev, node);
}

/* Unlink @node and leave it pointing to itself. */
static inline void list_remove(struct list_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_first_entry(head, type, member)                                   \
	list_entry((head)->next, type, member)

#define list_for_each_entry(pos, head, member)                                 \
	for (pos = list_entry((head)->next, __typeof__(*pos), member);         \
	     &pos->member != (head);                                           \
	     pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* As above; the body may unlink or free @pos. */
#define list_for_each_entry_safe(pos, tmp, head, member)                       \
	for (pos = list_entry((head)->next, __typeof__(*pos), member),         \
	    tmp = list_entry(pos->member.next, __typeof__(*pos), member);      \
	     &pos->member != (head); pos = tmp,                                \
	    tmp = list_entry(tmp->member.next, __typeof__(*pos), member))
