/*
 * init.c - process 1: from a task of the kernel to the first program
 */
#include "kernel/proc/init.h"

#include "kernel/cmdline.h"
#include "kernel/exit_status.h"
#include "kernel/fs/files.h"
#include "kernel/fs/fs_init.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/kernel_lock.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/user_return.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/switch.h"
#include "mm/mm.h"

static void __noreturn refuse(int error)
{
	const char *why = "it cannot be run";

	if (error == -ENOENT)
		why = "there is no such file";
	else if (error == -EACCES)
		why = "it is not executable";
	else if (error == -ENOEXEC)
		why = "it is not a static x86-64 ELF program";
	else if (error == -ENOMEM)
		why = "there is too little memory";
	log_error("calf: cannot start: init is %s: %s (error %d)\n",
		  cmdline.init, why, error);
	cpu_power_off(error == -ENOMEM ? EXIT_NO_MEMORY : EXIT_NO_INIT);
}

/* As Linux's: a home, and a terminal that knows colours. */
static const char *const environment[] = { "HOME=/", "TERM=linux" };

static int collect_strings(struct exec_args *args)
{
	int error = exec_args_add(args, cmdline.init);

	for (u32 i = 0; i < cmdline.argument_count && !error; i++)
		error = exec_args_add(args, cmdline.arguments[i]);
	args->argument_count = 1 + cmdline.argument_count;
	for (u32 i = 0; i < ARRAY_SIZE(environment) && !error; i++)
		error = exec_args_add(args, environment[i]);
	args->environment_count = ARRAY_SIZE(environment);
	return error;
}

static void init_entry(void *argument)
{
	struct task *task = argument;
	struct exec_args args;
	int error;

	sched_finish_first_switch();
	(void)kernel_lock();
	error = fs_open_console();
	exec_args_init(&args, STACK_LIMIT_BYTES);
	if (!error)
		error = collect_strings(&args);
	if (!error)
		error = exec_program(cmdline.init, &args);
	exec_args_destroy(&args);
	if (error)
		refuse(error);

	kernel_unlock(true);
	interrupts_off();
	user_return_prepare(task_user_frame(task));
	return_to_user(task_user_frame(task));
}

int init_start(void)
{
	struct task *task;
	struct process *process;
	int error = task_create(
		"init", &(struct task_start){ init_entry, NULL }, NULL, &task);

	if (error)
		return error;
	process = task->process;
	process->limits = rlimits_create();
	process->actions = signal_actions_create();
	task->files = files_create();
	if (!process->limits || !process->actions || !task->files) {
		task_put(task);
		return -ENOMEM;
	}
	/* Only what it has handlers for reaches it. */
	process->is_unkillable = true;
	init_process = process;
	error = task_publish(task, NULL);
	ASSERT(error == 0);
	sched_start(task);
	return 0;
}
