/*
 * timerfd.c - timerfd_create(2): a clock one can wait for
 *
 * Nothing runs when a timer expires: how often it has is computed when
 * somebody asks, and whoever waits sleeps until its next time.
 *
 * Locks: timer->lock, a spinlock: user memory is copied outside it.
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/anon_file.h"
#include "kernel/fs/files.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "kernel/x86_64/time.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

#define NS_PER_SECOND 1000000000L
#define SECONDS_MAX (INT64_MAX / NS_PER_SECOND / 2)

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME 7

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u /* nobody sets the clock here */

struct timer {
	struct spinlock lock;
	int clock;
	u64 next_ns; /* lock; since boot; 0: off */
	u64 interval_ns; /* lock; 0: once */
	struct wait_queue changed;
};

struct linux_itimerspec {
	struct linux_timespec interval;
	struct linux_timespec value;
};

/* How often it has expired and not been read. => timer->lock, or a guess */
static u64 expirations(const struct timer *timer, u64 now_ns)
{
	u64 next_ns = READ_ONCE(timer->next_ns);
	u64 interval_ns = READ_ONCE(timer->interval_ns);

	if (!next_ns || now_ns < next_ns)
		return 0;
	return interval_ns ? 1 + (now_ns - next_ns) / interval_ns : 1;
}

static u64 take(struct timer *timer)
{
	u64 count;

	spin_lock(&timer->lock);
	count = expirations(timer, time_since_boot_ns());
	if (count && timer->interval_ns)
		timer->next_ns += count * timer->interval_ns;
	else if (count)
		timer->next_ns = 0;
	spin_unlock(&timer->lock);
	return count;
}

/* When to look again. */
static u64 next_look(const struct timer *timer)
{
	u64 next_ns = READ_ONCE(timer->next_ns);

	return next_ns ? next_ns : WAIT_FOREVER;
}

/* Sleep until it expires or is set anew.  Return: 0 or -ERESTARTSYS. */
static int wait_for_expiry(struct timer *timer)
{
	u64 until_ns = next_look(timer);
	int error = wait_event_interruptible_deadline(
		&timer->changed, next_look(timer) != until_ns, until_ns);

	return error == -ETIMEDOUT ? 0 : error;
}

static i64 timerfd_read(struct file *file, struct io *io)
{
	struct timer *timer = file->inode->private;
	u64 count;

	if (io->left < sizeof(count))
		return -EINVAL;
	while (!(count = take(timer))) {
		int error;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_for_expiry(timer);
		if (error)
			return error;
	}
	if (io_copy_out(io, &count, sizeof(count)) < sizeof(count))
		return -EFAULT;
	return sizeof(count);
}

static u32 timerfd_poll(struct file *file, struct poll_table *table)
{
	struct timer *timer = file->inode->private;
	u64 count = expirations(timer, time_since_boot_ns());

	poll_wait(table, &timer->changed);
	table->activity += count;
	if (count)
		return POLLIN;
	poll_wait_until(table, next_look(timer));
	return 0;
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.is_stream = true,
};

i64 sys_timerfd_create(int clock, u32 flags)
{
	struct timer *timer;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME)
		return -EINVAL;
	timer = kmalloc_zeroed(sizeof(*timer));
	if (!timer)
		return -ENOMEM;
	spinlock_init(&timer->lock, "timerfd");
	wait_queue_init(&timer->changed, "timerfd_changed");
	timer->clock = clock;
	return anon_file_install(&timerfd_ops, timer, flags);
}

/* ---- Settings ------------------------------------------------------------ */

static int get_timer(int fd, struct file **file)
{
	int error = files_get_file(fd, file);

	if (error)
		return error;
	if ((*file)->ops == &timerfd_ops)
		return 0;
	file_put(*file);
	return -EINVAL;
}

static bool is_valid(const struct linux_timespec *time)
{
	return time->seconds >= 0 && time->nanoseconds >= 0 &&
	       time->nanoseconds < NS_PER_SECOND;
}

static u64 to_ns(const struct linux_timespec *time)
{
	i64 seconds = time->seconds < SECONDS_MAX ? time->seconds : SECONDS_MAX;

	return (u64)(seconds * NS_PER_SECOND + time->nanoseconds);
}

static struct linux_timespec to_timespec(u64 ns)
{
	return (struct linux_timespec){ (i64)ns / NS_PER_SECOND,
					(i64)ns % NS_PER_SECOND };
}

/* The time since boot that @value of a setting means. */
static u64 first_expiry(const struct timer *timer, u64 value_ns, u32 flags)
{
	u64 boot_ns = 0;

	if (!(flags & TFD_TIMER_ABSTIME))
		return time_since_boot_ns() + value_ns;
	if (timer->clock == CLOCK_REALTIME)
		boot_ns = time_boot_epoch_seconds() * NS_PER_SECOND;
	return value_ns > boot_ns ? value_ns - boot_ns : 1;
}

/* What is left until the next expiry, and the interval. */
static struct linux_itimerspec read_setting(struct timer *timer)
{
	struct linux_itimerspec setting = {};
	u64 now_ns = time_since_boot_ns();
	u64 count, next_ns;

	spin_lock(&timer->lock);
	count = expirations(timer, now_ns);
	next_ns = timer->next_ns + count * timer->interval_ns;
	if (next_ns > now_ns)
		setting.value = to_timespec(next_ns - now_ns);
	setting.interval = to_timespec(timer->interval_ns);
	spin_unlock(&timer->lock);
	return setting;
}

i64 sys_timerfd_settime(int fd, u32 flags, vaddr_t new_value, vaddr_t old_value)
{
	struct linux_itimerspec wanted, old;
	struct timer *timer;
	struct file *file;
	int error;

	if (copy_from_user(&wanted, new_value, sizeof(wanted)) != 0)
		return -EFAULT;
	if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
	    !is_valid(&wanted.value) || !is_valid(&wanted.interval))
		return -EINVAL;
	error = get_timer(fd, &file);
	if (error)
		return error;
	timer = file->inode->private;
	old = read_setting(timer);
	spin_lock(&timer->lock);
	timer->next_ns = to_ns(&wanted.value);
	if (timer->next_ns)
		timer->next_ns = first_expiry(timer, timer->next_ns, flags);
	timer->interval_ns = to_ns(&wanted.interval);
	spin_unlock(&timer->lock);
	wait_wake_all(&timer->changed);
	file_put(file);
	if (old_value.val)
		error = copy_to_user(old_value, &old, sizeof(old));
	return error;
}

i64 sys_timerfd_gettime(int fd, vaddr_t value)
{
	struct linux_itimerspec setting;
	struct file *file;
	int error = get_timer(fd, &file);

	if (error)
		return error;
	setting = read_setting(file->inode->private);
	file_put(file);
	return copy_to_user(value, &setting, sizeof(setting));
}
