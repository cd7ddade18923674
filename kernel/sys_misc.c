/*
 * sys_misc.c - small system calls: names, numbers, limits
 */
#include "kernel/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/hostname.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/random.h"
#include "kernel/version.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

#define NAME_BYTES HOSTNAME_BYTES

struct linux_utsname {
	char system[NAME_BYTES];
	char node[NAME_BYTES];
	char release[NAME_BYTES];
	char version[NAME_BYTES];
	char machine[NAME_BYTES];
	char domain[NAME_BYTES];
};

i64 sys_uname(vaddr_t to)
{
	/* Programs ask for the ABI they know; the version has our own name. */
	struct linux_utsname name = {
		.system = "Linux",
		.release = CALF_LINUX_RELEASE,
		.version = "Calf " CALF_VERSION,
		.machine = "x86_64",
	};

	hostname_get(name.node);
	domainname_get(name.domain);
	return copy_to_user(to, &name, sizeof(name));
}

/* getrandom(2): nonblock, random, insecure; all the same here. */
#define GRND_KNOWN 7u

i64 sys_getrandom(vaddr_t to, u64 bytes, u32 flags)
{
	u8 chunk[256];
	u64 done = 0;

	if (flags & ~GRND_KNOWN)
		return -EINVAL;
	bytes = min_u64(bytes, INT32_MAX);
	while (done < bytes) {
		u64 now = min_u64(bytes - done, sizeof(chunk));
		u64 missed;

		random_fill(chunk, now);
		missed = copy_to_user_partial(vaddr_add(to, done), chunk, now);
		done += now - missed;
		if (missed)
			return done ? (i64)done : -EFAULT;
	}
	return (i64)done;
}

/* ---- Limits ------------------------------------------------------------- */

#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_NOFILE 7
#define RLIMITS 16
#define RLIMIT_INFINITY (~0UL)
#define NOFILE_MAX 4096

struct linux_rlimit {
	u64 soft;
	u64 hard;
};

static struct linux_rlimit read_limit(u32 resource)
{
	const struct task *task = current_task();
	struct linux_rlimit limit = { RLIMIT_INFINITY, RLIMIT_INFINITY };

	if (resource == RLIMIT_STACK)
		limit.soft = task->mm->stack_limit_bytes;
	if (resource == RLIMIT_CORE)
		limit.soft = 0;
	if (resource == RLIMIT_NOFILE)
		limit = (struct linux_rlimit){ task->files->limit, NOFILE_MAX };
	return limit;
}

/* The other limits are not enforced: lowering one would be a lie. */
static int write_limit(u32 resource, const struct linux_rlimit *limit)
{
	struct task *task = current_task();

	if (limit->soft > limit->hard)
		return -EINVAL;
	if (resource == RLIMIT_STACK)
		task->mm->stack_limit_bytes = limit->soft;
	else if (resource == RLIMIT_NOFILE && limit->soft <= NOFILE_MAX)
		task->files->limit = (u32)limit->soft;
	else if (resource != RLIMIT_CORE)
		return -EPERM;
	return 0;
}

i64 sys_prlimit64(int pid, u32 resource, vaddr_t wanted, vaddr_t old)
{
	struct linux_rlimit before;
	struct linux_rlimit limit;

	if (resource >= RLIMITS)
		return -EINVAL;
	if (pid != 0 && (u32)pid != current_task()->pid)
		return -ESRCH;
	if (wanted.val && copy_from_user(&limit, wanted, sizeof(limit)) != 0)
		return -EFAULT;
	before = read_limit(resource);
	if (wanted.val) {
		int error = write_limit(resource, &limit);

		if (error)
			return error;
	}
	return old.val ? copy_to_user(old, &before, sizeof(before)) : 0;
}

i64 sys_getrlimit(u32 resource, vaddr_t limit)
{
	if (resource >= RLIMITS)
		return -EINVAL;
	return sys_prlimit64(0, resource, VADDR(0), limit);
}

i64 sys_setrlimit(u32 resource, vaddr_t limit)
{
	if (!limit.val)
		return -EFAULT;
	return sys_prlimit64(0, resource, limit, VADDR(0));
}
