/*
 * permission.c - see permission.h
 */
#include "kernel/fs/permission.h"

#include "kernel/lib/errno.h"
#include "kernel/proc/task.h"

#define BITS_OF_OWNER 6
#define BITS_OF_GROUP 3
#define KEEP_ID (~0u)

/* On whose behalf. */
struct asker {
	u32 uid;
	bool is_in_group; /* of the file */
	u64 capabilities;
};

static bool has(const struct asker *asker, enum capability capability)
{
	return asker->capabilities >> capability & 1;
}

/* Root reads and writes all, but runs only what somebody may run. */
static bool is_above_rules(const struct inode *inode, int want,
			   const struct asker *asker)
{
	bool is_directory = inode_is_directory(inode);

	if (has(asker, CAP_DAC_OVERRIDE))
		return !(want & X_OK) || is_directory || inode->mode & S_IXANY;
	return has(asker, CAP_DAC_READ_SEARCH) &&
	       (want == R_OK || (is_directory && !(want & W_OK)));
}

static int check(const struct inode *inode, int want, const struct asker *asker)
{
	u32 rights = inode->mode;

	/* One of the three counts, even if the next would allow more. */
	if (asker->uid == inode->uid)
		rights >>= BITS_OF_OWNER;
	else if (asker->is_in_group)
		rights >>= BITS_OF_GROUP;
	if (!((u32)want & ~rights))
		return 0;
	return is_above_rules(inode, want, asker) ? 0 : -EACCES;
}

int inode_permission(const struct inode *inode, int want)
{
	const struct credentials *self = &current_task()->credentials;
	const struct asker asker = {
		.uid = self->user.file,
		.is_in_group = is_in_group(inode->gid),
		.capabilities = self->effective,
	};

	if (inode->ops->allows && inode->ops->allows(inode, want))
		return 0;
	return check(inode, want, &asker);
}

int inode_permission_real(const struct inode *inode, int want)
{
	const struct credentials *self = &current_task()->credentials;
	const struct asker asker = {
		.uid = self->user.real,
		.is_in_group = inode->gid == self->group.real ||
			       (inode->gid != self->group.file &&
				is_in_group(inode->gid)),
		.capabilities = self->user.real ? 0 : self->permitted,
	};

	return check(inode, want, &asker);
}

int inode_permission_open(const struct inode *inode, u32 flags)
{
	static const int wants[] = { R_OK, W_OK, R_OK | W_OK, R_OK | W_OK };
	int want = wants[flags & O_ACCMODE];

	if (flags & O_PATH)
		return 0;
	return inode_permission(inode, flags & O_TRUNC ? want | W_OK : want);
}

int inode_permission_owner(const struct inode *inode)
{
	if (current_task()->credentials.user.file == inode->uid)
		return 0;
	return is_capable(CAP_FOWNER) ? 0 : -EPERM;
}

int inode_permission_remove(const struct inode *dir, const struct inode *victim)
{
	int error = inode_permission(dir, W_OK | X_OK);

	if (error || !(dir->mode & S_ISVTX))
		return error;
	/* As in /tmp: the owner of the file, or of the directory. */
	if (current_task()->credentials.user.file == dir->uid)
		return 0;
	return inode_permission_owner(victim);
}

int inode_permission_chown(const struct inode *inode, u32 uid, u32 gid)
{
	bool is_owner = current_task()->credentials.user.file == inode->uid;

	if (is_capable(CAP_CHOWN))
		return 0;
	if (uid != KEEP_ID && (!is_owner || uid != inode->uid))
		return -EPERM;
	if (gid != KEEP_ID &&
	    (!is_owner || (gid != inode->gid && !is_in_group(gid))))
		return -EPERM;
	return 0;
}
