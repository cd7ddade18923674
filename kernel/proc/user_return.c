/*
 * user_return.c - see user_return.h
 */
#include "kernel/proc/user_return.h"

#include "kernel/proc/kernel_lock.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/asm/insn.h"

static void deliver(struct trap_frame *frame)
{
	bool is_locked = kernel_lock();

	signal_deliver(frame);
	kernel_unlock(is_locked);
}

void user_return_work(struct trap_frame *frame)
{
	struct task *task = current_task();

	/*
	 * The test is made with interrupts off, and they stay off until user
	 * mode runs: a signal sent by an interrupt cannot be overlooked.
	 */
	while (READ_ONCE(task->work)) {
		interrupts_on();
		if (READ_ONCE(task->work) & TASK_WORK_RESCHED)
			schedule();
		if (READ_ONCE(task->work) & TASK_WORK_SIGNAL)
			deliver(frame);
		task_clear_work(task, TASK_WORK_NO_FRAME);
		interrupts_off();
	}
}
