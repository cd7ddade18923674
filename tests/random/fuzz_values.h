/* SPDX-License-Identifier: MIT */
/*
 * tests/random/fuzz_values.h - what random calls are made of, see fuzz.c.
 */
#pragma once

#define USER 4711UL /* whose the children are */

static const unsigned long odd_addresses[] = {
	0,
	1,
	0xfff,
	0x7ffffffff000 - 8,
	0x7ffffffff000,
	0x800000000000,
	0xffff888000000000,
	0xffffffff80200000,
	-1UL,
	-PAGE_SIZE,
};

static const unsigned long odd_sizes[] = {
	0,    1,	 7,    8,	16,	   4095,
	4096, 4097,	 8192, 65536,	1UL << 31, 1UL << 32,
	-1UL, 1UL << 47, -8UL, -4096UL, 1UL << 62, 1UL << 63,
};

static const char *const file_names[] = {
	"a",
	"b",
	"d",
	"d/c",
	"d/d",
	"link",
	"fifo",
	"..",
	".",
	"",
	"/",
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev/ptmx",
	"/dev/tty",
	"/dev/kmsg",
	"/dev/pts/0",
	"/proc",
	"/proc/meminfo",
	"/proc/mounts",
	"/proc/1/maps",
	"/proc/self/maps",
	"/proc/self/smaps",
	"/proc/self/smaps_rollup",
	"/proc/self/stat",
	"/proc/self/mem",
	"/proc/self/fd",
	"/proc/self/fd/3",
	"/proc/self/fd/20",
	"/proc/self/exe",
	"/proc/self/oom_score_adj",
	"/proc/self/clear_refs",
	"/proc/self/comm",
	"/proc/sys/vm/overcommit_memory",
	"/proc/kpagecount",
};

/* For some arguments only certain values lead anywhere. */
struct choice {
	long number;
	int argument;
	bool are_flags; /* may be joined */
	size_t count;
	const unsigned long *values;
};

#define VALUES(...)                                                            \
	COUNT_OF(((const unsigned long[]){ __VA_ARGS__ })),                    \
		(const unsigned long[])                                        \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define ONE_OF(name, argument, ...)                                            \
	{                                                                      \
		SYS_##name, argument, false, VALUES(__VA_ARGS__)               \
	}
#define SOME_OF(name, argument, ...)                                           \
	{                                                                      \
		SYS_##name, argument, true, VALUES(__VA_ARGS__)                \
	}

#define OPEN_FLAGS                                                             \
	O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_CREAT, O_RDWR | O_NONBLOCK,     \
		O_RDWR | O_CREAT | O_TRUNC, O_RDWR | O_APPEND, O_DIRECTORY,    \
		O_PATH, O_RDWR | O_TMPFILE, O_NOFOLLOW, O_CREAT | O_EXCL
#define CLOCKS                                                                 \
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,             \
		CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME, -1UL, -6UL, 99
#define IDS USER, 0, 1, -1UL
#define MODES 0, 0644, 0755, 0777, 04777, 01000, 0200

