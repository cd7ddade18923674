/*
 * sys_exec.c - execve(2) and execveat(2)
 */
#include "kernel/proc/syscalls.h"

#include "kernel/fs/at.h"
#include "kernel/fs/files.h"
#include "kernel/fs/path.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/rlimit.h"
#include "mm/kmem.h"

static int collect_strings(struct exec_args *args, vaddr_t arguments,
			   vaddr_t environment)
{
	int error = exec_args_add_user(args, arguments, &args->argument_count);

	if (error)
		return error;
	/* As Linux: programs trust that argv[0] exists. */
	if (args->argument_count == 0) {
		error = exec_args_add(args, "");
		if (error)
			return error;
		args->argument_count = 1;
	}
	return exec_args_add_user(args, environment, &args->environment_count);
}

i64 sys_execve(vaddr_t path_address, vaddr_t arguments, vaddr_t environment)
{
	struct exec_args args;
	char *path;
	int error = path_from_user(path_address, &path);

	if (error)
		return error;
	exec_args_init(&args, rlimit_current(RLIMIT_STACK));
	error = collect_strings(&args, arguments, environment);
	if (!error)
		error = exec_program(path, &args);
	exec_args_destroy(&args);
	path_free(path);
	return error;
}

/* ---- By descriptor ------------------------------------------------------- */

/* "/dev/fd/", a number, a slash and a path. */
#define NAME_MAX_BYTES (PATH_MAX + 32)

/*
 * By which an interpreter can find what (@dir_fd, @path) name.
 * Return: 0 and a name for kfree(), or as path_from_user().
 */
static int make_name(int dir_fd, vaddr_t path, struct exec_args *args,
		     char **name)
{
	char *text = NULL;
	int error = path_from_user(path, &text);

	/* at_find() has seen an empty path: it is allowed here. */
	if (error && error != -ENOENT)
		return error;
	*name = kmalloc(NAME_MAX_BYTES);
	if (!*name) {
		path_free(text);
		return -ENOMEM;
	}
	if (text && (text[0] == '/' || dir_fd == AT_FDCWD)) {
		snprintf(*name, NAME_MAX_BYTES, "%s", text);
	} else {
		snprintf(*name, NAME_MAX_BYTES, "/dev/fd/%d%s%s", dir_fd,
			 text ? "/" : "", text ? text : "");
		args->is_path_inaccessible = files_get_cloexec(dir_fd) != 0;
	}
	path_free(text);
	return 0;
}

static int find_program(int dir_fd, vaddr_t path, u32 flags,
			struct inode **file)
{
	int error = at_find(dir_fd, path, flags, file);

	if (error)
		return error;
	error = inode_is_symlink(*file) ? -ELOOP : vfs_start_exec(*file);
	if (error)
		inode_put(*file);
	return error;
}

i64 sys_execveat(int dir_fd, vaddr_t path, vaddr_t arguments,
		 vaddr_t environment, u32 flags)
{
	struct exec_args args;
	struct inode *file;
	char *name;
	int error;

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = find_program(dir_fd, path, flags, &file);
	if (error)
		return error;
	exec_args_init(&args, rlimit_current(RLIMIT_STACK));
	error = make_name(dir_fd, path, &args, &name);
	if (error) {
		vfs_close_exec(file);
		return error;
	}
	error = collect_strings(&args, arguments, environment);
	if (error)
		vfs_close_exec(file);
	else
		error = exec_file(file, name, &args);
	kfree(name);
	exec_args_destroy(&args);
	return error;
}
