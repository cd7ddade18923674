/*
 * syscalls.h - the system calls about processes and signals
 *
 * Arguments and results are those of Linux's manual pages, section 2.
 * Return: a negative errno on failure.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

struct trap_frame;

/* kernel/proc/sys_process.c */
i64 sys_fork(void);
i64 sys_vfork(void);
i64 sys_clone3(vaddr_t arguments, u64 bytes);
i64 sys_clone(u64 flags, u64 stack, vaddr_t parent_tid, vaddr_t child_tid,
	      u64 tls);
i64 sys_exit(int status);
i64 sys_exit_group(int status);
i64 sys_wait4(int pid, vaddr_t status, int options, vaddr_t usage);
i64 sys_waitid(int type, int id, vaddr_t to, u32 options, vaddr_t usage);
i64 sys_getpid(void);
i64 sys_gettid(void);
i64 sys_getppid(void);
i64 sys_getpgid(int pid);
i64 sys_getpgrp(void);
i64 sys_setpgid(int pid, int process_group);
i64 sys_getsid(int pid);
i64 sys_setsid(void);
i64 sys_set_tid_address(vaddr_t address);
i64 sys_sched_yield(void);
i64 sys_getrusage(int who, vaddr_t usage);
i64 sys_times(vaddr_t times);
i64 sys_arch_prctl(int code, u64 address);

/* kernel/proc/rlimit.c */
i64 sys_prlimit64(int pid, u32 resource, vaddr_t wanted, vaddr_t old);
i64 sys_getrlimit(u32 resource, vaddr_t to);
i64 sys_setrlimit(u32 resource, vaddr_t from);

/* kernel/proc/sys_signal.c */
i64 sys_rt_sigaction(int signal, vaddr_t action, vaddr_t old, u64 set_bytes);
i64 sys_rt_sigprocmask(int how, vaddr_t set, vaddr_t old, u64 set_bytes);
i64 sys_rt_sigpending(vaddr_t set, u64 set_bytes);
i64 sys_rt_sigsuspend(vaddr_t set, u64 set_bytes);
i64 sys_sigaltstack(vaddr_t stack, vaddr_t old);
i64 sys_pause(void);
i64 sys_kill(int pid, int signal);
i64 sys_tkill(int tid, int signal);
i64 sys_tgkill(int tgid, int tid, int signal);
i64 sys_rt_sigtimedwait(vaddr_t set, vaddr_t to, vaddr_t time, u64 set_bytes);
i64 sys_rt_sigqueueinfo(int pid, int signal, vaddr_t from);
i64 sys_rt_tgsigqueueinfo(int tgid, int tid, int signal, vaddr_t from);

/* kernel/proc/signal_deliver.c */
i64 sys_restart_syscall(void);

/* kernel/proc/sigframe.c */
i64 sys_rt_sigreturn(void);

/* kernel/proc/process_timers.c */
i64 sys_alarm(u32 seconds);
i64 sys_getitimer(int which, vaddr_t value);
i64 sys_setitimer(int which, vaddr_t new_value, vaddr_t old_value);
i64 sys_timer_create(int clock, vaddr_t event, vaddr_t id);
i64 sys_timer_settime(int id, int flags, vaddr_t new_value, vaddr_t old_value);
i64 sys_timer_gettime(int id, vaddr_t value);
i64 sys_timer_getoverrun(int id);
i64 sys_timer_delete(int id);

/* kernel/proc/credentials.c */
i64 sys_getuid(void);
i64 sys_geteuid(void);
i64 sys_getgid(void);
i64 sys_getegid(void);
i64 sys_getresuid(vaddr_t uid, vaddr_t euid, vaddr_t suid);
i64 sys_getresgid(vaddr_t gid, vaddr_t egid, vaddr_t sgid);
i64 sys_setuid(u32 uid);
i64 sys_setgid(u32 gid);
i64 sys_setreuid(u32 uid, u32 euid);
i64 sys_setregid(u32 gid, u32 egid);
i64 sys_setresuid(u32 uid, u32 euid, u32 suid);
i64 sys_setresgid(u32 gid, u32 egid, u32 sgid);
i64 sys_setfsuid(u32 uid);
i64 sys_setfsgid(u32 gid);
i64 sys_getgroups(int room, vaddr_t list);
i64 sys_setgroups(int count, vaddr_t list);
i64 sys_capget(vaddr_t header, vaddr_t data);
i64 sys_capset(vaddr_t header, vaddr_t data);

/* kernel/proc/futex.c: six arguments, taken out of the registers */
i64 sys_set_robust_list(vaddr_t head, u64 bytes);
i64 sys_get_robust_list(int pid, vaddr_t head, vaddr_t bytes);
i64 sys_futex(const struct trap_frame *frame);

/* kernel/proc/sys_prctl.c */
i64 sys_prctl(int option, u64 argument, u64 third, u64 fourth, u64 fifth);

/* kernel/proc/sys_sched.c */
i64 sys_sched_setscheduler(int pid, int policy, vaddr_t parameter);
i64 sys_sched_setparam(int pid, vaddr_t parameter);
i64 sys_sched_getscheduler(int pid);
i64 sys_sched_getparam(int pid, vaddr_t parameter);
i64 sys_sched_get_priority_max(int policy);
i64 sys_sched_get_priority_min(int policy);
i64 sys_sched_rr_get_interval(int pid, vaddr_t interval);
i64 sys_sched_getaffinity(int pid, u32 bytes, vaddr_t mask);
i64 sys_sched_setaffinity(int pid, u32 bytes, vaddr_t mask);
i64 sys_getcpu(vaddr_t cpu, vaddr_t node);
i64 sys_getpriority(int which, int who);
i64 sys_setpriority(int which, int who, int nice);
i64 sys_ioprio_get(int which, int who);
i64 sys_ioprio_set(int which, int who, int priority);

/* kernel/proc/sys_exec.c */
i64 sys_execve(vaddr_t path, vaddr_t arguments, vaddr_t environment);
i64 sys_execveat(int dir_fd, vaddr_t path, vaddr_t arguments,
		 vaddr_t environment, u32 flags);
