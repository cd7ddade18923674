/*
 * tty.h - a terminal: what the console and pseudo-terminals have in common
 *
 * Owns: struct tty, its files (kernel/dev/tty.c), its settings
 * (kernel/dev/tty_ioctl.c), and what it is to a session: controlling terminal,
 * foreground group, hang-up (kernel/dev/tty_job.c).  Does not own: lines
 * (kernel/dev/tty_line.h), and where bytes come from and go to (the driver).
 * Locks: tty->lock, with interrupts off: the serial interrupt takes it.
 *	Inside it the driver's own, a leaf.  tasks_lock over what a session
 *	has; the two are never held together.
 * Source: POSIX.1-2017, XBD 11; Linux v6.12 drivers/tty/{tty_io,n_tty,
 * tty_jobctrl}.c.
 */
#pragma once

#include "kernel/dev/termios.h"
#include "kernel/dev/tty_line.h"
#include "kernel/fs/file.h"
#include "kernel/proc/task.h"

struct tty;

struct tty_driver {
	/*
	 * Send bytes on, now.  Echo comes with tty->lock held and is lost
	 * where there is no room; a program's output is within ->room().
	 */
	void (*write)(struct tty *tty, const char *bytes, u32 count);
	/* Bytes that ->write() would take.  NULL: any number */
	u32 (*room)(struct tty *tty);
	/* Input must wait, or may come again.  => tty->lock held */
	void (*pause)(struct tty *tty, bool is_paused);
	/* Nobody has it open or as controlling terminal any more. */
	void (*free)(struct tty *tty);
};

struct tty {
	const struct tty_driver *driver;
	u64 rdev; /* st_rdev of its own node, and tty_nr of /proc */
	u32 refcount; /* atomic: files, tasks; a static one begins with 1 */

	/* lock */
	struct spinlock lock;
	struct tty_line line;
	bool is_paused; /* the driver keeps input back */
	struct window_size size;
	u32 speed; /* baud, for termios2 */
	struct mutex write_lock; /* outermost: one program's piece at a time */

	/* tasks_lock */
	u32 session; /* whose controlling terminal it is; 0: nobody's */
	u32 foreground_group; /* 0: none */

	bool is_hung_up; /* atomic; set once */
	struct wait_queue can_read;
	struct wait_queue can_write;
};

/* @is_raw: as tty_line_init() */
void tty_init(struct tty *tty, const struct tty_driver *driver, u64 rdev,
	      bool is_raw);
static inline void tty_get(struct tty *tty)
{
	__atomic_fetch_add(&tty->refcount, 1, __ATOMIC_RELAXED);
}
void tty_put(struct tty *tty);

/* A byte has arrived.  => callable from interrupt handlers */
void tty_receive(struct tty *tty, u8 byte);
/* There may be room for input again.  => tty->lock held */
void tty_resume_if_room(struct tty *tty);

/**
 * tty_set_size() - the terminal has this size now
 *
 * Programs in the foreground get SIGWINCH if it had another.
 * => callable from interrupt handlers; tty->lock is not held
 */
void tty_set_size(struct tty *tty, const struct window_size *size);

/* An open file on @tty, for file_ops.open.  => takes a reference */
void tty_open(struct tty *tty, struct file *file);

/* For file_ops; the file's private is the tty. */
i64 tty_file_read(struct file *file, struct io *io);
i64 tty_file_write(struct file *file, struct io *io);
i64 tty_file_ioctl(struct file *file, u32 command, u64 argument);
u32 tty_file_poll(struct file *file, struct poll_table *table);
/* All of them together. */
extern const struct file_ops tty_ops;
/* Of /dev/tty: opens whatever the caller's controlling terminal is. */
extern const struct file_ops tty_current_ops;

/* Settings and window size; -ENOTTY: no such command. */
i64 tty_ioctl(struct tty *tty, struct file *file, u32 command, u64 argument);
/* Those that mean the same on the master of a pseudo-terminal. */
i64 tty_ioctl_common(struct tty *tty, u32 command, u64 argument);

/* ---- kernel/dev/tty_job.c ------------------------------------------------ */

/**
 * tty_check_change() - may the caller use its terminal from where it is?
 * @signal: SIGTTIN to read, SIGTTOU to change something
 *
 * Return: 0: it is in the foreground, or this is not its terminal; -EIO:
 * nobody could move it there; -ERESTARTSYS: @signal was sent to its group.
 */
int tty_check_change(struct tty *tty, int signal) __must_check;

/* The session's leader opens a terminal that is nobody's: it is its own now. */
void tty_become_controlling(struct tty *tty);
i64 tty_set_controlling(struct tty *tty, u64 steal);
i64 tty_give_up(struct tty *tty);
i64 tty_get_foreground(struct tty *tty, vaddr_t to, bool from_master);
i64 tty_set_foreground(struct tty *tty, vaddr_t from);
i64 tty_get_session(struct tty *tty, vaddr_t to, bool from_master);

/* The line is dead: readers get the end, the session's leader SIGHUP. */
void tty_hang_up(struct tty *tty);
/* A task that leads a session ends. */
void tty_leader_ends(struct process *process);
/* The caller's session is new: it has no terminal. */
void tty_session_begins(struct process *process);

/* For /proc/PID/stat. */
struct tty_of_process {
	u64 rdev; /* 0: none */
	i32 foreground_group; /* -1: none */
};
struct tty_of_process tty_of_process(const struct process *process);