static const struct choice choices[] = {
	SOME_OF(open, 1, OPEN_FLAGS),
	SOME_OF(openat, 2, OPEN_FLAGS),
	ONE_OF(lseek, 2, SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE),
	SOME_OF(mmap, 2, PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC,
		PROT_READ | PROT_WRITE, PROT_GROWSDOWN),
	SOME_OF(mmap, 3, MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED,
		MAP_PRIVATE | MAP_FIXED, MAP_SHARED | MAP_FIXED,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, MAP_POPULATE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, MAP_LOCKED,
		MAP_NORESERVE, MAP_FIXED_NOREPLACE),
	ONE_OF(mmap, 4, 0, 1, 3, 12, 20, -1UL),
	SOME_OF(mprotect, 2, PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
		PROT_EXEC, PROT_GROWSDOWN),
	SOME_OF(mremap, 3, 0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | 4),
	ONE_OF(madvise, 2, 0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	       18, 19, 20, 21, 22, 23, 24, 25, 100),
	SOME_OF(mlock2, 2, 0, 1, 2),
	SOME_OF(mlockall, 0, MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT),
	SOME_OF(msync, 2, MS_SYNC, MS_ASYNC, MS_INVALIDATE),
	ONE_OF(rt_sigprocmask, 3, 8),
	ONE_OF(rt_sigaction, 3, 8),
	ONE_OF(rt_sigaction, 0, SIGUSR2, SIGCHLD, SIGTSTP, SIGALRM, SIGTTOU, 33,
	       64),
	ONE_OF(rt_sigpending, 1, 8),
	ONE_OF(rt_sigtimedwait, 3, 8),
	ONE_OF(rt_sigsuspend, 1, 8),
	ONE_OF(signalfd, 2, 8),
	ONE_OF(signalfd4, 2, 8),
	SOME_OF(signalfd4, 3, SFD_NONBLOCK, SFD_CLOEXEC, 0),
	ONE_OF(ppoll, 4, 8),
	ONE_OF(poll, 1, 0, 1, 2, 3, 4),
	ONE_OF(ppoll, 1, 0, 1, 2, 3, 4),
	ONE_OF(poll, 2, 0, 1, 2),
	ONE_OF(select, 0, 0, 1, 8, 30, 64),
	ONE_OF(ioctl, 1, TCGETS, TCSETS, TCSETSW, TCSETSF, TCFLSH, TCSBRK,
	       TCXONC, TIOCGWINSZ, TIOCSWINSZ, TIOCSCTTY, TIOCNOTTY, TIOCGPGRP,
	       TIOCSPGRP, TIOCGSID, TIOCSTI, TIOCGPTN, TIOCSPTLCK, TIOCGPTPEER,
	       TIOCPKT, TIOCOUTQ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX,
	       FIOASYNC, TIOCEXCL, TIOCNXCL, TIOCGETD, TIOCSETD, TIOCVHANGUP),
	ONE_OF(fcntl, 1, F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK,
	       F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN, F_DUPFD_CLOEXEC,
	       F_ADD_SEALS, F_GET_SEALS, F_SETPIPE_SZ, F_GETPIPE_SZ,
	       F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_SETSIG),
	ONE_OF(flock, 1, LOCK_SH, LOCK_EX, LOCK_UN, LOCK_SH | LOCK_NB,
	       LOCK_EX | LOCK_NB),
	SOME_OF(clone, 0, SIGCHLD, 0, CLONE_VM, CLONE_VFORK | CLONE_VM,
		CLONE_FILES, CLONE_FS, CLONE_PARENT_SETTID, CLONE_CHILD_SETTID,
		CLONE_CHILD_CLEARTID, CLONE_PARENT, CLONE_SIGHAND | CLONE_VM,
		CLONE_SETTLS, CLONE_NEWPID),
	ONE_OF(clone, 1, 0),
	SOME_OF(wait4, 2, WNOHANG, WNOHANG | WUNTRACED, WCONTINUED, __WALL),
	ONE_OF(waitid, 0, P_ALL, P_PID, P_PGID, 3),
	SOME_OF(waitid, 3, WNOHANG | WEXITED, WSTOPPED, WCONTINUED, WNOWAIT),
	ONE_OF(kill, 1, 0, SIGUSR1, SIGCHLD, SIGTSTP, SIGCONT, SIGSTOP, SIGTTIN,
	       40, 64),
	ONE_OF(setpgid, 1, 0, 1),
	ONE_OF(setuid, 0, IDS),
	ONE_OF(setgid, 0, IDS),
	ONE_OF(setresuid, 0, IDS),
	ONE_OF(setresuid, 1, IDS),
	ONE_OF(setresuid, 2, IDS),
	ONE_OF(chmod, 1, MODES),
	ONE_OF(fchmod, 1, MODES),
	ONE_OF(mkdir, 1, MODES),
	ONE_OF(creat, 1, MODES),
	ONE_OF(umask, 0, 0, 022),
	ONE_OF(chown, 1, IDS),
	ONE_OF(fchown, 1, IDS),
	ONE_OF(mknod, 1, S_IFREG | 0666, S_IFIFO | 0666, S_IFCHR | 0666,
	       S_IFDIR | 0777, S_IFSOCK | 0666),
	SOME_OF(unlinkat, 2, 0, AT_REMOVEDIR),
	SOME_OF(renameat2, 4, 0, 1, 2, 4),
	SOME_OF(linkat, 4, 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH),
	SOME_OF(newfstatat, 3, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH),
	SOME_OF(fallocate, 1, 0, 1, 3, 8, 0x10, 0x20),
	ONE_OF(prctl, 0, PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_SET_DUMPABLE,
	       PR_SET_NAME, PR_GET_NAME, PR_SET_CHILD_SUBREAPER,
	       PR_SET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_CAPBSET_DROP,
	       PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK,
	       PR_CAP_AMBIENT, PR_SET_MM, 0x53564d41),
	ONE_OF(prctl, 1, 0, 1, 2, 9, 64),
	ONE_OF(arch_prctl, 0, 0x1001, 0x1003, 0x1004, 0x3001),
	ONE_OF(setrlimit, 0, 0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 13),
	ONE_OF(prlimit64, 1, 0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 13),
	ONE_OF(setitimer, 0, ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF),
	ONE_OF(getitimer, 0, ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF),
	ONE_OF(timer_create, 0, CLOCKS),
	ONE_OF(timer_create, 1, 0),
	ONE_OF(timer_settime, 0, 0, 1, 2, 3),
	ONE_OF(timer_gettime, 0, 0, 1, 2, 3),
	ONE_OF(timer_getoverrun, 0, 0, 1, 2, 3),
	ONE_OF(timer_delete, 0, 0, 1, 2, 3),
	ONE_OF(clock_gettime, 0, CLOCKS),
	ONE_OF(clock_nanosleep, 0, CLOCKS),
	ONE_OF(clock_nanosleep, 1, 0, TIMER_ABSTIME),
	ONE_OF(timerfd_create, 0, CLOCKS),
	SOME_OF(timerfd_create, 1, 0, TFD_NONBLOCK, TFD_CLOEXEC),
	SOME_OF(timerfd_settime, 1, 0, TFD_TIMER_ABSTIME, 2),
	ONE_OF(epoll_ctl, 1, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL),
	ONE_OF(epoll_ctl, 0, 14),
	ONE_OF(epoll_wait, 0, 14),
	ONE_OF(epoll_wait, 3, 0, 1),
	ONE_OF(epoll_wait, 2, 1, 4),
	SOME_OF(eventfd2, 1, 0, EFD_NONBLOCK, EFD_SEMAPHORE, EFD_CLOEXEC),
	SOME_OF(epoll_create1, 0, 0, EPOLL_CLOEXEC),
	SOME_OF(pipe2, 1, 0, O_NONBLOCK, O_CLOEXEC, O_DIRECT),
	SOME_OF(memfd_create, 1, 0, MFD_CLOEXEC, MFD_ALLOW_SEALING),
	ONE_OF(readv, 2, 0, 1, 2, 3, 4),
	ONE_OF(writev, 2, 0, 1, 2, 3, 4),
	ONE_OF(preadv, 2, 0, 1, 2, 3, 4),
	ONE_OF(pwritev, 2, 0, 1, 2, 3, 4),
	ONE_OF(getpriority, 0, PRIO_PROCESS, PRIO_PGRP, PRIO_USER),
	ONE_OF(setpriority, 0, PRIO_PROCESS, PRIO_PGRP, PRIO_USER),
	ONE_OF(sched_setscheduler, 1, SCHED_OTHER, SCHED_BATCH, SCHED_IDLE,
	       SCHED_FIFO),
	ONE_OF(close_range, 0, 30, 40, 64),
	ONE_OF(syslog, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10),
};

