/*
 * procfs.c - the tree of /proc; see procfs.h
 *
 * Inodes are made when a name is looked up and forgotten with the last user:
 * the truth is in the tasks, not here.
 */
#include "kernel/fs/procfs.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/sysctl.h"
#include "mm/kmem.h"

static const struct proc_node vm_children[] = { { .name = NULL } };

static const struct proc_node sys_children[] = {
	PROC_DIRECTORY("kernel", procfs_kernel_nodes),
	PROC_DIRECTORY("vm", vm_children),
	{ .name = NULL },
};

static const char thread_self[] = "thread-self";

static const struct proc_node root_children[] = {
	{ .name = "self", .mode = S_IFLNK | 0777 },
	{ .name = thread_self, .mode = S_IFLNK | 0777 },
	PROC_TEXT("cmdline", procfs_show_cmdline),
	PROC_TEXT("cpuinfo", procfs_show_cpuinfo),
	PROC_TEXT("filesystems", procfs_show_filesystems),
	PROC_ARRAY("kpagecount", &procfs_kpagecount_ops),
	PROC_ARRAY("kpageflags", &procfs_kpageflags_ops),
	PROC_ARRAY("kpagerefs", &procfs_kpagerefs_ops),
	PROC_TEXT("loadavg", procfs_show_loadavg),
	PROC_TEXT("meminfo", procfs_show_meminfo),
	PROC_TEXT("mounts", procfs_show_mounts),
	PROC_TEXT("stat", procfs_show_stat),
	PROC_DIRECTORY("sys", sys_children),
	{ .name = "sysrq-trigger",
	  .mode = S_IFREG | 0200,
	  .write = procfs_write_sysrq },
	PROC_TEXT("uptime", procfs_show_uptime),
	PROC_TEXT("version", procfs_show_version),
	PROC_TEXT("vmstat", procfs_show_vmstat),
	{ .name = NULL },
};

static const struct proc_node root_node = PROC_DIRECTORY("", root_children);
static const struct proc_node pid_node = PROC_DIRECTORY("", procfs_pid_nodes);
static const struct proc_node tid_node = PROC_DIRECTORY("", procfs_tid_nodes);
static const struct proc_node task_children[] = { { .name = NULL } };
static const struct proc_node fd_children[] = { { .name = NULL } };
static const struct proc_node fd_node = { .name = "",
					  .mode = S_IFLNK | 0700,
					  .follow = procfs_follow_fd };

/* What a process and its threads have alike. */
#define PID_NODES                                                              \
	PROC_TEXT("cmdline", procfs_show_pid_cmdline),                         \
		PROC_LINK("cwd", procfs_follow_cwd),                           \
		{ .name = "environ",                                           \
		  .mode = S_IFREG | 0400,                                      \
		  .show = procfs_show_pid_environ },                           \
		PROC_LINK("exe", procfs_follow_exe),                           \
		PROC_TEXT("faults", procfs_show_pid_faults),                   \
		{ .name = "fd",                                                \
		  .mode = S_IFDIR | 0500,                                      \
		  .children = fd_children },                                   \
		PROC_TEXT("limits", procfs_show_pid_limits),                   \
		PROC_TEXT("maps", procfs_show_pid_maps),                       \
		PROC_TEXT("mounts", procfs_show_mounts),                       \
		PROC_SWITCH("oom_adj", procfs_show_pid_oom_adj,                \
			    procfs_write_pid_oom_adj),                         \
		PROC_TEXT("oom_score", procfs_show_pid_oom_score),             \
		PROC_SWITCH("oom_score_adj", procfs_show_pid_oom_score_adj,    \
			    procfs_write_pid_oom_score_adj),                   \
		PROC_ARRAY("pagemap", &procfs_pagemap_ops),                    \
		PROC_LINK("root", procfs_follow_root),                         \
		PROC_TEXT("smaps", procfs_show_pid_smaps),                     \
		PROC_TEXT("smaps_rollup", procfs_show_pid_smaps_rollup),       \
		PROC_TEXT("tlb", procfs_show_pid_tlb),                         \
		PROC_TEXT("statm", procfs_show_pid_statm),                     \
		PROC_TEXT("status", procfs_show_pid_status)

