/*
 * procfs_link.c - links of /proc/PID: cwd, exe, root, fd/N
 *
 * A walk through one of them arrives at the very file, whether it has a path
 * or not: a pipe, or a program that was deleted meanwhile.
 * Source: Linux v6.12 fs/proc/base.c, fs/proc/fd.c.
 */
#include "kernel/fs/procfs.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"

/* The directory whose place in the table is @offset. */
static int follow_directory(struct task *task, size_t offset,
			    struct inode **target)
{
	struct files *files = task_get_files(task);
	struct inode *directory;

	if (!files)
		return -ENOENT;
	spin_lock(&files->lock);
	directory = *(struct inode **)(void *)((char *)files + offset);
	*target = directory ? directory : root_inode;
	inode_get(*target);
	spin_unlock(&files->lock);
	files_put(files);
	return 0;
}

int procfs_follow_cwd(struct task *task, u32 fd, struct inode **target)
{
	(void)fd;
	return follow_directory(task, offsetof(struct files, cwd), target);
}

int procfs_follow_exe(struct task *task, u32 fd, struct inode **target)
{
	struct process *process = task->process;

	(void)fd;
	spin_lock(&process->lock);
	*target = process->exe;
	if (*target)
		inode_get(*target);
	spin_unlock(&process->lock);
	return *target ? 0 : -ENOENT;
}

int procfs_follow_root(struct task *task, u32 fd, struct inode **target)
{
	(void)fd;
	return follow_directory(task, offsetof(struct files, root), target);
}

int procfs_follow_fd(struct task *task, u32 fd, struct inode **target)
{
	struct files *files = task_get_files(task);
	struct file *file = NULL;

	if (!files)
		return -ENOENT;
	spin_lock(&files->lock);
	if (fd < files->slots)
		file = files->file[fd];
	if (file) {
		inode_get(file->inode);
		*target = file->inode;
	}
	spin_unlock(&files->lock);
	files_put(files);
	return file ? 0 : -ENOENT;
}

i64 procfs_next_fd(struct task *task, u32 fd)
{
	struct files *files = task_get_files(task);
	i64 found = -1;

	if (!files)
		return -1;
	spin_lock(&files->lock);
	for (; fd < files->slots && found < 0; fd++)
		if (files->file[fd])
			found = fd;
	spin_unlock(&files->lock);
	files_put(files);
	return found;
}

int procfs_follow(struct inode *link, struct inode **target)
{
	const struct proc_place *place = link->private;
	struct task *task = procfs_get_task(link);
	int error;

	if (!task)
		return -ENOENT;
	error = place->node->follow(task, place->fd, target);
	task_put(task);
	return error;
}

/* What never had a path: as Linux names it. */
static i64 name_unnamed(struct inode *inode, char *name, size_t size)
{
	u32 type = inode->mode & S_IFMT;
	i64 length = 0;

	if (type == S_IFIFO)
		return snprintf(name, size, "pipe:[%lu]", inode->number);
	if (type == S_IFSOCK)
		return snprintf(name, size, "socket:[%lu]", inode->number);
	if (inode->object) {
		spin_lock(&inode->object->lock); /* the name may change */
		if (inode->object->name)
			length =
				snprintf(name, size, "%s", inode->object->name);
		spin_unlock(&inode->object->lock);
	}
	if (length)
		return length;
	return snprintf(name, size, "anon_inode:[%lu] (deleted)",
			inode->number);
}

i64 procfs_readlink(struct inode *link, char *target, size_t size)
{
	struct inode *inode;
	i64 result = procfs_follow(link, &inode);

	if (result)
		return result;
	result = inode_path(inode, target, size);
	if (!result)
		result = (i64)strlen(target);
	else if (result == -ENOENT)
		result = name_unnamed(inode, target, size);
	inode_put(inode);
	return result;
}
