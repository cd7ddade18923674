/*
 * sys_admin.c - what root does to the machine, and what programs ask about it
 *
 * Sources: reboot(2), unshare(2), setns(2), personality(2), membarrier(2).
 */
#include "kernel/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/task.h"
#include "kernel/x86_64/cpu.h"

/* ---- reboot -------------------------------------------------------------- */

#define REBOOT_MAGIC 0xfee1deadu
#define REBOOT_RESTART 0x01234567u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_CTRL_ALT_DEL_ON 0x89abcdefu
#define REBOOT_CTRL_ALT_DEL_OFF 0u
#define REBOOT_POWER_OFF 0x4321fedcu

/* Birthdays, to be sure that it is no accident. */
static bool is_second_magic(u32 magic)
{
	return magic == 672274793u || magic == 85072278u ||
	       magic == 369367448u || magic == 537993216u;
}

i64 sys_reboot(u32 magic, u32 second_magic, u32 command, vaddr_t argument)
{
	(void)argument;
	if (!is_capable(CAP_SYS_BOOT))
		return -EPERM;
	if (magic != REBOOT_MAGIC || !is_second_magic(second_magic))
		return -EINVAL;
	switch (command) {
	case REBOOT_CTRL_ALT_DEL_ON:
	case REBOOT_CTRL_ALT_DEL_OFF:
		return 0;
	case REBOOT_RESTART:
		log_error("reboot: Restarting system\n");
		cpu_reset();
	case REBOOT_HALT:
		/* A machine that only burns power is of no use. */
		log_error("reboot: System halted\n");
		cpu_power_off(0);
	case REBOOT_POWER_OFF:
		log_error("reboot: Power down\n");
		cpu_power_off(0);
	}
	return -EINVAL;
}

/* ---- Namespaces: there is one of each ------------------------------------ */

#define CLONE_NEW_ANY 0x7e020080u /* time, mount, cgroup, uts, ipc, … */
/* vm, fs, files, sighand, thread, sysvsem: what only threads could share. */
#define CLONE_SHARED_ANY 0x00050f00u

i64 sys_unshare(u32 flags)
{
	if (flags & ~(CLONE_NEW_ANY | CLONE_SHARED_ANY))
		return -EINVAL;
	if (!(flags & CLONE_NEW_ANY))
		return 0;
	return is_capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
}

i64 sys_setns(int fd, int type)
{
	struct file *file;
	int error = files_get_file(fd, &file);

	(void)type;
	if (error)
		return error;
	file_put(file);
	return -EINVAL;
}

/* ---- Odds and ends ------------------------------------------------------- */

/* All run what Linux runs; the number is only remembered. */
i64 sys_personality(u32 persona)
{
	struct task *task = current_task();
	u32 old = task->personality;

	if (persona != UINT32_MAX)
		task->personality = persona;
	return old;
}

/* Asked what it can do, it says: nothing; libraries do without. */
i64 sys_membarrier(int command, u32 flags, int cpu)
{
	(void)cpu;
	return command || flags ? -EINVAL : 0;
}

i64 sys_vhangup(void)
{
	return is_capable(CAP_SYS_TTY_CONFIG) ? 0 : -EPERM;
}
