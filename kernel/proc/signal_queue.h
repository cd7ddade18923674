/*
 * signal_queue.h - what was sent and waits to be handled
 *
 * Owns: struct signal_pending.  A standard signal is kept once; of the
 * real-time ones each is, with its own siginfo, in a node that the sender
 * has allocated before it took the lock.
 * Locks: tasks_lock, held by the caller of everything with a pending set.
 *	Nodes are allocated and freed outside it.
 */
#pragma once

#include "kernel/proc/signal_state.h"

static inline bool signal_is_queued(int signal)
{
	return signal >= SIGRTMIN;
}

/*
 * Nodes for @count signals onto @supply, as many as there is memory and as
 * RLIMIT_SIGPENDING allows.  Return: how many.
 */
u32 signal_nodes_alloc(struct list_node *supply, u32 count);
/* Free all nodes of the list. */
void signal_nodes_free(struct list_node *nodes);
/* Nodes there are, in all queues. */
u32 signal_nodes_count(void);
#define SIGNAL_NODES_MAX 4096u

/**
 * signal_queue_add() - note one
 * @supply: where to take a node from; without any, a real-time signal
 *          is noted without its siginfo
 */
void signal_queue_add(struct signal_pending *pending,
		      const struct signal_info *info, struct list_node *supply);

/* Take @signal out, which is in the set.  A node no longer used: to @garbage */
void signal_queue_take(struct signal_pending *pending, int signal,
		       struct signal_info *info, struct list_node *garbage);

/* Drop all of @signals. */
void signal_queue_drop(struct signal_pending *pending, u64 signals,
		       struct list_node *garbage);
