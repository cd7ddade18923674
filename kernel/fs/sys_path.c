/*
 * sys_path.c - system calls that open, make, remove and move names
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/at.h"
#include "kernel/fs/files.h"
#include "kernel/fs/path.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/errno.h"
#include "kernel/oom.h"
#include "kernel/proc/task.h"

/* ---- Open ---------------------------------------------------------------- */

static i64 open_at(const struct at *at, u32 flags, u32 mode)
{
	struct file *file;
	int error;
	int fd;

	/* Before a file is made for which there is no descriptor. */
	error = files_make_room();
	if (error)
		return error;
	mode &= ~files_current()->umask;
	error = vfs_open(at->start, at->path, flags | O_LARGEFILE, mode, &file);
	if (error)
		return error;
	do
		fd = files_install(file, 0, flags);
	while (fd == -ENOMEM && oom_retry());
	if (fd < 0)
		file_put(file);
	return fd;
}

i64 sys_openat(int dir_fd, vaddr_t path, u32 flags, u32 mode)
{
	struct at at;
	i64 result = at_get(&at, dir_fd, path);

	if (result)
		return result;
	result = open_at(&at, flags, mode);
	at_put(&at);
	return result;
}

i64 sys_open(vaddr_t path, u32 flags, u32 mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

i64 sys_creat(vaddr_t path, u32 mode)
{
	return sys_open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- Make ---------------------------------------------------------------- */

static i64 make_at(int dir_fd, vaddr_t path, const struct new_node *node)
{
	struct at at;
	i64 result = at_get(&at, dir_fd, path);

	if (result)
		return result;
	result = vfs_make(at.start, at.path, node);
	at_put(&at);
	return result;
}

i64 sys_mkdirat(int dir_fd, vaddr_t path, u32 mode)
{
	/* Neither set-user-id nor set-group-id. */
	struct new_node node = {
		.mode = S_IFDIR | (mode & 01777 & ~files_current()->umask),
	};

	return make_at(dir_fd, path, &node);
}

i64 sys_mkdir(vaddr_t path, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

i64 sys_mknodat(int dir_fd, vaddr_t path, u32 mode, u64 rdev)
{
	struct new_node node = {
		.mode = (mode & S_IFMT) |
			(mode & S_IPERM & ~files_current()->umask),
		.rdev = rdev,
	};

	switch (mode & S_IFMT) {
	case 0:
		node.mode |= S_IFREG;
		return make_at(dir_fd, path, &node);
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
		if (!is_capable(CAP_MKNOD))
			return -EPERM;
		return make_at(dir_fd, path, &node);
	case S_IFIFO:
	case S_IFSOCK:
		return make_at(dir_fd, path, &node);
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

i64 sys_mknod(vaddr_t path, u32 mode, u64 rdev)
{
	return sys_mknodat(AT_FDCWD, path, mode, rdev);
}

i64 sys_symlinkat(vaddr_t target, int dir_fd, vaddr_t path)
{
	struct new_node node = { .mode = S_IFLNK | 0777 };
	char *text;
	i64 result = path_from_user(target, &text);

	if (result)
		return result;
	node.target = text;
	result = make_at(dir_fd, path, &node);
	path_free(text);
	return result;
}

i64 sys_symlink(vaddr_t target, vaddr_t path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

/* ---- Remove -------------------------------------------------------------- */

i64 sys_unlinkat(int dir_fd, vaddr_t path, u32 flags)
{
	struct at at;
	i64 result;

	if (flags & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	result = at_get(&at, dir_fd, path);
	if (result)
		return result;
	result = vfs_remove(at.start, at.path, flags & AT_REMOVEDIR);
	at_put(&at);
	return result;
}

i64 sys_unlink(vaddr_t path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

i64 sys_rmdir(vaddr_t path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- Move and link ------------------------------------------------------- */

i64 sys_renameat2(int from_fd, vaddr_t from, int to_fd, vaddr_t to, u32 flags)
{
	struct at source;
	struct at target;
	i64 result;

	if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	result = at_get(&source, from_fd, from);
	if (result)
		return result;
	result = at_get(&target, to_fd, to);
	if (!result) {
		result =
			vfs_rename(at_place(&source), at_place(&target), flags);
		at_put(&target);
	}
	at_put(&source);
	return result;
}

i64 sys_renameat(int from_fd, vaddr_t from, int to_fd, vaddr_t to)
{
	return sys_renameat2(from_fd, from, to_fd, to, 0);
}

i64 sys_rename(vaddr_t from, vaddr_t to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

i64 sys_linkat(int from_fd, vaddr_t from, int to_fd, vaddr_t to, u32 flags)
{
	struct at source;
	struct at target;
	i64 result;

	if (flags & ~(u32)AT_SYMLINK_FOLLOW)
		return -EINVAL;
	result = at_get(&source, from_fd, from);
	if (result)
		return result;
	result = at_get(&target, to_fd, to);
	if (!result) {
		result = vfs_link(at_place(&source), at_place(&target),
				  flags ? WALK_FOLLOW : 0);
		at_put(&target);
	}
	at_put(&source);
	return result;
}

i64 sys_link(vaddr_t from, vaddr_t to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
