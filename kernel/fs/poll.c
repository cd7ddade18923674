/*
 * poll.c - see poll.h
 */
#include "kernel/fs/poll.h"

#include "kernel/lib/errno.h"
#include "mm/kmem.h"

/* One wait queue the sleeper is on. */
struct poll_entry {
	struct list_node node; /* poll_table.entries */
	struct waiter waiter;
	struct wait_queue *queue;
	struct file *file; /* a reference: the queue lies in it */
};

static struct kmem_cache entry_cache =
	KMEM_CACHE("poll_entry", struct poll_entry);

static void table_init(struct poll_table *table)
{
	*table = (struct poll_table){ .error = 0 };
	list_init(&table->entries);
}

static void table_destroy(struct poll_table *table)
{
	struct poll_entry *entry;
	struct poll_entry *next;

	list_for_each_entry_safe(entry, next, &table->entries, node) {
		wait_finish(entry->queue, &entry->waiter);
		file_put(entry->file);
		kmem_cache_free(&entry_cache, entry);
	}
	list_init(&table->entries);
}

void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
	struct poll_entry *entry;

	table->activity += READ_ONCE(queue->wakes);
	entry = kmem_cache_alloc(&entry_cache);
	if (!entry) {
		table->error = -ENOMEM;
		return;
	}
	/* One that is being closed wakes nobody any more. */
	if (!file_get_if_open(table->file)) {
		kmem_cache_free(&entry_cache, entry);
		return;
	}
	entry->queue = queue;
	entry->file = table->file;
	list_push_back(&table->entries, &entry->node);
	wait_begin(queue, &entry->waiter);
}

u32 file_poll(struct file *file, u32 events, struct poll_table *table)
{
	u32 ready = POLL_ALWAYS;

	if (file->flags & O_PATH)
		return POLLNVAL;
	events |= POLL_UNASKED;
	table->file = file;
	table->events = events;
	table->activity = 0;
	if (file->ops->poll)
		ready = file->ops->poll(file, table);
	return ready & events;
}

int poll_loop(poll_scan_fn *scan, void *argument, u64 deadline_ns)
{
	int result = 0;
	int error = 0;

	while (!result && !error) {
		struct poll_table table;

		table_init(&table);
		/*
		 * Should a lock let the scan sleep, we are TASK_RUNNABLE after
		 * it; then wait_sleep() only yields, and we look again.
		 */
		wait_prepare(TASK_INTERRUPTIBLE);
		result = scan(argument, &table);
		if (!result)
			result = table.error;
		if (!result)
			error = wait_sleep(deadline_ns);
		wait_prepare(TASK_RUNNABLE);
		table_destroy(&table);
	}
	if (error == -ERESTARTSYS)
		return -ERESTARTNOHAND;
	return error == -ETIMEDOUT ? 0 : result;
}
