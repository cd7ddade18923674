/*
 * syscalls.h - the system calls about processes and signals
 *
 * Arguments and results are those of Linux's manual pages, section 2.
 * Return: a negative errno on failure.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

/* kernel/proc/sys_process.c */
i64 sys_fork(void);
i64 sys_vfork(void);
i64 sys_clone(u64 flags, u64 stack, vaddr_t parent_tid, vaddr_t child_tid,
	      u64 tls);
i64 sys_execve(vaddr_t path, vaddr_t arguments, vaddr_t environment);
i64 sys_exit(int status);
i64 sys_exit_group(int status);
i64 sys_wait4(int pid, vaddr_t status, int options, vaddr_t usage);
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
