/*
 * exec.c - run another program in the current task
 */
#include "kernel/proc/exec.h"

#include "kernel/fs/files.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace.h"
#include "kernel/oom.h"
#include "kernel/proc/elf.h"
#include "kernel/proc/exec_script.h"
#include "kernel/proc/exec_stack.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/process_timers.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/x86_64/cpu.h"
#include "kernel/x86_64/fpu.h"
#include "mm/check.h"
#include "mm/mm.h"

/* @before: what it may have to go back to; or NULL */
static void use_mm(struct task *task, struct mm *mm, struct mm *before)
{
	spin_lock(&task->lock);
	task->mm = mm;
	task->mm_before_exec = before;
	spin_unlock(&task->lock);
	if (mm)
		sched_use_mm(mm);
}

/*
 * Fill @mm.  The task runs in it meanwhile, so that ordinary copies to user
 * memory reach it, and goes back to its own if anything fails.
 */
static int build(struct mm *mm, const struct elf_program *program,
		 const struct exec_args *args, u64 *rsp)
{
	struct task *task = current_task();
	struct mm *old = task->mm;
	int error;

	use_mm(task, mm, old);
	rlimit_apply_memory(task, mm);
	error = elf_map(program, mm);
	if (!error)
		error = exec_stack_build(mm, program, args, rsp);
	if (error)
		use_mm(task, old, NULL);
	return error;
}

/* The task's counts go on, unless the old mm is its parent's. */
static void leave_mm(struct task *task, struct mm *old, struct mm *mm)
{
	if (!old)
		return;
	spin_lock(&task->lock);
	task->mm_before_exec = NULL;
	spin_unlock(&task->lock);
	if (!task->borrows_mm) { /* nobody else is left in it */
		write_lock(&mm->lock);
		for (int kind = 0; kind < FAULT_KINDS; kind++)
			mm->faults.count[kind] += old->faults.count[kind];
		write_unlock(&mm->lock);
		task->usage.max_rss_pages =
			max_u64(task->usage.max_rss_pages, mm_rss_peak(old));
	}
	task_return_borrowed_mm(task);
	oom_put_mm(old);
}

static void set_name(struct task *task, const char *path)
{
	const char *slash = strrchr(path, '/');

	spin_lock(&task->lock);
	strlcpy(task->name, slash ? slash + 1 : path, sizeof(task->name));
	spin_unlock(&task->lock);
}

/* Every register a program can see begins with a known value. */
static void reset_registers(struct task *task, vaddr_t entry, u64 rsp)
{
	struct trap_frame *frame = task_user_frame(task);

	*frame = (struct trap_frame){ .rip = entry.val, .rsp = rsp };
	trap_frame_make_user(frame);
	fpu_state_init(task->fpu_state);
	fpu_restore(task->fpu_state);
	cpu_set_fs_base(0);
	cpu_set_user_gs_base(0);
}

/* The words of the list are in the old memory. */
static void leave_robust_list(struct task *task, struct mm *old, struct mm *mm)
{
	if (!old || !task->robust_list.val)
		return;
	use_mm(task, old, mm);
	futex_give_up_robust(task);
	use_mm(task, mm, old);
}

static int replace(const struct elf_program *program, const char *path,
		   const struct exec_args *args)
{
	struct task *task = current_task();
	struct mm *old = task->mm;
	struct mm *mm = mm_create();
	u64 rsp = 0;
	int error;

	if (!mm)
		return -ENOMEM;
	error = build(mm, program, args, &rsp);
	if (!error) {
		error = process_end_other_threads();
		if (error)
			use_mm(task, old, NULL);
	}
	if (error) {
		mm_put(mm);
		return error;
	}

	/* From here on nothing can fail. */
	set_name(task, path);
	TRACE_TEXT(EXEC, task->name, strlen(task->name),
		   .space = (u32)mm->pgtable.space.root.val,
		   .other = old ? (u32)old->pgtable.space.root.val : 0);
	leave_robust_list(task, old, mm);
	leave_mm(task, old, mm);
	files_exec(task->files);
	signal_actions_exec(task);
	process_timers_exec(task->process);
	credentials_exec(task, program->inode);
	task->clear_child_tid = VADDR(0);
	WRITE_ONCE(task->process->has_executed, true);
	process_set_exe(task->process, program->inode);
	reset_registers(task, program->entry, rsp);
	return 0;
}

/* What the script says comes before what the caller has passed. */
static int add_script(struct exec_args *args, const struct script *script)
{
	int error = 0;

	/* It would have to open a file that is closed by then. */
	if (args->is_path_inaccessible)
		return -ENOENT;
	if (script->argument)
		error = exec_args_prepend(args, script->argument);
	return error ? error : exec_args_prepend(args, script->interpreter);
}

/*
 * Run @file, which is no ELF file: go on to its interpreter.  The arguments
 * say by what name it was called: the first one is the file's own.
 */
static int find_interpreter(struct inode *file, struct exec_args *args,
			    struct inode **interpreter)
{
	struct script script;
	int error = script_read(&script, file->object);

	if (!error)
		error = add_script(args, &script);
	if (error)
		return error;
	/* No name at all: to Linux that is the working directory. */
	if (!*script.interpreter)
		return -EACCES;
	return vfs_open_exec(script.interpreter, interpreter);
}

/* Find the ELF file that is behind @file, and the arguments it gets.  => takes over @file */
static int open_program(struct elf_program *program, struct inode *file,
			const char *path, struct exec_args *args)
{
	int error = elf_open(program, file);

	for (int scripts = 0; error == -ENOEXEC; scripts++) {
		struct inode *interpreter;

		if (scripts == 0) {
			/* The interpreter must find it, whatever argv[0] is. */
			exec_args_drop_first(args);
			error = exec_args_prepend(args, path);
			if (error)
				break;
		}
		error = find_interpreter(file, args, &interpreter);
		if (error)
			break;
		vfs_close_exec(file);
		file = interpreter;
		error = scripts == SCRIPTS_NESTED_MAX ? -ELOOP :
							elf_open(program, file);
	}
	if (error)
		vfs_close_exec(file);
	return error;
}

int exec_file(struct inode *file, const char *path, struct exec_args *args)
{
	struct mutex *lock = &current_task()->process->exec_lock;
	struct elf_program program;
	int error = open_program(&program, file, path, args);

	if (error)
		return error;
	error = exec_args_add(args, path);
	if (!error)
		error = mutex_lock_killable(lock);
	if (!error) {
		error = replace(&program, path, args);
		mutex_unlock(lock);
	}
	elf_close(&program);
	if (!error)
		check_event();
	return error;
}

int exec_program(const char *path, struct exec_args *args)
{
	struct inode *file;
	int error = vfs_open_exec(path, &file);

	if (error)
		return error;
	return exec_file(file, path, args);
}
