/*
 * signal_queue.c - see signal_queue.h
 */
#include "kernel/proc/signal_queue.h"

#include "mm/kmem.h"

static struct kmem_cache node_cache =
	KMEM_CACHE("signal_node", struct signal_node);
static u32 node_count; /* atomic */

u32 signal_nodes_alloc(struct list_node *supply, u32 count)
{
	u32 done = 0;

	while (done < count) {
		struct signal_node *node;

		if (__atomic_add_fetch(&node_count, 1, __ATOMIC_RELAXED) >
			    SIGNAL_NODES_MAX ||
		    !(node = kmem_cache_alloc(&node_cache))) {
			__atomic_sub_fetch(&node_count, 1, __ATOMIC_RELAXED);
			break;
		}
		list_push_back(supply, &node->node);
		done++;
	}
	return done;
}

void signal_nodes_free(struct list_node *nodes)
{
	struct signal_node *node;
	struct signal_node *next;

	list_for_each_entry_safe(node, next, nodes, node) {
		kmem_cache_free(&node_cache, node);
		__atomic_sub_fetch(&node_count, 1, __ATOMIC_RELAXED);
	}
	list_init(nodes);
}

u32 signal_nodes_count(void)
{
	return __atomic_load_n(&node_count, __ATOMIC_RELAXED);
}

void signal_queue_add(struct signal_pending *pending,
		      const struct signal_info *info, struct list_node *supply)
{
	u64 bit = signal_bit(info->signal);

	if (!signal_is_queued(info->signal)) {
		if (!(pending->set.bits & bit))
			pending->info[info->signal - 1] = *info;
	} else if (supply && !list_is_empty(supply)) {
		struct signal_node *node =
			list_first_entry(supply, struct signal_node, node);

		list_remove(&node->node);
		node->info = *info;
		list_push_back(&pending->queue, &node->node);
	}
	pending->set.bits |= bit;
}

static struct signal_node *find(struct signal_pending *pending, int signal)
{
	struct signal_node *node;

	list_for_each_entry(node, &pending->queue, node)
		if (node->info.signal == signal)
			return node;
	return NULL;
}

void signal_queue_take(struct signal_pending *pending, int signal,
		       struct signal_info *info, struct list_node *garbage)
{
	struct signal_node *node;

	if (!signal_is_queued(signal)) {
		*info = pending->info[signal - 1];
		pending->set.bits &= ~signal_bit(signal);
		return;
	}
	*info = (struct signal_info){ .signal = signal };
	node = find(pending, signal);
	if (node) {
		*info = node->info;
		list_remove(&node->node);
		list_push_back(garbage, &node->node);
	}
	if (!find(pending, signal))
		pending->set.bits &= ~signal_bit(signal);
}

void signal_queue_drop(struct signal_pending *pending, u64 signals,
		       struct list_node *garbage)
{
	struct signal_node *node;
	struct signal_node *next;

	pending->set.bits &= ~signals;
	list_for_each_entry_safe(node, next, &pending->queue, node) {
		if (!(signal_bit(node->info.signal) & signals))
			continue;
		list_remove(&node->node);
		list_push_back(garbage, &node->node);
	}
}
