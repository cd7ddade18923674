/*
 * wait4.c - wait for a child to end, stop or go on, and learn what it has used
 *
 * Locks: tasks_lock over the search; what was found is copied out of the child
 * under it, so that nothing of the child is needed afterwards.
 */
#include "kernel/fs/abi.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/task.h"
#include "kernel/timespec.h"
#include "kernel/x86_64/time.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

/* wait4(2), waitid(2) */
#define WNOHANG 0x1u
#define WUNTRACED 0x2u
#define WSTOPPED WUNTRACED
#define WEXITED 0x4u
#define WCONTINUED 0x8u
#define WNOWAIT 0x01000000u
#define WNOTHREAD 0x20000000u
#define WALL 0x40000000u
#define WCLONE 0x80000000u
#define WAIT4_KNOWN                                                            \
	(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)
#define WAITID_KNOWN (WAIT4_KNOWN | WEXITED | WNOWAIT)

/* waitid(2): whom the number names. */
#define P_ALL 0
#define P_PID 1
#define P_PGID 2

/* A wait status: how it ended, or one of these two. */
#define STATUS_STOPPED(signal) ((u32)(signal) << 8 | 0x7f)
#define STATUS_CONTINUED 0xffffu

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

i64 sys_getrusage(int who, vaddr_t to)
{
	struct task *task = current_task();
	struct task_usage usage;

	switch (who) {
	case RUSAGE_CHILDREN:
		usage = task->process->children_usage;
		break;
	case RUSAGE_SELF:
		process_get_usage(task->process, &usage);
		break;
	case RUSAGE_THREAD:
		usage = task->usage;
		usage.minor_faults = task->minor_faults;
		usage.max_rss_pages = mm_rss_peak(task->mm);
		break;
	default:
		return -EINVAL;
	}
	return copy_usage_to_user(to, &usage);
}

/* times(2) counts in these, of which there are 100 in a second. */
#define NS_PER_CLOCK_TICK 10000000UL

i64 sys_times(vaddr_t to)
{
	const struct process *process = current_task()->process;
	const i64 ticks[4] = {
		(i64)(process->user_ns / NS_PER_CLOCK_TICK),
		(i64)(process->kernel_ns / NS_PER_CLOCK_TICK),
		(i64)(process->children_usage.user_ns / NS_PER_CLOCK_TICK),
		(i64)(process->children_usage.kernel_ns / NS_PER_CLOCK_TICK),
	};

	if (to.val && copy_to_user(to, ticks, sizeof(ticks)) != 0)
		return -EFAULT;
	return (i64)(time_since_boot_ns() / NS_PER_CLOCK_TICK);
}

/* ---- Waiting ------------------------------------------------------------ */

/* Which children, what about them, and what was found. */
struct wait_for {
	int type; /* P_… */
	u32 id;
	u32 options; /* W… */
	i64 result; /* the child's pid; 0: keep waiting; or -ECHILD */
	u32 status; /* as wait4 shows it */
	struct task_usage usage;
	struct process *ended; /* taken out of the family; its leader to be put */
};

static bool is_waited_for(const struct process *child,
			  const struct wait_for *wait)
{
	switch (wait->type) {
	case P_PID:
		return child->pid == wait->id;
	case P_PGID:
		return child->group == wait->id;
	}
	return true;
}

static void found(struct wait_for *wait, const struct process *child,
		  u32 status)
{
	wait->result = child->pid;
	wait->status = status;
	wait->usage = process_ended_usage(child);
	usage_add(&wait->usage, &child->children_usage);
}

static void found_ended(struct wait_for *wait, struct process *child)
{
	found(wait, child, child->exit_status);
	if (wait->options & WNOWAIT)
		return;
	process_unpublish_locked(child);
	usage_add(&current_task()->process->children_usage, &wait->usage);
	wait->ended = child;
}

/* Is there news of @child?  => tasks_lock is held */
static bool look_at_child(struct wait_for *wait, struct process *child)
{
	struct stop_state *stop = &child->stop;
	bool keep = wait->options & WNOWAIT;

	if (child->is_zombie) {
		if (!(wait->options & WEXITED))
			return false;
		found_ended(wait, child);
	} else if (wait->options & WSTOPPED && stop->is_stop_news) {
		found(wait, child, STATUS_STOPPED(stop->signal));
		stop->is_stop_news = keep;
	} else if (wait->options & WCONTINUED && stop->is_continue_news) {
		found(wait, child, STATUS_CONTINUED);
		stop->is_continue_news = keep;
	} else {
		return false;
	}
	return true;
}

