/*
 * wait4.c - wait for a child to end, and learn what it has used
 */
#include "kernel/fs/abi.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/task.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/time.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

/* wait4(2); nothing stops yet, so the middle two only are accepted. */
#define WNOHANG 0x1u
#define WUNTRACED 0x2u
#define WCONTINUED 0x8u
#define WNOTHREAD 0x20000000u
#define WALL 0x40000000u
#define WCLONE 0x80000000u
#define WAIT_KNOWN                                                             \
	(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)

/* getrusage(2) */
#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

struct linux_rusage {
	struct linux_timeval user;
	struct linux_timeval kernel;
	i64 max_rss_kib;
	i64 unused1[3];
	i64 minor_faults;
	i64 major_faults;
	i64 unused2[6];
	i64 voluntary_switches;
	i64 involuntary_switches;
};

_Static_assert(sizeof(struct linux_rusage) == 144, "Linux's layout");

static int copy_usage_to_user(vaddr_t to, const struct task_usage *usage)
{
	const struct linux_rusage rusage = {
		.user = ns_to_timeval(usage->user_ns),
		.kernel = ns_to_timeval(usage->kernel_ns),
		.max_rss_kib = (i64)(usage->max_rss_pages * (PAGE_SIZE / 1024)),
		.minor_faults = (i64)usage->minor_faults,
		.voluntary_switches = (i64)usage->voluntary_switches,
		.involuntary_switches = (i64)usage->involuntary_switches,
	};

	return copy_to_user(to, &rusage, sizeof(rusage));
}

static void add_usage(struct task_usage *sum, const struct task_usage *more)
{
	sum->user_ns += more->user_ns;
	sum->kernel_ns += more->kernel_ns;
	sum->minor_faults += more->minor_faults;
	sum->voluntary_switches += more->voluntary_switches;
	sum->involuntary_switches += more->involuntary_switches;
	sum->max_rss_pages = max_u64(sum->max_rss_pages, more->max_rss_pages);
}

i64 sys_getrusage(int who, vaddr_t to)
{
	struct task *task = current_task();
	struct task_usage usage;

	if (who == RUSAGE_CHILDREN)
		usage = task->children_usage;
	else if (who == RUSAGE_SELF || who == RUSAGE_THREAD)
		task_get_usage(task, &usage);
	else
		return -EINVAL;
	return copy_usage_to_user(to, &usage);
}

/* times(2) counts in these, of which there are 100 in a second. */
#define NS_PER_CLOCK_TICK 10000000UL

i64 sys_times(vaddr_t to)
{
	const struct task *task = current_task();
	const i64 ticks[4] = {
		(i64)(task->usage.user_ns / NS_PER_CLOCK_TICK),
		(i64)(task->usage.kernel_ns / NS_PER_CLOCK_TICK),
		(i64)(task->children_usage.user_ns / NS_PER_CLOCK_TICK),
		(i64)(task->children_usage.kernel_ns / NS_PER_CLOCK_TICK),
	};

	if (to.val && copy_to_user(to, ticks, sizeof(ticks)) != 0)
		return -EFAULT;
	return (i64)(time_since_boot_ns() / NS_PER_CLOCK_TICK);
}

/* ---- Waiting ------------------------------------------------------------ */

/* Which children, and who was found. */
struct wait_for {
	int pid; /* as wait4's argument; a group is -pid */
	struct task *ended; /* taken out of the family; to be put */
	i64 result; /* 0: keep waiting, or -ECHILD */
};

static bool is_waited_for(const struct task *child, int pid)
{
	if (pid == -1)
		return true;
	if (pid > 0)
		return child->pid == (u32)pid;
	return child->process_group == (u32)-pid;
}

static bool has_match(const struct list_node *children, int pid)
{
	struct task *child;

	list_for_each_entry(child, children, sibling_node)
		if (is_waited_for(child, pid))
			return true;
	return false;
}

/* => tasks_lock is held */
static struct task *take_zombie(struct task *parent, int pid)
{
	struct task *child;

	list_for_each_entry(child, &parent->zombies, sibling_node) {
		if (!is_waited_for(child, pid))
			continue;
		task_unpublish_locked(child);
		add_usage(&parent->children_usage, &child->usage);
		add_usage(&parent->children_usage, &child->children_usage);
		return child;
	}
	return NULL;
}

/* Return: true: there is an answer. */
static bool look_for_child(struct wait_for *wait)
{
	struct task *parent = current_task();
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	wait->ended = take_zombie(parent, wait->pid);
	if (!wait->ended && !has_match(&parent->children, wait->pid))
		wait->result = -ECHILD;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return wait->ended || wait->result;
}

/* => takes over the reference of @child */
static i64 report(struct task *child, vaddr_t status, vaddr_t usage)
{
	i64 pid = child->pid;
	int error = 0;
	struct task_usage sum = child->usage;

	add_usage(&sum, &child->children_usage);
	if (status.val)
		error = copy_to_user(status, &child->exit_status,
				     sizeof(child->exit_status));
	if (!error && usage.val)
		error = copy_usage_to_user(usage, &sum);
	task_put(child);
	return error ? error : pid;
}

i64 sys_wait4(int pid, vaddr_t status, int options, vaddr_t usage)
{
	struct task *task = current_task();
	struct wait_for wait = { .pid = pid };
	int error = 0;

	if ((u32)options & ~WAIT_KNOWN)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == 0)
		wait.pid = -(int)task->process_group;

	if ((u32)options & WNOHANG)
		look_for_child(&wait);
	else
		error = wait_event_interruptible(&task->child_event,
						 look_for_child(&wait));
	if (wait.ended)
		return report(wait.ended, status, usage);
	return wait.result ? wait.result : error;
}
