/*
 * kmsg.c - /dev/kmsg and syslog(2): the kernel's log, to read and to add to
 *
 * Source: Linux v6.12 Documentation/ABI/testing/dev-kmsg; syslog(2).  A
 * record's number is its place in the log, in bytes; its time is not kept and
 * reads 0.
 *
 * Something may be logged in any situation, with any lock held, so nobody can
 * be woken then.  Instead a timer looks at each tick while somebody waits.
 */
#include "kernel/dev/device.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/sched.h"
#include "kernel/syscalls.h"
#include "kernel/timer.h"
#include "mm/uaccess.h"

/* One record; as long as the log's longest line. */
#define LINE_BYTES 512
/* "<2>" */
#define PREFIX_BYTES 3

/* Linux's numbers of our levels; '0' is a multiple of 3. */
static const char levels[] = { '3', '4', '6' };

/* ---- Waiting for more ---------------------------------------------------- */

static struct wait_queue news = WAIT_QUEUE_INIT(news);
static struct timer look;
static u64 seen; /* how much of the log there was at the last look */

static bool has_line_at(u64 position)
{
	char line[1];

	return printk_read_line(&position, line, sizeof(line));
}

static void look_for_news(struct timer *timer, u64 count)
{
	u64 position = READ_ONCE(seen);

	(void)timer;
	(void)count;
	if (!has_line_at(position))
		return;
	WRITE_ONCE(seen, printk_end());
	wait_wake_all(&news);
}

/* From the first one who waits on. */
static void start_looking(void)
{
	static struct spinlock lock = SPINLOCK_INIT("kmsg_look");
	static bool is_started;
	const struct timer_setting setting = {
		.clock = TIMER_BOOT,
		.next_ns = timer_clock_now(TIMER_BOOT, NULL) + SCHED_TICK_NS,
		.interval_ns = SCHED_TICK_NS,
	};
	bool was_started;

	spin_lock(&lock);
	was_started = is_started;
	is_started = true;
	spin_unlock(&lock);
	if (was_started)
		return;
	timer_init(&look, TIMER_BOOT, &(struct timer_owner){ NULL, NULL },
		   look_for_news);
	timer_set(&look, &setting);
}

static int wait_for_line(u64 position)
{
	start_looking();
	return wait_event_interruptible(&news, has_line_at(position));
}

static u32 kmsg_poll(struct file *file, struct poll_table *table)
{
	start_looking();
	poll_wait(table, &news);
	return has_line_at(READ_ONCE(file->position)) ? POLLIN | POLLRDNORM : 0;
}

/* ---- /dev/kmsg ----------------------------------------------------------- */

static i64 read_record(struct io *io)
{
	char line[LINE_BYTES];
	char head[48];
	u64 start = io->position;
	size_t length = printk_read_line(&io->position, line, sizeof(line));
	u64 head_length;

	if (length <= PREFIX_BYTES)
		return -EAGAIN;
	head_length = (u64)snprintf(head, sizeof(head), "%c,%lu,0,-;",
				    levels[(u8)line[1] % 3], start);
	length -= PREFIX_BYTES;
	if (io->left < head_length + length) {
		io->position = start;
		return -EINVAL;
	}
	if (io_copy_out(io, head, head_length) < head_length ||
	    io_copy_out(io, line + PREFIX_BYTES, length) < length)
		return -EFAULT;
	return (i64)(head_length + length);
}

/* One record for each read. */
static i64 kmsg_read(struct file *file, struct io *io)
{
	i64 result = read_record(io);

	while (result == -EAGAIN && !(file->flags & O_NONBLOCK)) {
		int error = wait_for_line(io->position);

		if (error)
			return error;
		result = read_record(io);
	}
	return result;
}

/* A line of its own, with or without "<level>" in front. */
static i64 kmsg_write(struct file *file, struct io *io)
{
	char line[LINE_BYTES / 2];
	u64 bytes = io->left;
	u64 length = min_u64(bytes, sizeof(line) - 1);
	const char *text = line;

	(void)file;
	if (io_copy_in(io, line, length) < length)
		return -EFAULT;
	while (length && line[length - 1] == '\n')
		length--;
	line[length] = '\0';
	if (line[0] == '<') {
		const char *end = line;

		while (*end && *end != '>')
			end++;
		if (*end)
			text = end + 1;
	}
	log_info("%s\n", text);
	return (i64)bytes;
}

