/*
 * sys_info.c - sysinfo(2): memory, processes and time in one structure
 *
 * Source: sysinfo(2); Linux v6.12 include/uapi/linux/sysinfo.h.
 */
#include "kernel/proc/task.h"
#include "kernel/syscalls.h"
#include "kernel/x86_64/time.h"
#include "mm/frame.h"
#include "mm/uaccess.h"

#define NS_PER_SECOND 1000000000UL

struct linux_sysinfo {
	i64 uptime_seconds;
	u64 loads[3]; /* see /proc/loadavg; 0 here */
	u64 total_ram;
	u64 free_ram;
	u64 shared_ram;
	u64 buffer_ram;
	u64 total_swap;
	u64 free_swap;
	u16 processes;
	u16 padding;
	u64 total_high;
	u64 free_high;
	u32 unit_bytes;
};

_Static_assert(sizeof(struct linux_sysinfo) == 112, "Linux's layout");

i64 sys_sysinfo(vaddr_t to)
{
	const struct frame_stats frames = frame_stats_read();
	const struct linux_sysinfo info = {
		.uptime_seconds = (i64)(time_since_boot_ns() / NS_PER_SECOND),
		.total_ram = (frames.total - frames.reserved) * PAGE_SIZE,
		.free_ram = frames.free * PAGE_SIZE,
		.processes = (u16)task_count(),
		.unit_bytes = 1,
	};

	return copy_to_user(to, &info, sizeof(info));
}