const struct proc_node procfs_pid_nodes[] = {
	PID_NODES,
	PROC_SWITCH("comm", procfs_show_pid_comm, procfs_write_pid_comm),
	PROC_TEXT("stat", procfs_show_pid_stat),
	PROC_DIRECTORY("task", task_children),
	{ .name = NULL },
};

const struct proc_node procfs_tid_nodes[] = {
	PID_NODES,
	PROC_SWITCH("comm", procfs_show_pid_comm, procfs_write_tid_comm),
	PROC_TEXT("stat", procfs_show_tid_stat),
	{ .name = NULL },
};

/* Offsets in a listing: fixed names first, then processes by number. */
#define FIRST_OFFSET 2
#define FIRST_PID_OFFSET 0x1000

const char *procfs_command_line = "";

static struct kmem_cache place_cache =
	KMEM_CACHE("proc_place", struct proc_place);
static u32 proc_filesystem;

static const struct inode_ops proc_ops;
static const struct inode_ops proc_link_ops;
static const struct file_ops proc_dir_file_ops;

struct task *procfs_get_task(const struct inode *inode)
{
	const struct proc_place *place = inode->private;

	return task_find_get(place->pid);
}

/*
 * A number that stays the same: the address of what describes the file tells
 * files apart, and the pid directories.
 */
static u64 place_number(const struct proc_place *place)
{
	const void *what = place->sysctl ? (const void *)place->sysctl :
					   (const void *)place->node;

	return (u64)place->fd << 48 ^ (u64)place->pid << 32 ^
	       (u32)(uintptr_t)what;
}

static const struct file_ops *place_file_ops(const struct proc_place *place,
					     u32 mode)
{
	if ((mode & S_IFMT) == S_IFDIR)
		return &proc_dir_file_ops;
	if (place->node && place->node->ops)
		return place->node->ops;
	return &procfs_text_ops;
}

/* A process's files are its user's, unless it has secrets. */
static void set_owner(struct inode *inode, u32 pid)
{
	struct task *task = pid ? task_find_get(pid) : NULL;

	if (!task)
		return;
	if (task->process->is_dumpable) {
		inode->uid = task->credentials.user.effective;
		inode->gid = task->credentials.group.effective;
	}
	task_put(task);
}

/* @parent: the directory it was found in, or NULL for the root. */
static int make_inode(struct proc_place place, u32 mode, struct inode *parent,
		      struct inode **made)
{
	struct proc_place *copy = kmem_cache_alloc(&place_cache);
	struct inode *inode;

	if (!copy)
		return -ENOMEM;
	*copy = place;
	inode = inode_alloc(mode, place.node && place.node->follow ?
					  &proc_link_ops :
					  &proc_ops);
	if (!inode) {
		kmem_cache_free(&place_cache, copy);
		return -ENOMEM;
	}
	inode_set_parent(inode, parent);
	inode->filesystem = proc_filesystem;
	inode->number = place_number(copy);
	inode->private = copy;
	inode->file_ops = place_file_ops(copy, mode);
	set_owner(inode, place.pid);
	*made = inode;
	return 0;
}

struct inode *procfs_create(void)
{
	struct proc_place place = { .node = &root_node };
	struct inode *root;

	if (!proc_filesystem) /* each mount shows the same */
		proc_filesystem = inode_next_filesystem();
	return make_inode(place, root_node.mode, NULL, &root) ? NULL : root;
}

/* A program may name its threads even where they are not its user's. */
static bool proc_allows(const struct inode *inode, int want)
{
	const struct proc_place *place = inode->private;
	bool is_ours = false;
	struct task *task;

	if (!place->node || place->node->write != procfs_write_tid_comm ||
	    want & X_OK)
		return false;
	task = procfs_get_task(inode);
	if (task) {
		is_ours = task->process == current_task()->process;
		task_put(task);
	}
	return is_ours;
}