/* To the first line, or behind the last: lseek(2) of the others is EINVAL. */
static i64 kmsg_lseek(struct file *file, i64 offset, int whence)
{
	char line[1];

	if (offset != 0 || (whence != SEEK_SET && whence != SEEK_END))
		return -EINVAL;
	mutex_lock(&file->position_lock);
	if (whence == SEEK_SET)
		file->position = 0;
	else
		while (printk_read_line(&file->position, line, sizeof(line)))
			;
	mutex_unlock(&file->position_lock);
	return 0;
}

const struct file_ops device_kmsg_ops = {
	.read = kmsg_read,
	.write = kmsg_write,
	.lseek = kmsg_lseek,
	.poll = kmsg_poll,
};

/* ---- syslog(2) ----------------------------------------------------------- */

enum {
	SYSLOG_CLOSE,
	SYSLOG_OPEN,
	SYSLOG_READ, /* what nobody has read this way; waits */
	SYSLOG_READ_ALL, /* the last of what there is */
	SYSLOG_READ_CLEAR,
	SYSLOG_CLEAR, /* for READ_ALL, there is nothing before this */
	SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON,
	SYSLOG_CONSOLE_LEVEL,
	SYSLOG_UNREAD_BYTES,
	SYSLOG_BUFFER_BYTES,
};

#define CONSOLE_LEVEL_MAX 8

static struct mutex syslog_lock = MUTEX_INIT(syslog_lock);
static u64 read_position; /* syslog_lock */
static u64 cleared_position; /* syslog_lock */

/* How many bytes the lines from @position on are. */
static u64 count_bytes(u64 position)
{
	char line[LINE_BYTES];
	u64 bytes = 0;
	size_t length;

	while ((length = printk_read_line(&position, line, sizeof(line))))
		bytes += length;
	return bytes;
}

/* Whole lines from *@position on.  Return: bytes copied, or -EFAULT. */
static i64 copy_lines(u64 *position, vaddr_t to, u64 room)
{
	char line[LINE_BYTES];
	u64 done = 0;

	for (;;) {
		u64 next = *position;
		size_t length = printk_read_line(&next, line, sizeof(line));

		if (!length || done + length > room)
			return (i64)done;
		line[1] = levels[(u8)line[1] % 3];
		if (copy_to_user(vaddr_add(to, done), line, length) != 0)
			return -EFAULT;
		done += length;
		*position = next;
	}
}

static i64 read_last(vaddr_t to, u64 room)
{
	char line[1];
	u64 position = cleared_position;

	/* Leave out the first ones, until the rest fits. */
	while (count_bytes(position) > room)
		if (!printk_read_line(&position, line, sizeof(line)))
			break;
	return copy_lines(&position, to, room);
}

static i64 read_unread(vaddr_t to, u64 room)
{
	int error = wait_for_line(READ_ONCE(read_position));

	return error ? error : copy_lines(&read_position, to, room);
}

static i64 syslog_read(int type, vaddr_t buffer, int bytes)
{
	i64 result;

	if (!buffer.val || bytes < 0)
		return -EINVAL;
	if (!bytes)
		return 0;
	if (type == SYSLOG_READ)
		return read_unread(buffer, (u64)bytes);
	mutex_lock(&syslog_lock);
	result = read_last(buffer, (u64)bytes);
	if (type == SYSLOG_READ_CLEAR && result >= 0)
		cleared_position = printk_end();
	mutex_unlock(&syslog_lock);
	return result;
}

i64 sys_syslog(int type, vaddr_t buffer, int bytes)
{
	if (!is_capable(CAP_SYSLOG) && type != SYSLOG_READ_ALL &&
	    type != SYSLOG_BUFFER_BYTES)
		return -EPERM;
	switch (type) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
	case SYSLOG_CONSOLE_OFF:
	case SYSLOG_CONSOLE_ON: /* the command line decides what it shows */
		return 0;
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		return syslog_read(type, buffer, bytes);
	case SYSLOG_CLEAR:
		mutex_lock(&syslog_lock);
		cleared_position = printk_end();
		mutex_unlock(&syslog_lock);
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		return bytes < 1 || bytes > CONSOLE_LEVEL_MAX ? -EINVAL : 0;
	case SYSLOG_UNREAD_BYTES:
		return (i64)count_bytes(READ_ONCE(read_position));
	case SYSLOG_BUFFER_BYTES:
		return LOG_RING_BYTES;
	}
	return -EINVAL;
}
