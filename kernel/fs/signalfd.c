/*
 * signalfd.c - signalfd(2): signals that are read instead of handled
 *
 * A file holds only a set: who reads it takes signals out of what is pending
 * for itself, whoever made the file.
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/anon_file.h"
#include "kernel/fs/files.h"
#include "kernel/fs/poll.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_rules.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

struct signal_file {
	u64 set; /* atomic; never SIGKILL or SIGSTOP */
};

/* As struct signalfd_siginfo. */
struct linux_signalfd_siginfo {
	u32 signal;
	i32 error;
	i32 code;
	u32 pid;
	u32 uid;
	i32 fd;
	u32 timer;
	u32 band;
	u32 overrun;
	u32 trap;
	i32 status;
	i32 value;
	u64 pointer;
	u64 user_ticks;
	u64 kernel_ticks;
	u64 address;
	u8 zeros[48];
};

_Static_assert(sizeof(struct linux_signalfd_siginfo) == 128, "Linux's layout");

static struct signal_file *signal_file_of(struct file *file)
{
	return file->inode->private;
}

/* Which members mean something depends on who has sent the signal. */
static struct linux_signalfd_siginfo convert(const struct signal_info *info)
{
	struct linux_signalfd_siginfo out = {
		.signal = (u32)info->signal,
		.error = info->error,
		.code = info->code,
	};
	bool is_fault = info->code > 0 && info->code < SI_KERNEL;

	if (is_fault && info->signal != SIGCHLD) {
		out.address = info->address;
		return out;
	}
	out.pid = info->pid;
	out.uid = info->uid;
	if (info->signal == SIGCHLD && is_fault) {
		out.status = info->status;
		out.user_ticks = (u64)info->user_ticks;
		out.kernel_ticks = (u64)info->kernel_ticks;
	} else if (info->code < 0 && info->code != SI_TKILL) {
		out.value = (i32)info->value;
		out.pointer = info->value;
	}
	return out;
}

static bool is_pending(const struct signal_file *signals)
{
	return signals_pending(current_task()) & READ_ONCE(signals->set);
}

/* The first signal of a read may be waited for. */
static int wait_for_first(struct file *file, struct signal_info *info)
{
	struct signal_file *signals = signal_file_of(file);

	while (!signal_take(READ_ONCE(signals->set), info)) {
		int error;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		error = wait_event_interruptible(
			&current_task()->process->signal_event,
			is_pending(signals));
		if (error)
			return error;
	}
	return 0;
}

static i64 signalfd_read(struct file *file, struct io *io)
{
	struct signal_file *signals = signal_file_of(file);
	struct signal_info info;
	i64 done = 0;
	int error;

	if (io->left < sizeof(struct linux_signalfd_siginfo))
		return -EINVAL;
	error = wait_for_first(file, &info);
	if (error)
		return error;
	do {
		struct linux_signalfd_siginfo out = convert(&info);

		if (io_copy_out(io, &out, sizeof(out)) < sizeof(out))
			return done ? done : -EFAULT;
		done += (i64)sizeof(out);
	} while (io->left >= sizeof(struct linux_signalfd_siginfo) &&
		 signal_take(READ_ONCE(signals->set), &info));
	return done;
}

static u32 signalfd_poll(struct file *file, struct poll_table *table)
{
	poll_wait(table, &current_task()->process->signal_event);
	return is_pending(signal_file_of(file)) ? POLLIN : 0;
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.is_stream = true,
};

/* Another set for an open one. */
static i64 change_set(int fd, u64 set)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	if (file->ops == &signalfd_ops) {
		WRITE_ONCE(signal_file_of(file)->set, set);
		wait_wake_all(&current_task()->process->signal_event);
		result = fd;
	} else {
		result = -EINVAL;
	}
	file_put(file);
	return result;
}

i64 sys_signalfd4(int fd, vaddr_t from, u64 set_bytes, u32 flags)
{
	struct signal_file *signals;
	sigset_t set;

	if (set_bytes != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, from, sizeof(set)) != 0)
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	set.bits &= ~SIGNALS_UNBLOCKABLE;
	if (fd != -1)
		return change_set(fd, set.bits);
	signals = kmalloc_zeroed(sizeof(*signals));
	if (!signals)
		return -ENOMEM;
	signals->set = set.bits;
	return anon_file_install(&signalfd_ops, signals, flags);
}

i64 sys_signalfd(int fd, vaddr_t set, u64 set_bytes)
{
	return sys_signalfd4(fd, set, set_bytes, 0);
}
