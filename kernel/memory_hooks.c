/*
 * memory_hooks.c - see memory_hooks.h
 */
#include "kernel/memory_hooks.h"

#include "kernel/lib/printk.h"
#include "kernel/oom.h"
#include "kernel/proc/credentials.h"
#include "kernel/proc/task.h"
#include "kernel/x86_64/time.h"
#include "mm/commit.h"
#include "mm/frame.h"

/* From the command line, until a task is there to have it. */
static u64 for_first_child;

/*
 * Whoever comes here has found no frame.  If that makes a system call or an
 * access fail, the OOM killer has something to do.
 */
static bool may_use_reserve(unsigned int order)
{
	struct task *task = current_task();

	if (!task || !task->mm)
		return false;
	oom_note_shortage(order);
	return oom_is_dying(task);
}

static bool nth_fails(void)
{
	struct task *task = current_task();

	return task && task->fail_nth && --task->fail_nth == 0;
}

/* ---- Promises ------------------------------------------------------------ */

static const struct mm *asking_mm(void)
{
	return current_task()->mm;
}

static bool asked_by_root(void)
{
	return is_capable(CAP_SYS_ADMIN);
}

/* Linux's limit for such lines: so many in so long. */
#define REFUSALS_MAX 10
#define REFUSALS_NS (5 * 1000000000UL)

static bool may_log_refusal(void)
{
	static u64 began_ns;
	static u64 count;
	u64 now = time_since_boot_ns();

	if (now - began_ns > REFUSALS_NS) {
		began_ns = now;
		count = 0;
	}
	return count++ < REFUSALS_MAX;
}

/* Linux's words, so that what is looked up is found. */
static void log_refusal(u64 bytes)
{
	const struct task *task = current_task();

	if (may_log_refusal())
		log_warning("__vm_enough_memory: pid: %u, comm: %s, bytes: %lu "
			    "not enough memory for the allocation\n",
			    task->pid, task->name, bytes);
}

void memory_hooks_init(void)
{
	frame_may_use_reserve = may_use_reserve;
	commit_asking_mm = asking_mm;
	commit_asked_by_root = asked_by_root;
	commit_refused = log_refusal;
}

int fail_nth_write(u64 nth)
{
	struct task *task = current_task();

	/* Nobody pays for the question before it is needed. */
	allocation_fails = nth_fails;
	if (task->is_kernel_thread)
		for_first_child = nth;
	else
		task->fail_nth = nth;
	return 0;
}

void fail_nth_read(char *text, size_t size)
{
	snprintf(text, size, "%lu", current_task()->fail_nth);
}

void fail_nth_hand_over(struct task *child)
{
	if (likely(!for_first_child) || current_task()->process != init_process)
		return;
	child->fail_nth = for_first_child;
	for_first_child = 0;
}
