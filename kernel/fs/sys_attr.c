/*
 * sys_attr.c - system calls about attributes: statx, statfs, owners, times
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/at.h"
#include "kernel/fs/files.h"
#include "kernel/fs/path.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/permission.h"
#include "kernel/lib/errno.h"
#include "mm/object.h"
#include "mm/uaccess.h"

#define NS_PER_SECOND 1000000000L

/* ---- statx --------------------------------------------------------------- */

#define STATX_BASIC_STATS 0x7ffu
#define STATX_RESERVED 0x80000000u
/* AT_NO_AUTOMOUNT and AT_STATX_…_SYNC: nothing here is remote. */
#define STATX_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800 | 0x6000)

struct linux_statx_time {
	i64 seconds;
	u32 nanoseconds;
	i32 padding;
};

struct linux_statx {
	u32 mask;
	u32 block_size;
	u64 attributes;
	u32 links;
	u32 uid;
	u32 gid;
	u16 mode;
	u16 padding;
	u64 inode;
	u64 size;
	u64 blocks;
	u64 attributes_mask;
	struct linux_statx_time accessed;
	struct linux_statx_time born;
	struct linux_statx_time changed;
	struct linux_statx_time modified;
	u32 major_of_node;
	u32 minor_of_node;
	u32 major;
	u32 minor;
	u64 unused[14];
};

_Static_assert(sizeof(struct linux_statx) == 256, "Linux's layout");

static struct linux_statx_time statx_time(struct linux_timespec time)
{
	return (struct linux_statx_time){
		.seconds = time.seconds,
		.nanoseconds = (u32)time.nanoseconds,
	};
}

static void to_statx(const struct linux_stat *stat, struct linux_statx *statx)
{
	*statx = (struct linux_statx){
		.mask = STATX_BASIC_STATS,
		.block_size = (u32)stat->block_size,
		.links = (u32)stat->links,
		.uid = stat->uid,
		.gid = stat->gid,
		.mode = (u16)stat->mode,
		.inode = stat->inode,
		.size = (u64)stat->size,
		.blocks = (u64)stat->blocks,
		.accessed = statx_time(stat->accessed),
		.changed = statx_time(stat->changed),
		.modified = statx_time(stat->modified),
		.major_of_node = (u32)stat->device_of_node >> 8,
		.minor_of_node = (u32)stat->device_of_node & 0xff,
		.major = (u32)stat->device >> 8,
		.minor = (u32)stat->device & 0xff,
	};
}

i64 sys_statx(int dir_fd, vaddr_t path, u32 flags, u32 mask, vaddr_t to)
{
	struct linux_statx statx;
	struct linux_stat stat;
	struct inode *inode;
	int error;

	if ((flags & ~(u32)STATX_FLAGS) || (mask & STATX_RESERVED))
		return -EINVAL;
	error = at_find(dir_fd, path, flags, &inode);
	if (error)
		return error;
	inode_stat(inode, &stat);
	inode_put(inode);
	to_statx(&stat, &statx);
	return copy_to_user(to, &statx, sizeof(statx));
}

/* ---- statfs -------------------------------------------------------------- */

struct linux_statfs {
	u64 type;
	u64 block_size;
	u64 blocks;
	u64 blocks_free;
	u64 blocks_available;
	u64 files;
	u64 files_free;
	u32 id[2];
	u64 name_max;
	u64 fragment_size;
	u64 flags;
	u64 spare[4];
};

_Static_assert(sizeof(struct linux_statfs) == 120, "Linux's layout");

static i64 statfs_inode(const struct inode *inode, vaddr_t to)
{
	u64 limit = object_limit_frames;
	struct linux_statfs statfs = {
		.type = mount_magic(inode->filesystem),
		.block_size = PAGE_SIZE,
		.id = { inode->filesystem },
		.name_max = NAME_MAX,
		.fragment_size = PAGE_SIZE,
	};

	if (statfs.type == TMPFS_MAGIC) { /* all share one limit */
		statfs.blocks = limit;
		statfs.blocks_free =
			limit - min_u64(limit, READ_ONCE(object_limit_used));
		statfs.blocks_available = statfs.blocks_free;
		statfs.files = limit;
		statfs.files_free = statfs.blocks_free;
	}
	return copy_to_user(to, &statfs, sizeof(statfs));
}

i64 sys_statfs(vaddr_t path, vaddr_t to)
{
	struct inode *inode;
	i64 result = at_walk(AT_FDCWD, path, WALK_FOLLOW, &inode);

	if (result)
		return result;
	result = statfs_inode(inode, to);
	inode_put(inode);
	return result;
}

i64 sys_fstatfs(int fd, vaddr_t to)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	result = statfs_inode(file->inode, to);
	file_put(file);
	return result;
}

/* ---- Owners --------------------------------------------------------------- */

#define KEEP_ID (~0u)

