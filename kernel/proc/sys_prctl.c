/*
 * sys_prctl.c - prctl(2): what a process says about itself
 *
 * Source: prctl(2); Linux v6.12 kernel/sys.c for what it checks.
 */
#include "kernel/proc/syscalls.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/proc/task.h"
#include "mm/uaccess.h"

#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_GET_KEEPCAPS 7
#define PR_SET_KEEPCAPS 8
#define PR_GET_TIMING 13
#define PR_SET_TIMING 14
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_SECCOMP 21
#define PR_CAPBSET_READ 23
#define PR_CAPBSET_DROP 24
#define PR_GET_SECUREBITS 27
#define PR_SET_TIMERSLACK 29
#define PR_GET_TIMERSLACK 30
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define PR_GET_TID_ADDRESS 40

#define TIMER_SLACK_NS 50000 /* Linux's default; a tick is longer anyway */

struct prctl {
	int option;
	u64 argument;
	bool has_more; /* arguments 3 to 5 are not all 0 */
};

static i64 put_int(u64 to, i32 value)
{
	return copy_to_user(VADDR(to), &value, sizeof(value));
}

static i64 set_name(u64 from)
{
	struct task *task = current_task();
	char name[TASK_NAME_BYTES] = "";
	i64 length = copy_string_from_user(name, VADDR(from), sizeof(name) - 1);

	if (length < 0 && length != -ENAMETOOLONG)
		return length;
	spin_lock(&task->lock);
	strlcpy(task->name, name, sizeof(task->name));
	spin_unlock(&task->lock);
	TRACE_TEXT(NAME, name, strlen(name), .cpu = 0);
	return 0;
}

static i64 get_name(u64 to)
{
	char name[TASK_NAME_BYTES];

	task_get_name(current_task(), name);
	return copy_to_user(VADDR(to), name, sizeof(name));
}

static i64 set_death_signal(u64 signal)
{
	if (signal > SIGNAL_MAX)
		return -EINVAL;
	current_task()->process->parent_death_signal = (i32)signal;
	return 0;
}

/* A switch that is 0 or 1. */
static i64 set_switch(bool *which, u64 value)
{
	if (value > 1)
		return -EINVAL;
	*which = value;
	return 0;
}

static i64 set_no_new_privileges(const struct prctl *call)
{
	if (call->argument != 1 || call->has_more)
		return -EINVAL;
	current_task()->credentials.has_no_new_privileges = true;
	return 0;
}

static i64 drop_from_bounding(u64 capability)
{
	if (!is_capable(CAP_SETPCAP))
		return -EPERM;
	if (capability > CAP_LAST)
		return -EINVAL;
	current_task()->credentials.bounding &= ~(1UL << capability);
	return 0;
}

/* Those that change something. */
static i64 set_option(const struct prctl *call)
{
	struct task *task = current_task();
	u64 argument = call->argument;

	switch (call->option) {
	case PR_SET_PDEATHSIG:
		return set_death_signal(argument);
	case PR_SET_DUMPABLE:
		return set_switch(&task->process->is_dumpable, argument);
	case PR_SET_KEEPCAPS:
		return set_switch(&task->credentials.keeps_capabilities,
				  argument);
	case PR_SET_TIMING: /* there is only one way */
		return argument ? -EINVAL : 0;
	case PR_SET_NAME:
		return set_name(argument);
	case PR_CAPBSET_DROP:
		return drop_from_bounding(argument);
	case PR_SET_TIMERSLACK:
		task->timer_slack_ns = (i64)argument > 0 ? argument :
							   TIMER_SLACK_NS;
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		task->process->is_subreaper = argument;
		return 0;
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privileges(call);
	}
	return -EINVAL;
}

i64 sys_prctl(int option, u64 argument, u64 third, u64 fourth, u64 fifth)
{
	const struct task *task = current_task();
	const struct prctl call = { option, argument,
				    third || fourth || fifth };

	switch (option) {
	case PR_GET_PDEATHSIG:
		return put_int(argument, task->process->parent_death_signal);
	case PR_GET_DUMPABLE:
		return task->process->is_dumpable;
	case PR_GET_KEEPCAPS:
		return task->credentials.keeps_capabilities;
	case PR_GET_TIMING:
	case PR_GET_SECCOMP:
	case PR_GET_SECUREBITS:
		return 0;
	case PR_GET_NAME:
		return get_name(argument);
	case PR_CAPBSET_READ:
		if (argument > CAP_LAST)
			return -EINVAL;
		return task->credentials.bounding >> argument & 1;
	case PR_GET_TIMERSLACK:
		return (i64)(task->timer_slack_ns ? task->timer_slack_ns :
						    TIMER_SLACK_NS);
	case PR_GET_CHILD_SUBREAPER:
		return put_int(argument, task->process->is_subreaper);
	case PR_GET_NO_NEW_PRIVS:
		if (argument || call.has_more)
			return -EINVAL;
		return task->credentials.has_no_new_privileges;
	case PR_GET_TID_ADDRESS:
		return copy_to_user(VADDR(argument), &task->clear_child_tid.val,
				    sizeof(u64));
	}
	return set_option(&call);
}