/* Calls whose first two arguments are pages. */
static bool is_about_memory(long number)
{
	switch (number) {
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_mremap:
	case SYS_madvise:
	case SYS_mlock:
	case SYS_munlock:
	case SYS_mlock2:
	case SYS_mincore:
	case SYS_msync:
		return true;
	}
	return false;
}

/* Calls whose first argument is a process. */
static bool is_about_process(long number)
{
	switch (number) {
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo:
	case SYS_setpgid:
	case SYS_getpgid:
	case SYS_getsid:
	case SYS_prlimit64:
	case SYS_sched_setaffinity:
	case SYS_sched_getaffinity:
	case SYS_sched_getparam:
	case SYS_sched_setparam:
	case SYS_sched_setscheduler:
	case SYS_capget:
		return true;
	}
	return false;
}

/* Calls after which the process is gone, asleep or somebody else: seldom. */
static bool is_an_end(long number)
{
	switch (number) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_execve:
	case SYS_execveat:
	case SYS_rt_sigreturn:
	case SYS_pause:
	case SYS_rt_sigsuspend:
	case SYS_arch_prctl:
	case SYS_vfork:
	case SYS_clone:
	case SYS_close_range:
	case SYS_setrlimit:
	case SYS_prlimit64:
	case SYS_select:
	case SYS_pselect6:
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_rt_sigtimedwait:
		return true;
	}
	return false;
}
