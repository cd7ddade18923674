/*
 * sys_stat.c - system calls about what an inode is
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/at.h"
#include "kernel/fs/files.h"
#include "kernel/fs/path.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "mm/kmem.h"

static i64 stat_inode(struct inode *inode, vaddr_t address)
{
	struct linux_stat stat;

	inode_stat(inode, &stat);
	return copy_to_user(address, &stat, sizeof(stat));
}

i64 sys_fstat(int fd, vaddr_t stat)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	result = stat_inode(file->inode, stat);
	file_put(file);
	return result;
}

/* Does AT_EMPTY_PATH apply: is the path empty, or not there at all? */
static bool is_empty_path(vaddr_t path, u32 flags)
{
	char first = '\0';

	if (!(flags & AT_EMPTY_PATH))
		return false;
	return !path.val ||
	       (copy_from_user(&first, path, 1) == 0 && first == '\0');
}

i64 sys_newfstatat(int dir_fd, vaddr_t path, vaddr_t stat, u32 flags)
{
	struct inode *inode;
	i64 result;

	/* AT_NO_AUTOMOUNT (0x800) is accepted: nothing mounts by itself. */
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800))
		return -EINVAL;
	if (is_empty_path(path, flags)) {
		if (dir_fd != AT_FDCWD)
			return sys_fstat(dir_fd, stat);
		inode = files_get_cwd();
	} else {
		u32 follow = flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;

		result = at_walk(dir_fd, path, follow, &inode);
		if (result)
			return result;
	}
	result = stat_inode(inode, stat);
	inode_put(inode);
	return result;
}

i64 sys_stat(vaddr_t path, vaddr_t stat)
{
	return sys_newfstatat(AT_FDCWD, path, stat, 0);
}

i64 sys_lstat(vaddr_t path, vaddr_t stat)
{
	return sys_newfstatat(AT_FDCWD, path, stat, AT_SYMLINK_NOFOLLOW);
}

/* ---- Rights --------------------------------------------------------------- */

i64 sys_faccessat2(int dir_fd, vaddr_t path, u32 mode, u32 flags)
{
	struct inode *inode;
	i64 result;

	if (mode & ~(u32)(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EACCESS))
		return -EINVAL;
	result = at_walk(dir_fd, path,
			 flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW, &inode);
	if (result)
		return result;
	result = flags & AT_EACCESS ? inode_permission(inode, (int)mode) :
				      inode_permission_real(inode, (int)mode);
	inode_put(inode);
	return result;
}

i64 sys_faccessat(int dir_fd, vaddr_t path, u32 mode)
{
	return sys_faccessat2(dir_fd, path, mode, 0);
}

