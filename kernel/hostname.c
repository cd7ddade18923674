/*
 * hostname.c - see hostname.h
 */
#include "kernel/hostname.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/syscalls.h"
#include "mm/uaccess.h"

static struct spinlock lock = SPINLOCK_INIT("hostname");
static char hostname[HOSTNAME_BYTES] = "calf"; /* lock */

void hostname_get(char name[HOSTNAME_BYTES])
{
	spin_lock(&lock);
	memcpy(name, hostname, HOSTNAME_BYTES);
	spin_unlock(&lock);
}

void hostname_set(const char *name)
{
	spin_lock(&lock);
	memset(hostname, 0, sizeof(hostname));
	strlcpy(hostname, name, sizeof(hostname));
	spin_unlock(&lock);
}

i64 sys_sethostname(vaddr_t name, int bytes)
{
	char text[HOSTNAME_BYTES] = "";
	int error;

	if (bytes < 0 || bytes >= HOSTNAME_BYTES)
		return -EINVAL;
	error = copy_from_user(text, name, (u64)bytes);
	if (error)
		return error;
	hostname_set(text);
	return 0;
}
