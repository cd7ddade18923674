/*
 * sys_misc.c - small system calls: names, numbers
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
