/*
 * credentials.c - see credentials.h; the calls that ask and change
 *
 * Sources: credentials(7), capabilities(7), setresuid(2); Linux v6.12
 * kernel/sys.c and security/commoncap.c for what a change of ids does to
 * capabilities.
 */
#include "kernel/proc/credentials.h"

#include "kernel/fs/inode.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/task.h"
#include "mm/kmem.h"
#include "mm/uaccess.h"

const struct credentials credentials_root = {
	.permitted = CAPABILITIES_ALL,
	.effective = CAPABILITIES_ALL,
	.bounding = CAPABILITIES_ALL,
};

/* As an argument: leave it as it is.  As an id it is not valid. */
#define NO_ID UINT32_MAX

static u64 bit_of(enum capability capability)
{
	return 1UL << capability;
}

/* What fsuid 0 may do with files. */
#define CAPABILITIES_OF_FILES                                                  \
	(bit_of(CAP_CHOWN) | bit_of(CAP_DAC_OVERRIDE) |                        \
	 bit_of(CAP_DAC_READ_SEARCH) | bit_of(CAP_FOWNER) |                    \
	 bit_of(CAP_FSETID) | bit_of(CAP_MKNOD))

static struct credentials *mine(void)
{
	return &current_task()->credentials;
}

void credentials_copy(struct credentials *to, const struct credentials *from)
{
	*to = *from;
	if (to->groups)
		__atomic_fetch_add(&to->groups->refcount, 1, __ATOMIC_RELAXED);
}

static void groups_put(struct groups *groups)
{
	if (groups &&
	    __atomic_fetch_sub(&groups->refcount, 1, __ATOMIC_ACQ_REL) == 1)
		kfree(groups);
}

void credentials_destroy(struct credentials *credentials)
{
	groups_put(credentials->groups);
	credentials->groups = NULL;
}

/* ---- Who may what -------------------------------------------------------- */

bool task_is_capable(const struct task *task, enum capability capability)
{
	return READ_ONCE(task->credentials.effective) & bit_of(capability);
}

bool is_capable(enum capability capability)
{
	return task_is_capable(current_task(), capability);
}

bool is_in_group(u32 gid)
{
	const struct groups *groups = mine()->groups;

	if (gid == mine()->group.file)
		return true;
	for (u32 i = 0; groups && i < groups->count; i++)
		if (groups->gid[i] == gid)
			return true;
	return false;
}

bool may_signal_locked(const struct task *target, int signal)
{
	const struct credentials *self = mine();
	const struct credentials *other = &target->credentials;

	if (target->process == current_task()->process || is_capable(CAP_KILL))
		return true;
	if (self->user.effective == other->user.saved ||
	    self->user.effective == other->user.real ||
	    self->user.real == other->user.saved ||
	    self->user.real == other->user.real)
		return true;
	/* A shell may continue what it has stopped, whoever runs it. */
	return signal == SIGCONT &&
	       target->process->session == current_task()->process->session;
}

bool may_schedule_locked(const struct task *target)
{
	const struct credentials *self = mine();
	const struct credentials *other = &target->credentials;

	return self->user.effective == other->user.effective ||
	       self->user.effective == other->user.real ||
	       is_capable(CAP_SYS_NICE);
}

/* Is every id of @target that of the one who runs the current task? */
static bool has_same_ids(const struct task *target)
{
	const struct credentials *self = mine();
	const struct credentials *other = &target->credentials;
	u64 rflags = spin_lock_irqsave(&tasks_lock);
	bool is_same = self->user.real == other->user.real &&
		       self->user.real == other->user.effective &&
		       self->user.real == other->user.saved &&
		       self->group.real == other->group.real &&
		       self->group.real == other->group.effective &&
		       self->group.real == other->group.saved;

	spin_unlock_irqrestore(&tasks_lock, rflags);
	return is_same;
}

bool may_access_memory(const struct task *target)
{
	return target->process == current_task()->process ||
	       is_capable(CAP_SYS_PTRACE) ||
	       (has_same_ids(target) &&
		READ_ONCE(target->process->is_dumpable));
}

bool may_limit(const struct task *target)
{
	return target->process == current_task()->process ||
	       has_same_ids(target) || is_capable(CAP_SYS_RESOURCE);
}

/* ---- Changing ids -------------------------------------------------------- */

static bool has_root_id(const struct credentials *credentials)
{
	return !credentials->user.real || !credentials->user.effective ||
	       !credentials->user.saved;
}