static void proc_destroy(struct inode *inode)
{
	kmem_cache_free(&place_cache, inode->private);
}

/* ---- Looking up ---------------------------------------------------------- */

/* As Linux: decimal, without leading zeros. */
static u32 parse_pid(const char *name)
{
	u64 pid = 0;

	if (*name == '0')
		return 0;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || pid > UINT32_MAX / 10 - 1)
			return 0;
		pid = pid * 10 + (u64)(*name - '0');
	}
	return (u32)pid;
}

static int lookup_pid(struct inode *dir, const char *name, struct inode **found)
{
	struct proc_place place = { .node = &pid_node, .pid = parse_pid(name) };
	struct task *task = place.pid ? task_find_get(place.pid) : NULL;

	if (!task)
		return -ENOENT;
	task_put(task);
	return make_inode(place, pid_node.mode, dir, found);
}

/* A thread of the process whose directory @dir is in. */
static int lookup_tid(struct inode *dir, const char *name, struct inode **found)
{
	struct proc_place place = { .node = &tid_node, .pid = parse_pid(name) };
	struct task *task = place.pid ? task_find_get(place.pid) : NULL;
	struct task *process_task = procfs_get_task(dir);
	bool is_thread = task && process_task &&
			 task->process == process_task->process;

	if (task)
		task_put(task);
	if (process_task)
		task_put(process_task);
	return is_thread ? make_inode(place, tid_node.mode, dir, found) :
			   -ENOENT;
}

static int lookup_fd(struct inode *dir, const char *name, struct inode **found)
{
	struct task *task = procfs_get_task(dir);
	struct proc_place place = { .node = &fd_node };
	u32 fd = parse_pid(name);
	bool is_open;

	if (!task)
		return -ENOENT;
	place.pid = task->pid;
	is_open = (fd || !strcmp(name, "0")) && procfs_next_fd(task, fd) == fd;
	task_put(task);
	if (!is_open)
		return -ENOENT;
	place.fd = fd;
	return make_inode(place, fd_node.mode, dir, found);
}

static int lookup_sysctl(struct inode *dir, const char *name,
			 struct inode **found)
{
	struct proc_place place = { .sysctl = sysctl_find(name) };

	if (!place.sysctl)
		return -ENOENT;
	return make_inode(place, S_IFREG | 0644, dir, found);
}

static int proc_lookup(struct inode *dir, const char *name,
		       struct inode **found)
{
	const struct proc_place *place = dir->private;
	const struct proc_node *node = place->node->children;

	for (; node->name; node++) {
		struct proc_place child = { .node = node, .pid = place->pid };

		if (!strcmp(name, node->name))
			return make_inode(child, node->mode, dir, found);
	}
	if (place->node == &root_node)
		return lookup_pid(dir, name, found);
	if (place->node->children == vm_children)
		return lookup_sysctl(dir, name, found);
	if (place->node->children == fd_children)
		return lookup_fd(dir, name, found);
	if (place->node->children == task_children)
		return lookup_tid(dir, name, found);
	return -ENOENT;
}

static int proc_name_of(struct inode *dir, const struct inode *child,
			char *name, size_t size)
{
	const struct proc_place *place = child->private;

	(void)dir;
	if (place->sysctl)
		strlcpy(name, place->sysctl->name, size);
	else if (place->node == &fd_node)
		snprintf(name, size, "%u", place->fd);
	else if (place->node == &pid_node || place->node == &tid_node)
		snprintf(name, size, "%u", place->pid);
	else
		strlcpy(name, place->node->name, size);
	return 0;
}

/* /proc/self and /proc/thread-self, the only links that are paths. */
static i64 self_readlink(struct inode *link, char *target, size_t size)
{
	const struct proc_place *place = link->private;
	const struct task *task = current_task();

	if (place->node->name == thread_self)
		return snprintf(target, size, "%u/task/%u", task->process->pid,
				task->pid);
	return snprintf(target, size, "%u", task->process->pid);
}

static bool proc_is_empty(struct inode *dir)
{
	(void)dir;
	return false;
}