/* Return: true: there is an answer. */
static bool look_for_child(struct wait_for *wait)
{
	struct process *parent = current_task()->process;
	struct process *child;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	wait->result = -ECHILD;
	list_for_each_entry(child, &parent->children, sibling_node) {
		if (!is_waited_for(child, wait))
			continue;
		if (look_at_child(wait, child))
			break;
		/* One that may have news later: wait for that. */
		if (!child->is_zombie || wait->options & WEXITED)
			wait->result = 0;
	}
	spin_unlock_irqrestore(&tasks_lock, rflags);
	return wait->result != 0;
}

/* Return: a pid; 0: none, with WNOHANG; or a negative errno. */
static i64 wait_for_child(struct wait_for *wait)
{
	struct process *process = current_task()->process;
	int error = 0;

	if (wait->options & WNOHANG)
		look_for_child(wait);
	else
		error = wait_event_interruptible(&process->child_event,
						 look_for_child(wait));
	if (wait->ended)
		task_put(wait->ended->leader);
	return error ? error : wait->result;
}

i64 sys_wait4(int pid, vaddr_t status, int options, vaddr_t usage)
{
	struct wait_for wait = { .type = P_PID, .id = (u32)pid };
	i64 result;

	if ((u32)options & ~WAIT4_KNOWN)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	wait.options = (u32)options | WEXITED;
	if (pid == -1)
		wait.type = P_ALL;
	else if (pid <= 0)
		wait.type = P_PGID;
	if (pid == 0)
		wait.id = current_task()->process->group;
	else if (pid < -1)
		wait.id = (u32)-pid;

	result = wait_for_child(&wait);
	if (result > 0 && status.val &&
	    copy_to_user(status, &wait.status, sizeof(wait.status)) != 0)
		return -EFAULT;
	if (result > 0 && usage.val &&
	    copy_usage_to_user(usage, &wait.usage) != 0)
		return -EFAULT;
	return result;
}

/* ---- waitid ------------------------------------------------------------- */

/* What SIGCHLD would say of a wait status. */
static void describe(struct signal_info *info, u32 status)
{
	if (status == STATUS_CONTINUED) {
		info->code = CLD_CONTINUED;
		info->status = SIGCONT;
	} else if ((status & 0xff) == 0x7f) {
		info->code = CLD_STOPPED;
		info->status = (i32)(status >> 8);
	} else if (exit_status_is_signal(status)) {
		info->code = CLD_KILLED;
		info->status = (i32)(status & 0x7f);
	} else {
		info->code = CLD_EXITED;
		info->status = (i32)(status >> 8);
	}
}

static int waitid_arguments(int type, int id, u32 options,
			    struct wait_for *wait)
{
	if (options & ~WAITID_KNOWN ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if ((type == P_PID && id <= 0) || (type == P_PGID && id < 0) ||
	    type < P_ALL || type > P_PGID)
		return -EINVAL;
	*wait = (struct wait_for){
		.type = type,
		.id = (u32)id,
		.options = options,
	};
	if (type == P_PGID && id == 0)
		wait->id = current_task()->process->group;
	return 0;
}

i64 sys_waitid(int type, int id, vaddr_t to, u32 options, vaddr_t usage)
{
	/* Up to si_status: as Linux, the rest of the user's is left alone. */
	const u64 info_bytes =
		offsetof(struct signal_info, status) + sizeof(i32);
	struct signal_info info = { .signal = 0 };
	struct wait_for wait;
	i64 result = waitid_arguments(type, id, options, &wait);

	if (!result)
		result = wait_for_child(&wait);
	if (result > 0) {
		info.signal = SIGCHLD;
		info.pid = (u32)result;
		describe(&info, wait.status);
		if (usage.val && copy_usage_to_user(usage, &wait.usage) != 0)
			return -EFAULT;
		result = 0;
	}
	/* Even a failed call writes zeros. */
	if (to.val && copy_to_user(to, &info, info_bytes) != 0)
		return -EFAULT;
	return result;
}
