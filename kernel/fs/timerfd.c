/*
 * timerfd.c - timerfd_create(2): a timer one can read from and wait for
 *
 * When it expires is the business of kernel/timer.h; here is counted how often
 * it has, until somebody reads the number.
 *
 * Locks: timerfd->lock guards the count; taken with interrupts off, inside the
 * lock of all timers.
 */
#include "kernel/fs/syscalls.h"

#include "kernel/clock.h"
#include "kernel/fs/anon_file.h"
#include "kernel/fs/files.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "kernel/timer.h"
#include "kernel/timespec.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u /* accepted; nobody is told */

struct timerfd {
	struct timer timer;
	enum timer_clock clock; /* of absolute times */
	struct spinlock lock;
	u64 expirations; /* lock; since the last read */
	struct wait_queue expired;
};

static void timerfd_expire(struct timer *timer, u64 count)
{
	struct timerfd *timerfd = container_of(timer, struct timerfd, timer);
	u64 rflags = spin_lock_irqsave(&timerfd->lock);

	timerfd->expirations += count;
	spin_unlock_irqrestore(&timerfd->lock, rflags);
	wait_wake_all(&timerfd->expired);
}

static u64 take(struct timerfd *timerfd)
{
	u64 count;
	u64 rflags;

	timer_update(&timerfd->timer);
	rflags = spin_lock_irqsave(&timerfd->lock);
	count = timerfd->expirations;
	timerfd->expirations = 0;
	spin_unlock_irqrestore(&timerfd->lock, rflags);
	return count;
}

static i64 timerfd_read(struct file *file, struct io *io)
{
	struct timerfd *timerfd = file->inode->private;
	u64 count;

	if (io->left < sizeof(count))
		return -EINVAL;
	while (!(count = take(timerfd))) {
		int error;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_event_interruptible(
			&timerfd->expired, READ_ONCE(timerfd->expirations));
		if (error)
			return error;
	}
	if (io_copy_out(io, &count, sizeof(count)) < sizeof(count))
		return -EFAULT;
	return sizeof(count);
}

static u32 timerfd_poll(struct file *file, struct poll_table *table)
{
	struct timerfd *timerfd = file->inode->private;

	timer_update(&timerfd->timer);
	poll_wait(table, &timerfd->expired);
	return READ_ONCE(timerfd->expirations) ? POLLIN : 0;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *timerfd = file->inode->private;

	timer_cancel(&timerfd->timer);
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.is_stream = true,
};

i64 sys_timerfd_create(int clock, u32 flags)
{
	struct timerfd *timerfd;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME)
		return -EINVAL;
	timerfd = kmalloc_zeroed(sizeof(*timerfd));
	if (!timerfd)
		return -ENOMEM;
	spinlock_init(&timerfd->lock, "timerfd");
	wait_queue_init(&timerfd->expired, "timerfd_expired");
	timerfd->clock = clock == CLOCK_REALTIME ? TIMER_REALTIME : TIMER_BOOT;
	timer_init(&timerfd->timer, TIMER_BOOT,
		   &(struct timer_owner){ NULL, NULL }, timerfd_expire);
	return anon_file_install(&timerfd_ops, timerfd, flags);
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

static struct linux_itimerspec read_setting(struct timerfd *timerfd)
{
	u64 left_ns, interval_ns;

	timer_read(&timerfd->timer, &left_ns, &interval_ns);
	return (struct linux_itimerspec){ ns_to_timespec(interval_ns),
					  ns_to_timespec(left_ns) };
}

static void set(struct timerfd *timerfd, u32 flags,
		const struct linux_itimerspec *wanted)
{
	struct timer_setting setting = {
		.clock = TIMER_BOOT,
		.next_ns = timespec_to_ns(&wanted->value),
		.interval_ns = timespec_to_ns(&wanted->interval),
	};

	if (flags & TFD_TIMER_ABSTIME)
		setting.clock = timerfd->clock;
	else if (setting.next_ns)
		setting.next_ns += timer_clock_now(TIMER_BOOT, NULL);
	timer_cancel(&timerfd->timer);
	take(timerfd); /* what has expired before is forgotten */
	timer_set(&timerfd->timer, &setting);
}

i64 sys_timerfd_settime(int fd, u32 flags, vaddr_t new_value, vaddr_t old_value)
{
	struct linux_itimerspec wanted, old;
	struct file *file;
	int error;

	if (copy_from_user(&wanted, new_value, sizeof(wanted)) != 0)
		return -EFAULT;
	if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
	    !timespec_is_valid(&wanted.value) ||
	    !timespec_is_valid(&wanted.interval))
		return -EINVAL;
	error = get_timer(fd, &file);
	if (error)
		return error;
	old = read_setting(file->inode->private);
	set(file->inode->private, flags, &wanted);
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