static const struct inode_ops proc_ops = {
	.lookup = proc_lookup,
	.is_empty = proc_is_empty,
	.name_of = proc_name_of,
	.readlink = self_readlink,
	.allows = proc_allows,
	.destroy = proc_destroy,
};

static const struct inode_ops proc_link_ops = {
	.readlink = procfs_readlink,
	.follow = procfs_follow,
	.destroy = proc_destroy,
};

/* ---- Listing ------------------------------------------------------------- */

/* One name; false when the buffer is full. */
static bool emit(struct dir_writer *writer, const char *name, u32 mode,
		 u64 offset)
{
	struct dir_entry entry = {
		.name = name,
		.inode = offset, /* nobody compares it with st_ino */
		.mode = mode,
		.next_offset = offset + 1,
	};

	return dir_emit(writer, &entry);
}

static bool emit_nodes(struct file *file, struct dir_writer *writer,
		       const struct proc_node *node)
{
	for (u64 offset = FIRST_OFFSET; node->name; node++, offset++)
		if (offset >= file->position &&
		    !emit(writer, node->name, node->mode, offset))
			return false;
	return true;
}

static void emit_sysctls(struct file *file, struct dir_writer *writer)
{
	for (u64 i = 0; i < sysctl_vm_count; i++)
		if (FIRST_OFFSET + i >= file->position &&
		    !emit(writer, sysctl_vm[i].name, S_IFREG, FIRST_OFFSET + i))
			return;
}

static void emit_pids(struct file *file, struct dir_writer *writer)
{
	u64 offset = max_u64(file->position, FIRST_PID_OFFSET + 1);
	bool has_room = true;

	while (has_room) {
		struct task *task = task_find_next_leader_get(
			(u32)(offset - FIRST_PID_OFFSET));
		char name[16];
		u32 pid;

		if (!task)
			return;
		pid = task->pid;
		task_put(task);
		snprintf(name, sizeof(name), "%u", pid);
		offset = FIRST_PID_OFFSET + pid;
		has_room = emit(writer, name, S_IFDIR, offset);
		offset++;
	}
}

static void emit_tids(struct file *file, struct dir_writer *writer)
{
	struct task *leader = procfs_get_task(file->inode);
	u64 offset = max_u64(file->position, FIRST_PID_OFFSET + 1);
	bool has_room = leader != NULL;

	while (has_room) {
		struct task *task = process_next_thread_get(
			leader->process, (u32)(offset - FIRST_PID_OFFSET));
		char name[16];

		if (!task)
			break;
		snprintf(name, sizeof(name), "%u", task->pid);
		offset = FIRST_PID_OFFSET + task->pid;
		has_room = emit(writer, name, S_IFDIR, offset);
		offset++;
		task_put(task);
	}
	if (leader)
		task_put(leader);
}

static void emit_fds(struct file *file, struct dir_writer *writer)
{
	u64 offset = max_u64(file->position, FIRST_OFFSET);
	struct task *task = procfs_get_task(file->inode);
	char name[16];
	i64 fd;

	if (!task)
		return;
	for (;; offset++) {
		fd = procfs_next_fd(task, (u32)(offset - FIRST_OFFSET));
		if (fd < 0)
			break;
		offset = FIRST_OFFSET + (u64)fd;
		snprintf(name, sizeof(name), "%u", (u32)fd);
		if (!emit(writer, name, S_IFLNK, offset))
			break;
	}
	task_put(task);
}

static int proc_readdir(struct file *file, struct dir_writer *writer)
{
	const struct proc_place *place = file->inode->private;

	if (!dir_emit_dots(file, writer) ||
	    !emit_nodes(file, writer, place->node->children))
		return 0;
	if (place->node == &root_node)
		emit_pids(file, writer);
	else if (place->node->children == vm_children)
		emit_sysctls(file, writer);
	else if (place->node->children == fd_children)
		emit_fds(file, writer);
	else if (place->node->children == task_children)
		emit_tids(file, writer);
	return 0;
}

static const struct file_ops proc_dir_file_ops = {
	.lseek = file_lseek_inode,
	.readdir = proc_readdir,
};
