/*
 * syscalls.h - the system calls that belong to no other folder
 *
 * Arguments and results are those of Linux's manual pages, section 2.
 * Return: a negative errno on failure.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

struct trap_frame;

/* kernel/sys_memory.c */
i64 sys_brk(vaddr_t address);
/* Six arguments: taken out of the registers. */
i64 sys_mmap(const struct trap_frame *frame);
i64 sys_munmap(vaddr_t start, u64 bytes);
i64 sys_mprotect(vaddr_t start, u64 bytes, u32 prot);
i64 sys_mremap(vaddr_t old, u64 old_bytes, u64 new_bytes, u32 flags,
	       vaddr_t new_address);
i64 sys_msync(vaddr_t start, u64 bytes, u32 flags);
i64 sys_madvise(vaddr_t start, u64 bytes, int advice);
i64 sys_mincore(vaddr_t start, u64 bytes, vaddr_t to);
i64 sys_mlock(vaddr_t start, u64 bytes);
i64 sys_mlock2(vaddr_t start, u64 bytes, u32 flags);
i64 sys_munlock(vaddr_t start, u64 bytes);
i64 sys_mlockall(u32 flags);
i64 sys_munlockall(void);

/* kernel/hostname.c */
i64 sys_sethostname(vaddr_t name, int bytes);
i64 sys_setdomainname(vaddr_t name, int bytes);

/* kernel/sys_admin.c */
i64 sys_reboot(u32 magic, u32 second_magic, u32 command, vaddr_t argument);
i64 sys_unshare(u32 flags);
i64 sys_setns(int fd, int type);
i64 sys_personality(u32 persona);
i64 sys_membarrier(int command, u32 flags, int cpu);
i64 sys_vhangup(void);

/* kernel/dev/kmsg.c */
i64 sys_syslog(int type, vaddr_t buffer, int bytes);

/* kernel/sys_thread.c */
i64 sys_rseq(vaddr_t area, u32 bytes, int flags, u32 signature);

/* kernel/sys_time.c */
i64 sys_nanosleep(vaddr_t request, vaddr_t remaining);
i64 sys_clock_nanosleep(int clock, int flags, vaddr_t request,
			vaddr_t remaining);
i64 sys_clock_gettime(int clock, vaddr_t time);
i64 sys_clock_getres(int clock, vaddr_t resolution);
i64 sys_clock_settime(int clock, vaddr_t time);
i64 sys_settimeofday(vaddr_t time, vaddr_t zone);
i64 sys_adjtimex(vaddr_t timex);
i64 sys_clock_adjtime(int clock, vaddr_t timex);
i64 sys_gettimeofday(vaddr_t time, vaddr_t zone);
i64 sys_time(vaddr_t time);

/* kernel/sys_misc.c */
i64 sys_uname(vaddr_t name);
i64 sys_sysinfo(vaddr_t info);
i64 sys_getrandom(vaddr_t buffer, u64 bytes, u32 flags);
