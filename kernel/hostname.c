/*
 * hostname.c - see hostname.h
 */
#include "kernel/hostname.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/proc/credentials.h"
#include "kernel/syscalls.h"
#include "mm/uaccess.h"

static struct spinlock lock = SPINLOCK_INIT("hostname");
static char hostname[HOSTNAME_BYTES] = "calf"; /* lock */
static char domainname[HOSTNAME_BYTES] = "(none)"; /* lock */

static void get(const char *from, char name[HOSTNAME_BYTES])
{
	spin_lock(&lock);
	memcpy(name, from, HOSTNAME_BYTES);
	spin_unlock(&lock);
}

static void set(char *to, const char *name)
{
	spin_lock(&lock);
	memset(to, 0, HOSTNAME_BYTES);
	strlcpy(to, name, HOSTNAME_BYTES);
	spin_unlock(&lock);
}

void hostname_get(char name[HOSTNAME_BYTES])
{
	get(hostname, name);
}

void hostname_set(const char *name)
{
	set(hostname, name);
}

void domainname_get(char name[HOSTNAME_BYTES])
{
	get(domainname, name);
}

void domainname_set(const char *name)
{
	set(domainname, name);
}

static i64 set_from_user(char *to, vaddr_t name, int bytes)
{
	char text[HOSTNAME_BYTES] = "";
	int error;

	if (!is_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (bytes < 0 || bytes >= HOSTNAME_BYTES)
		return -EINVAL;
	error = copy_from_user(text, name, (u64)bytes);
	if (error)
		return error;
	set(to, text);
	return 0;
}

i64 sys_sethostname(vaddr_t name, int bytes)
{
	return set_from_user(hostname, name, bytes);
}

i64 sys_setdomainname(vaddr_t name, int bytes)
{
	return set_from_user(domainname, name, bytes);
}
