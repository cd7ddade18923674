/*
 * epoll.c - see epoll.h
 *
 * A wait asks each file of the set.  That costs time in proportion to the set
 * rather than to what is ready, and keeps the kernel's wake-ups as simple as
 * those of poll(2).  Edge triggering compares how often the file's queues
 * were woken (poll_table.activity) with what was so at the last report.
 */
#include "kernel/fs/epoll.h"

#include "kernel/fs/anon_file.h"
#include "kernel/fs/files.h"
#include "kernel/fs/poll.h"
#include "kernel/fs/poll_args.h"
#include "kernel/fs/syscalls.h"
#include "kernel/lib/errno.h"
#include "kernel/x86_64/traps.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)
/* The bits of an item that are not events. */
#define EPOLL_MODES 0xf0000000u

#define EPOLL_EVENTS_MAX (INT32_MAX / (int)sizeof(struct linux_epoll_event))

struct linux_epoll_event {
	u32 events;
	u64 data;
} __packed;

_Static_assert(sizeof(struct linux_epoll_event) == 12, "Linux's layout");

struct epoll {
	struct list_node items; /* epoll_lock */
	struct wait_queue changed; /* an item was added or modified */
};

struct item {
	struct list_node node; /* epoll.items */
	struct list_node watcher_node; /* file.watchers */
	struct file *file; /* no reference */
	int fd; /* as it was when added */
	struct linux_epoll_event event;
	u64 activity; /* at the last report */
	bool is_new; /* not reported yet, or modified */
};

static struct kmem_cache item_cache = KMEM_CACHE("epoll_item", struct item);

/* Over all sets and file.watchers; the files' own locks come after it. */
static struct mutex epoll_lock = MUTEX_INIT(epoll_lock);

/* => epoll_lock held */
static void remove_item(struct item *item)
{
	list_remove(&item->node);
	list_remove(&item->watcher_node);
	kmem_cache_free(&item_cache, item);
}

void epoll_forget(struct file *file)
{
	mutex_lock(&epoll_lock);
	while (!list_is_empty(&file->watchers))
		remove_item(list_first_entry(&file->watchers, struct item,
					     watcher_node));
	mutex_unlock(&epoll_lock);
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = file->inode->private;

	mutex_lock(&epoll_lock);
	while (!list_is_empty(&epoll->items))
		remove_item(list_first_entry(&epoll->items, struct item, node));
	mutex_unlock(&epoll_lock);
}

/* What of @item is to be reported now?  => epoll_lock held */
static u32 item_ready(struct item *item, struct poll_table *table)
{
	u32 wanted = item->event.events & ~EPOLL_MODES;
	u32 ready;

	if (!wanted) /* EPOLLONESHOT, and it has had its shot */
		return 0;
	ready = file_poll(item->file, wanted, table);
	if ((item->event.events & EPOLLET) && !item->is_new &&
	    item->activity == table->activity)
		return 0;
	return ready;
}

static u32 epoll_poll(struct file *file, struct poll_table *table)
{
	struct epoll *epoll = file->inode->private;
	struct item *item;
	u32 ready = 0;

	poll_wait(table, &epoll->changed);
	mutex_lock(&epoll_lock);
	list_for_each_entry(item, &epoll->items, node)
		if (item_ready(item, table))
			ready = POLLIN | POLLRDNORM;
	mutex_unlock(&epoll_lock);
	return ready;
}

static const struct file_ops epoll_ops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.is_stream = true,
};

i64 sys_epoll_create1(u32 flags)
{
	struct epoll *epoll;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	epoll = kmalloc_zeroed(sizeof(*epoll));
	if (!epoll)
		return -ENOMEM;
	list_init(&epoll->items);
	wait_queue_init(&epoll->changed, "epoll_changed");
	return anon_file_install(&epoll_ops, epoll, flags);
}

