/*
 * procfs.h - /proc: what the kernel knows, as files
 *
 * Owns: the tree of names.  What the files say is in procfs_system.c (the
 * machine), procfs_cpu.c (its processors), procfs_kernel.c (sys/kernel),
 * procfs_pid.c and procfs_limits.c (a process), procfs_smaps.c (its memory),
 * procfs_link.c (links), procfs_pages.c (arrays of numbers).  Formats are Linux's
 * (proc(5)), so that Linux's tools read them; Calf's own files are PID/faults,
 * PID/tlb and kpagerefs.
 * Locks: another process's mm is looked at under mm->lock, into memory of the
 * kernel; nothing is copied to the user meanwhile.
 */
#pragma once

#include "kernel/fs/file.h"
#include "kernel/fs/text.h"

struct task;
struct sysctl;
struct vma;

/* What /proc/cmdline says; stays valid for good. */
extern const char *procfs_command_line;

/* Return: the root of the file system, or NULL. */
struct inode *procfs_create(void) __must_check;

/* One name.  A directory has children; a file has either show or ops. */
struct proc_node {
	const char *name; /* NULL ends an array */
	u32 mode;
	/* Write a text file.  @task: of a PID directory, else NULL */
	void (*show)(struct text *text, struct task *task);
	/* What was written, as a string.  Return: 0, or a negative errno */
	int (*write)(struct task *task, const char *value);
	/* Of a link: where it leads, with a reference; see inode_ops.follow */
	int (*follow)(struct task *task, u32 fd, struct inode **target);
	const struct file_ops *ops;
	const struct proc_node *children;
};

#define PROC_DIRECTORY(node_name, node_children)                               \
	{                                                                      \
		.name = node_name, .mode = S_IFDIR | 0555,                     \
		.children = node_children                                      \
	}
#define PROC_TEXT(node_name, node_show)                                        \
	{                                                                      \
		.name = node_name, .mode = S_IFREG | 0444, .show = node_show   \
	}
#define PROC_SWITCH(node_name, node_show, node_write)                          \
	{                                                                      \
		.name = node_name, .mode = S_IFREG | 0644, .show = node_show,  \
		.write = node_write                                            \
	}
#define PROC_ARRAY(node_name, node_ops)                                        \
	{                                                                      \
		.name = node_name, .mode = S_IFREG | 0400, .ops = node_ops     \
	}
#define PROC_LINK(node_name, node_follow)                                      \
	{                                                                      \
		.name = node_name, .mode = S_IFLNK | 0777,                     \
		.follow = node_follow                                          \
	}

/* inode->private */
struct proc_place {
	const struct proc_node *node; /* NULL: a PID directory or a sysctl */
	u32 pid; /* in or below a PID directory; else 0 */
	u32 fd; /* of a link in PID/fd */
	const struct sysctl *sysctl; /* of /proc/sys/vm */
};

/* Return: the task of a file below a PID directory, with a reference. */
struct task *procfs_get_task(const struct inode *inode);

/* Of a process; of one of its threads. */
extern const struct proc_node procfs_pid_nodes[];
extern const struct proc_node procfs_tid_nodes[];
extern const struct file_ops procfs_pagemap_ops;
extern const struct file_ops procfs_kpagecount_ops;
extern const struct file_ops procfs_kpageflags_ops;
extern const struct file_ops procfs_kpagerefs_ops;
/* /proc/sys/kernel, and the only file of its kind in /proc. */
extern const struct proc_node procfs_kernel_nodes[];
int procfs_write_sysrq(struct task *task, const char *value);

/* procfs_link.c: of links with a follow() of their own */
int procfs_follow(struct inode *link, struct inode **target);
i64 procfs_readlink(struct inode *link, char *target, size_t size);
int procfs_follow_cwd(struct task *task, u32 fd, struct inode **target);
int procfs_follow_exe(struct task *task, u32 fd, struct inode **target);
int procfs_follow_fd(struct task *task, u32 fd, struct inode **target);
int procfs_follow_root(struct task *task, u32 fd, struct inode **target);
/* The first open descriptor >= @fd of @task, or -1. */
i64 procfs_next_fd(struct task *task, u32 fd);

/* procfs_system.c */
void procfs_show_cmdline(struct text *text, struct task *task);
void procfs_show_filesystems(struct text *text, struct task *task);
void procfs_show_loadavg(struct text *text, struct task *task);
void procfs_show_meminfo(struct text *text, struct task *task);
void procfs_show_mounts(struct text *text, struct task *task);
void procfs_show_uptime(struct text *text, struct task *task);
void procfs_show_version(struct text *text, struct task *task);
void procfs_show_vmstat(struct text *text, struct task *task);
/* procfs_cpu.c */
void procfs_show_cpuinfo(struct text *text, struct task *task);
void procfs_show_stat(struct text *text, struct task *task);
/* procfs_smaps.c */
void procfs_show_pid_smaps(struct text *text, struct task *task);
void procfs_show_pid_smaps_rollup(struct text *text, struct task *task);
/* procfs_limits.c */
void procfs_show_pid_limits(struct text *text, struct task *task);
void procfs_show_pid_oom_score(struct text *text, struct task *task);
void procfs_show_pid_oom_score_adj(struct text *text, struct task *task);
int procfs_write_pid_oom_score_adj(struct task *task, const char *value);
void procfs_show_pid_oom_adj(struct text *text, struct task *task);
int procfs_write_pid_oom_adj(struct task *task, const char *value);
/* procfs_pid.c */
/* Behind the line that began at @line_start, in the column of names. */
void procfs_show_name(struct text *text, u64 line_start, const char *name);
/* The line of PID/maps about one area.  => its mm->lock is held */
void procfs_show_vma(struct text *text, const struct vma *vma);
int procfs_write_pid_comm(struct task *task, const char *value);
int procfs_write_tid_comm(struct task *task, const char *value);
void procfs_show_pid_cmdline(struct text *text, struct task *task);
void procfs_show_pid_comm(struct text *text, struct task *task);
void procfs_show_pid_environ(struct text *text, struct task *task);
void procfs_show_pid_faults(struct text *text, struct task *task);
void procfs_show_pid_maps(struct text *text, struct task *task);
void procfs_show_pid_stat(struct text *text, struct task *task);
void procfs_show_tid_stat(struct text *text, struct task *task);
void procfs_show_pid_statm(struct text *text, struct task *task);
void procfs_show_pid_tlb(struct text *text, struct task *task);
void procfs_show_pid_status(struct text *text, struct task *task);

/* For text files and sysctls. */
extern const struct file_ops procfs_text_ops;