/* Root's capabilities come and go with root's user id. */
static void follow_uid(struct credentials *now, const struct credentials *old)
{
	if (has_root_id(old) && !has_root_id(now)) {
		if (!now->keeps_capabilities) {
			now->permitted = 0;
			now->effective = 0;
		}
		now->ambient = 0;
	}
	if (!old->user.effective && now->user.effective)
		now->effective = 0;
	if (old->user.effective && !now->user.effective)
		now->effective = now->permitted;
}

/* Somebody else now: others of that name shall not look into its memory. */
static void follow_euid(struct task *task, const struct credentials *old)
{
	if (task->credentials.user.effective == old->user.effective &&
	    task->credentials.group.effective == old->group.effective)
		return;
	task->process->is_dumpable = false;
	task->process->parent_death_signal = 0;
}

static void become(const struct credentials *wanted)
{
	struct task *task = current_task();
	struct credentials old = task->credentials;
	u64 rflags = spin_lock_irqsave(&tasks_lock);

	task->credentials = *wanted;
	follow_uid(&task->credentials, &old);
	follow_euid(task, &old);
	spin_unlock_irqrestore(&tasks_lock, rflags);
	rlimits_tell_memory(task);
}

static bool has_id(const struct ids *ids, u32 id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

/* setresuid(2), setresgid(2).  @may_all: to anything */
static int set_each(struct ids *ids, const struct ids *wanted, bool may_all)
{
	const struct ids old = *ids;

	if (wanted->real != NO_ID)
		ids->real = wanted->real;
	if (wanted->effective != NO_ID)
		ids->effective = wanted->effective;
	if (wanted->saved != NO_ID)
		ids->saved = wanted->saved;
	ids->file = ids->effective;
	if (may_all ||
	    (has_id(&old, ids->real) && has_id(&old, ids->effective) &&
	     has_id(&old, ids->saved)))
		return 0;
	return -EPERM;
}

/* setreuid(2), setregid(2) */
static int set_pair(struct ids *ids, u32 real, u32 effective, bool may_all)
{
	const struct ids old = *ids;

	if (real != NO_ID)
		ids->real = real;
	if (effective != NO_ID)
		ids->effective = effective;
	if (!may_all &&
	    ((real != NO_ID && real != old.real && real != old.effective) ||
	     !has_id(&old, ids->effective)))
		return -EPERM;
	if (real != NO_ID || (effective != NO_ID && effective != old.real))
		ids->saved = ids->effective;
	ids->file = ids->effective;
	return 0;
}

/* setuid(2), setgid(2) */
static int set_all(struct ids *ids, u32 id, bool may_all)
{
	if (id == NO_ID)
		return -EINVAL;
	if (!may_all && id != ids->real && id != ids->saved)
		return -EPERM;
	if (may_all) {
		ids->real = id;
		ids->saved = id;
	}
	ids->effective = id;
	ids->file = id;
	return 0;
}

/* @error: of the attempt to make @wanted */
static int become_unless(int error, const struct credentials *wanted)
{
	if (!error)
		become(wanted);
	return error;
}

i64 sys_setresuid(u32 uid, u32 euid, u32 suid)
{
	struct credentials wanted = *mine();

	return become_unless(set_each(&wanted.user,
				      &(struct ids){ uid, euid, suid, NO_ID },
				      is_capable(CAP_SETUID)),
			     &wanted);
}

i64 sys_setresgid(u32 gid, u32 egid, u32 sgid)
{
	struct credentials wanted = *mine();

	return become_unless(set_each(&wanted.group,
				      &(struct ids){ gid, egid, sgid, NO_ID },
				      is_capable(CAP_SETGID)),
			     &wanted);
}

i64 sys_setreuid(u32 uid, u32 euid)
{
	struct credentials wanted = *mine();

	return become_unless(set_pair(&wanted.user, uid, euid,
				      is_capable(CAP_SETUID)),
			     &wanted);
}

i64 sys_setregid(u32 gid, u32 egid)
{
	struct credentials wanted = *mine();

	return become_unless(set_pair(&wanted.group, gid, egid,
				      is_capable(CAP_SETGID)),
			     &wanted);
}

i64 sys_setuid(u32 uid)
{
	struct credentials wanted = *mine();

	return become_unless(set_all(&wanted.user, uid, is_capable(CAP_SETUID)),
			     &wanted);
}

i64 sys_setgid(u32 gid)
{
	struct credentials wanted = *mine();

	return become_unless(
		set_all(&wanted.group, gid, is_capable(CAP_SETGID)), &wanted);
}

/* Return: as always with this one, what it was before. */
i64 sys_setfsuid(u32 uid)
{
	struct credentials wanted = *mine();
	u32 old = wanted.user.file;

	if (uid == NO_ID || uid == old ||
	    (!has_id(&wanted.user, uid) && !is_capable(CAP_SETUID)))
		return old;
	wanted.user.file = uid;
	if (!old)
		wanted.effective &= ~CAPABILITIES_OF_FILES;
	if (!uid)
		wanted.effective |= wanted.permitted & CAPABILITIES_OF_FILES;
	become(&wanted);
	return old;
}

i64 sys_setfsgid(u32 gid)
{
	struct credentials wanted = *mine();
	u32 old = wanted.group.file;

	if (gid == NO_ID ||
	    (!has_id(&wanted.group, gid) && !is_capable(CAP_SETGID)))
		return old;
	wanted.group.file = gid;
	become(&wanted);
	return old;
}

/* What set-user-ID and set-group-ID make of @wanted. */
static void take_ids_of_file(struct credentials *wanted,
			     const struct inode *inode)
{
	if (!wanted->has_no_new_privileges && inode->mode & S_ISUID)
		wanted->user.effective = inode->uid;
	if (!wanted->has_no_new_privileges && inode->mode & S_ISGID &&
	    inode->mode & S_IXGRP)
		wanted->group.effective = inode->gid;
	wanted->user.saved = wanted->user.file = wanted->user.effective;
	wanted->group.saved = wanted->group.file = wanted->group.effective;
}

struct credentials credentials_of_program(const struct inode *inode)
{
	struct credentials wanted = *mine();

	take_ids_of_file(&wanted, inode);
	return wanted;
}

void credentials_exec(struct task *task, const struct inode *inode)
{
	const struct credentials old = task->credentials;
	struct credentials wanted = old;
	u64 rflags;

	take_ids_of_file(&wanted, inode);
	wanted.keeps_capabilities = false;
	/* Files have no capabilities here: root's have all, others' none. */
	wanted.permitted = wanted.ambient;
	if (!wanted.user.real || !wanted.user.effective)
		wanted.permitted = wanted.inheritable | wanted.bounding;
	wanted.effective = wanted.user.effective ? wanted.ambient :
						   wanted.permitted;

	rflags = spin_lock_irqsave(&tasks_lock);
	task->credentials = wanted;
	follow_euid(task, &old);
	task->process->is_dumpable =
		wanted.user.real == wanted.user.effective &&
		wanted.group.real == wanted.group.effective;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	rlimits_tell_memory(task);
}

/* ---- Asking -------------------------------------------------------------- */

i64 sys_getuid(void)
{
	return mine()->user.real;
}

i64 sys_geteuid(void)
{
	return mine()->user.effective;
}

i64 sys_getgid(void)
{
	return mine()->group.real;
}

i64 sys_getegid(void)
{
	return mine()->group.effective;
}

/* Three numbers to three places. */
static i64 copy_ids(const vaddr_t to[3], const u32 id[3])
{
	for (int i = 0; i < 3; i++)
		if (copy_to_user(to[i], &id[i], sizeof(id[i])) != 0)
			return -EFAULT;
	return 0;
}

i64 sys_getresuid(vaddr_t uid, vaddr_t euid, vaddr_t suid)
{
	const struct credentials *self = mine();

	return copy_ids((vaddr_t[]){ uid, euid, suid },
			(u32[]){ self->user.real, self->user.effective,
				 self->user.saved });
}

i64 sys_getresgid(vaddr_t gid, vaddr_t egid, vaddr_t sgid)
{
	const struct credentials *self = mine();

	return copy_ids((vaddr_t[]){ gid, egid, sgid },
			(u32[]){ self->group.real, self->group.effective,
				 self->group.saved });
}

/* ---- Groups -------------------------------------------------------------- */

#define GROUPS_MAX 65536

i64 sys_getgroups(int room, vaddr_t list)
{
	const struct groups *groups = mine()->groups;
	u32 count = groups ? groups->count : 0;

	if (room < 0)
		return -EINVAL;
	if (!room)
		return count;
	if (count > (u32)room)
		return -EINVAL;
	if (count && copy_to_user(list, groups->gid,
				  count * sizeof(groups->gid[0])) != 0)
		return -EFAULT;
	return count;
}

i64 sys_setgroups(int count, vaddr_t list)
{
	struct task *task = current_task();
	struct groups *groups, *old;
	u64 bytes = (u64)(u32)count * sizeof(groups->gid[0]);
	u64 rflags;

	if (!is_capable(CAP_SETGID))
		return -EPERM;
	if ((u32)count > GROUPS_MAX)
		return -EINVAL;
	groups = kmalloc(sizeof(*groups) + bytes);
	if (!groups)
		return -ENOMEM;
	groups->refcount = 1;
	groups->count = (u32)count;
	if (copy_from_user(groups->gid, list, bytes) != 0) {
		kfree(groups);
		return -EFAULT;
	}
	rflags = spin_lock_irqsave(&tasks_lock);
	old = task->credentials.groups;
	task->credentials.groups = groups;
	spin_unlock_irqrestore(&tasks_lock, rflags);
	groups_put(old);
	return 0;
}

/* ---- Capabilities -------------------------------------------------------- */

/* Versions of the structure: the first has one 32-bit part, the others two. */
#define CAPABILITY_VERSION_1 0x19980330u
#define CAPABILITY_VERSION_2 0x20071026u
#define CAPABILITY_VERSION_3 0x20080522u

struct linux_cap_header {
	u32 version;
	i32 pid;
};

struct linux_cap_data {
	u32 effective;
	u32 permitted;
	u32 inheritable;
};

/* Return: how many parts, or -EINVAL with the version we like written back. */
static int check_version(vaddr_t address, struct linux_cap_header *header)
{
	const u32 version = CAPABILITY_VERSION_3;

	if (copy_from_user(header, address, sizeof(*header)) != 0)
		return -EFAULT;
	if (header->version == CAPABILITY_VERSION_1)
		return 1;
	if (header->version == CAPABILITY_VERSION_2 ||
	    header->version == CAPABILITY_VERSION_3)
		return 2;
	if (copy_to_user(address, &version, sizeof(version)) != 0)
		return -EFAULT;
	return -EINVAL;
}

i64 sys_capget(vaddr_t header_address, vaddr_t data_address)
{
	struct linux_cap_header header;
	struct linux_cap_data data[2];
	int parts = check_version(header_address, &header);
	struct task *task;

	if (parts == -EINVAL && !data_address.val)
		return 0; /* only asked for the version */
	if (parts < 0)
		return parts;
	if (header.pid < 0)
		return -EINVAL;
	task = task_find_get(header.pid ? (u32)header.pid :
					  current_task()->pid);
	if (!task)
		return -ESRCH;
	for (int i = 0; i < 2; i++)
		data[i] = (struct linux_cap_data){
			(u32)(task->credentials.effective >> 32 * i),
			(u32)(task->credentials.permitted >> 32 * i),
			(u32)(task->credentials.inheritable >> 32 * i),
		};
	task_put(task);
	return copy_to_user(data_address, data,
			    (u64)(u32)parts * sizeof(data[0]));
}

i64 sys_capset(vaddr_t header_address, vaddr_t data_address)
{
	struct linux_cap_header header;
	struct linux_cap_data data[2] = { { 0, 0, 0 } };
	int parts = check_version(header_address, &header);
	struct credentials wanted = *mine();

	if (parts < 0)
		return parts;
	if (header.pid && (u32)header.pid != current_task()->pid)
		return -EPERM;
	if (copy_from_user(data, data_address,
			   (u64)(u32)parts * sizeof(data[0])) != 0)
		return -EFAULT;
	wanted.effective = (data[0].effective | (u64)data[1].effective << 32) &
			   CAPABILITIES_ALL;
	wanted.permitted = (data[0].permitted | (u64)data[1].permitted << 32) &
			   CAPABILITIES_ALL;
	wanted.inheritable =
		(data[0].inheritable | (u64)data[1].inheritable << 32) &
		CAPABILITIES_ALL;
	/* Nobody gives himself what he does not have. */
	if (wanted.permitted & ~mine()->permitted ||
	    wanted.effective & ~wanted.permitted ||
	    wanted.inheritable & ~(mine()->inheritable | mine()->bounding))
		return -EPERM;
	if (!is_capable(CAP_SETPCAP) &&
	    wanted.inheritable & ~(mine()->inheritable | mine()->permitted))
		return -EPERM;
	wanted.ambient &= wanted.permitted & wanted.inheritable;
	become(&wanted);
	return 0;
}