i64 sys_epoll_create(int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

/* ---- Changing the set ---------------------------------------------------- */

static struct item *find_item(struct epoll *epoll, const struct file *file,
			      int fd)
{
	struct item *item;

	list_for_each_entry(item, &epoll->items, node)
		if (item->file == file && item->fd == fd)
			return item;
	return NULL;
}

static int add_item(struct epoll *epoll, struct file *file, int fd,
		    const struct linux_epoll_event *event)
{
	struct item *item = kmem_cache_alloc_zeroed(&item_cache);

	if (!item)
		return -ENOMEM;
	item->file = file;
	item->fd = fd;
	item->event = *event;
	item->is_new = true;
	list_push_back(&epoll->items, &item->node);
	list_push_back(&file->watchers, &item->watcher_node);
	return 0;
}

struct change {
	int operation;
	int fd;
	struct linux_epoll_event event;
};

/* => epoll_lock held */
static int change_locked(struct epoll *epoll, struct file *file,
			 const struct change *change)
{
	struct item *item = find_item(epoll, file, change->fd);

	switch (change->operation) {
	case EPOLL_CTL_ADD:
		if (item)
			return -EEXIST;
		return add_item(epoll, file, change->fd, &change->event);
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		remove_item(item);
		return 0;
	case EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		item->event = change->event;
		item->is_new = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int change_set(struct file *set, struct file *file,
		      const struct change *change)
{
	struct epoll *epoll = set->inode->private;
	int error;

	if (!file->ops->poll)
		return -EPERM; /* a file that is always ready */
	if (set->ops != &epoll_ops || set == file)
		return -EINVAL;
	/* Linux allows sets of sets, to a depth of 5; here it is 1. */
	if (file->ops == &epoll_ops)
		return -ELOOP;
	mutex_lock(&epoll_lock);
	error = change_locked(epoll, file, change);
	mutex_unlock(&epoll_lock);
	wait_wake_all(&epoll->changed);
	return error;
}

i64 sys_epoll_ctl(int epoll_fd, int operation, int fd, vaddr_t event)
{
	struct change change = { .operation = operation, .fd = fd };
	struct file *set;
	struct file *file;
	int error = 0;

	if (operation != EPOLL_CTL_DEL)
		error = copy_from_user(&change.event, event,
				       sizeof(change.event));
	if (!error)
		error = files_get_file(epoll_fd, &set);
	if (error)
		return error;
	error = files_get_file(fd, &file);
	if (!error) {
		error = change_set(set, file, &change);
		file_put(file);
	}
	file_put(set);
	return error;
}

/* ---- Waiting ------------------------------------------------------------- */

/* Events on their way to the user. */
struct harvest {
	struct file *set;
	vaddr_t events;
	int room;
};

/* => epoll_lock held */
static int report(struct harvest *harvest, int count, struct item *item,
		  u32 ready)
{
	struct linux_epoll_event event = { ready, item->event.data };
	vaddr_t to = VADDR(harvest->events.val + (u64)count * sizeof(event));

	if (copy_to_user(to, &event, sizeof(event)) != 0)
		return -EFAULT;
	item->is_new = false;
	if (item->event.events & EPOLLONESHOT)
		item->event.events &= EPOLL_MODES;
	return 0;
}

static int harvest_scan(void *argument, struct poll_table *table)
{
	struct harvest *harvest = argument;
	struct epoll *epoll = harvest->set->inode->private;
	struct list_node *last;
	struct item *item;
	struct item *next;
	int count = 0;
	int error = 0;

	table->file = harvest->set;
	poll_wait(table, &epoll->changed);
	mutex_lock(&epoll_lock);
	last = epoll->items.prev;
	list_for_each_entry_safe(item, next, &epoll->items, node) {
		u32 ready = item_ready(item, table);
		bool is_last = &item->node == last;

		if (ready)
			error = report(harvest, count, item, ready);
		if (error)
			break;
		if (ready) {
			item->activity = table->activity;
			count++;
			/* To the end: next time the others come first. */
			list_remove(&item->node);
			list_push_back(&epoll->items, &item->node);
		}
		if (is_last || count == harvest->room)
			break;
	}
	mutex_unlock(&epoll_lock);
	return count ? count : error;
}

static i64 epoll_wait_until(int fd, vaddr_t events, int room, u64 deadline_ns)
{
	struct harvest harvest = { .events = events, .room = room };
	i64 result;

	if (room <= 0 || room > EPOLL_EVENTS_MAX)
		return -EINVAL;
	if (!user_range_ok(events,
			   (u64)room * sizeof(struct linux_epoll_event)))
		return -EFAULT;
	result = files_get_file(fd, &harvest.set);
	if (result)
		return result;
	if (harvest.set->ops == &epoll_ops)
		result = poll_loop(harvest_scan, &harvest, deadline_ns);
	else
		result = -EINVAL;
	file_put(harvest.set);
	/* Alone among its kind it is not begun again, handler or not. */
	return result == -ERESTARTNOHAND ? -EINTR : result;
}

i64 sys_epoll_wait(int fd, vaddr_t events, int room, int ms)
{
	return epoll_wait_until(fd, events, room, poll_deadline_ms(ms));
}

/* Six arguments: taken out of the registers. */
static i64 wait_masked(const struct trap_frame *frame, u64 deadline_ns)
{
	i64 result = poll_mask_set(VADDR(frame->r8), frame->r9);

	if (result)
		return result;
	result = epoll_wait_until((int)frame->rdi, VADDR(frame->rsi),
				  (int)frame->rdx, deadline_ns);
	poll_mask_restore(result);
	return result;
}

i64 sys_epoll_pwait(const struct trap_frame *frame)
{
	return wait_masked(frame, poll_deadline_ms((int)frame->r10));
}

i64 sys_epoll_pwait2(const struct trap_frame *frame)
{
	u64 deadline_ns;
	i64 result = poll_deadline_read(VADDR(frame->r10), POLL_TIMESPEC,
					&deadline_ns);

	return result ? result : wait_masked(frame, deadline_ns);
}
