/*
 * procfs.h - /proc: what the kernel knows, as files
 *
 * Owns: the tree of names.  What the files say is in procfs_system.c (the
 * machine), procfs_pid.c (a process), procfs_pages.c (arrays of numbers).
 * Formats are Linux's (proc(5)), so that Linux's tools read them; Calf's own
 * files are PID/faults and kpagerefs.
 * Locks: another process's mm is looked at under mm->lock, into memory of the
 * kernel; nothing is copied to the user meanwhile.
 */
#pragma once

#include "kernel/fs/file.h"
#include "kernel/fs/text.h"

struct task;
struct sysctl;

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
	const struct file_ops *ops;
	const struct proc_node *children;
};

/* inode->private */
struct proc_place {
	const struct proc_node *node; /* NULL: a PID directory or a sysctl */
	u32 pid; /* in or below a PID directory; else 0 */
	const struct sysctl *sysctl; /* of /proc/sys/vm */
};

/* Return: the task of a file below a PID directory, with a reference. */
struct task *procfs_get_task(const struct inode *inode);

extern const struct proc_node procfs_pid_nodes[];
extern const struct file_ops procfs_pagemap_ops;
extern const struct file_ops procfs_kpagecount_ops;
extern const struct file_ops procfs_kpagerefs_ops;

/* procfs_system.c */
void procfs_show_cmdline(struct text *text, struct task *task);
void procfs_show_filesystems(struct text *text, struct task *task);
void procfs_show_loadavg(struct text *text, struct task *task);
void procfs_show_meminfo(struct text *text, struct task *task);
void procfs_show_mounts(struct text *text, struct task *task);
void procfs_show_uptime(struct text *text, struct task *task);
void procfs_show_version(struct text *text, struct task *task);
void procfs_show_vmstat(struct text *text, struct task *task);
/* procfs_pid.c */
void procfs_show_pid_cmdline(struct text *text, struct task *task);
void procfs_show_pid_comm(struct text *text, struct task *task);
void procfs_show_pid_environ(struct text *text, struct task *task);
void procfs_show_pid_faults(struct text *text, struct task *task);
void procfs_show_pid_maps(struct text *text, struct task *task);
void procfs_show_pid_stat(struct text *text, struct task *task);
void procfs_show_pid_statm(struct text *text, struct task *task);
void procfs_show_pid_status(struct text *text, struct task *task);

/* For text files and sysctls. */
extern const struct file_ops procfs_text_ops;