static int change_owner(struct inode *inode, u32 uid, u32 gid)
{
	int error = inode_permission_chown(inode, uid, gid);

	if (error)
		return error;
	mutex_lock(&inode->lock);
	if (uid != KEEP_ID)
		inode->uid = uid;
	if (gid != KEEP_ID)
		inode->gid = gid;
	/* What ran with the old owner's rights must not with the new one's. */
	if (!inode_is_directory(inode)) {
		inode->mode &= ~S_ISUID;
		if (inode->mode & S_IXGRP)
			inode->mode &= ~S_ISGID;
	}
	inode_touch_changed(inode);
	mutex_unlock(&inode->lock);
	return 0;
}

i64 sys_fchownat(int dir_fd, vaddr_t path, u32 uid, u32 gid, u32 flags)
{
	struct inode *inode;
	int error;

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = at_find(dir_fd, path, flags, &inode);
	if (error)
		return error;
	error = change_owner(inode, uid, gid);
	inode_put(inode);
	return error;
}

i64 sys_chown(vaddr_t path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

i64 sys_lchown(vaddr_t path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

i64 sys_fchown(int fd, u32 uid, u32 gid)
{
	struct file *file;
	int error = files_get_file(fd, &file);

	if (error)
		return error;
	if (file->flags & O_PATH)
		error = -EBADF;
	else
		error = change_owner(file->inode, uid, gid);
	file_put(file);
	return error;
}

/* ---- Times --------------------------------------------------------------- */

#define UTIME_NOW 0x3fffffffL
#define UTIME_OMIT 0x3ffffffeL

struct times {
	struct linux_timespec accessed;
	struct linux_timespec modified;
};

static const struct times times_now = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

static bool is_special(const struct linux_timespec *time)
{
	return time->nanoseconds == UTIME_NOW ||
	       time->nanoseconds == UTIME_OMIT;
}

static bool is_valid(const struct linux_timespec *time)
{
	return is_special(time) ||
	       (time->nanoseconds >= 0 && time->nanoseconds < NS_PER_SECOND);
}

static void set_time(u64 *ns, const struct linux_timespec *time)
{
	if (time->nanoseconds == UTIME_NOW)
		*ns = inode_now_ns();
	else if (time->nanoseconds != UTIME_OMIT)
		/* Times before 1970 are not kept; after 2262 neither. */
		*ns = time->seconds < 0 ? 0 :
					  (u64)time->seconds * NS_PER_SECOND +
						  (u64)time->nanoseconds;
}

/* To "now" also those may set them who could write to the file. */
static int may_set_times(const struct inode *inode, const struct times *times)
{
	int error = inode_permission_owner(inode);

	if (error && times->accessed.nanoseconds == UTIME_NOW &&
	    times->modified.nanoseconds == UTIME_NOW)
		error = inode_permission(inode, W_OK);
	return error;
}

/* @path NULL: @dir_fd itself. */
static i64 change_times(int dir_fd, vaddr_t path, const struct times *times,
			u32 flags)
{
	struct inode *inode;
	int error;

	if (!is_valid(&times->accessed) || !is_valid(&times->modified))
		return -EINVAL;
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (times->accessed.nanoseconds == UTIME_OMIT &&
	    times->modified.nanoseconds == UTIME_OMIT)
		return 0;
	if (!path.val && dir_fd == AT_FDCWD)
		return -EFAULT;
	error = at_find(dir_fd, path, path.val ? flags : AT_EMPTY_PATH, &inode);
	if (error)
		return error;
	error = may_set_times(inode, times);
	if (error) {
		inode_put(inode);
		return error;
	}
	mutex_lock(&inode->lock);
	set_time(&inode->accessed_ns, &times->accessed);
	set_time(&inode->modified_ns, &times->modified);
	inode_touch_changed(inode);
	mutex_unlock(&inode->lock);
	inode_put(inode);
	return 0;
}

i64 sys_utimensat(int dir_fd, vaddr_t path, vaddr_t from, u32 flags)
{
	struct times times = times_now;

	if (from.val && copy_from_user(&times, from, sizeof(times)) != 0)
		return -EFAULT;
	return change_times(dir_fd, path, &times, flags);
}

/* The older calls: microseconds. */
i64 sys_futimesat(int dir_fd, vaddr_t path, vaddr_t from)
{
	struct times times = times_now;

	if (from.val) {
		if (copy_from_user(&times, from, sizeof(times)) != 0)
			return -EFAULT;
		if ((u64)times.accessed.nanoseconds >= 1000000 ||
		    (u64)times.modified.nanoseconds >= 1000000)
			return -EINVAL;
		times.accessed.nanoseconds *= 1000;
		times.modified.nanoseconds *= 1000;
	}
	return change_times(dir_fd, path, &times, 0);
}

i64 sys_utimes(vaddr_t path, vaddr_t from)
{
	return sys_futimesat(AT_FDCWD, path, from);
}

/* The oldest: seconds. */
i64 sys_utime(vaddr_t path, vaddr_t from)
{
	struct times times = times_now;
	i64 seconds[2];

	if (from.val) {
		if (copy_from_user(seconds, from, sizeof(seconds)) != 0)
			return -EFAULT;
		times = (struct times){ { seconds[0], 0 }, { seconds[1], 0 } };
	}
	return change_times(AT_FDCWD, path, &times, 0);
}