i64 sys_access(vaddr_t path, u32 mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

static int change_mode(struct inode *inode, u32 mode)
{
	int error = inode_permission_owner(inode);

	if (error)
		return error;
	mutex_lock(&inode->lock);
	inode->mode = (inode->mode & S_IFMT) | (mode & S_IPERM);
	/* To make a file run as a group one has to be of it. */
	if (!is_in_group(inode->gid) && !is_capable(CAP_FSETID))
		inode->mode &= ~S_ISGID;
	inode_touch_changed(inode);
	mutex_unlock(&inode->lock);
	return 0;
}

i64 sys_fchmodat(int dir_fd, vaddr_t path, u32 mode)
{
	struct inode *inode;
	int error = at_walk(dir_fd, path, WALK_FOLLOW, &inode);

	if (error)
		return error;
	error = change_mode(inode, mode);
	inode_put(inode);
	return error;
}

i64 sys_chmod(vaddr_t path, u32 mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

i64 sys_fchmod(int fd, u32 mode)
{
	struct file *file;
	int error = files_get_file(fd, &file);

	if (error)
		return error;
	if (file->flags & O_PATH)
		error = -EBADF;
	else
		error = change_mode(file->inode, mode);
	file_put(file);
	return error;
}

/* ---- Size ---------------------------------------------------------------- */

i64 sys_truncate(vaddr_t path, i64 bytes)
{
	struct inode *inode;
	int error;

	if (bytes < 0)
		return -EINVAL;
	error = at_walk(AT_FDCWD, path, WALK_FOLLOW, &inode);
	if (error)
		return error;
	error = inode_permission(inode, W_OK);
	if (!error)
		error = vfs_truncate(inode, (u64)bytes);
	inode_put(inode);
	return error;
}

i64 sys_ftruncate(int fd, i64 bytes)
{
	struct file *file;
	int error;

	if (bytes < 0)
		return -EINVAL;
	error = files_get_file(fd, &file);
	if (error)
		return error;
	if (!file_can_write(file) || !inode_is_regular(file->inode))
		error = file->flags & O_PATH ? -EBADF : -EINVAL;
	else
		error = vfs_truncate_open(file->inode, (u64)bytes);
	file_put(file);
	return error;
}

/* ---- Paths --------------------------------------------------------------- */

static i64 read_link(struct inode *inode, vaddr_t buffer, i32 bytes)
{
	char *target;
	i64 length;

	if (!inode_is_symlink(inode))
		return -EINVAL;
	target = kmalloc(PATH_MAX);
	if (!target)
		return -ENOMEM;
	length = inode->ops->readlink(inode, target, PATH_MAX);
	if (length > bytes)
		length = bytes; /* cut without notice: readlink(2) */
	if (length > 0 && copy_to_user(buffer, target, (u64)length) != 0)
		length = -EFAULT;
	kfree(target);
	return length;
}

i64 sys_readlinkat(int dir_fd, vaddr_t path, vaddr_t buffer, i32 bytes)
{
	struct inode *inode;
	i64 result;

	if (bytes <= 0)
		return -EINVAL;
	result = at_walk(dir_fd, path, 0, &inode);
	if (result)
		return result;
	result = read_link(inode, buffer, bytes);
	inode_put(inode);
	return result;
}

i64 sys_readlink(vaddr_t path, vaddr_t buffer, i32 bytes)
{
	return sys_readlinkat(AT_FDCWD, path, buffer, bytes);
}

i64 sys_getcwd(vaddr_t buffer, u64 bytes)
{
	struct inode *cwd, *root;
	char *path = kmalloc(PATH_MAX);
	i64 result;

	if (!path)
		return -ENOMEM;
	cwd = files_get_cwd();
	root = files_get_root();
	result = inode_path_below(cwd, root, path, PATH_MAX);
	inode_put(root);
	inode_put(cwd);
	if (!result) {
		u64 length = strlen(path) + 1;

		if (length > bytes)
			result = -ERANGE;
		else if (copy_to_user(buffer, path, length) != 0)
			result = -EFAULT;
		else
			result = (i64)length;
	}
	kfree(path);
	return result;
}

/* A directory to be in: one must be allowed to look names up. */
static int walk_to_enter(vaddr_t path, struct inode **directory)
{
	int error = at_walk(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY,
			    directory);

	if (error)
		return error;
	error = inode_permission(*directory, X_OK);
	if (error)
		inode_put(*directory);
	return error;
}

i64 sys_chdir(vaddr_t path)
{
	struct inode *directory;
	int error = walk_to_enter(path, &directory);

	if (!error)
		files_set_cwd(directory);
	return error;
}

i64 sys_chroot(vaddr_t path)
{
	struct inode *directory;
	int error = walk_to_enter(path, &directory);

	if (error)
		return error;
	if (!is_capable(CAP_SYS_CHROOT)) {
		inode_put(directory);
		return -EPERM;
	}
	files_set_root(directory);
	return 0;
}

i64 sys_fchdir(int fd)
{
	struct file *file;
	int error = files_get_file(fd, &file);

	if (error)
		return error;
	if (!inode_is_directory(file->inode))
		error = -ENOTDIR;
	else
		error = inode_permission(file->inode, X_OK);
	if (!error) {
		inode_get(file->inode);
		files_set_cwd(file->inode);
	}
	file_put(file);
	return error;
}
