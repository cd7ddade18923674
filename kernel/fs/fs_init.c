/*
 * fs_init.c - see fs_init.h
 */
#include "kernel/fs/fs_init.h"

#include "kernel/dev/device.h"
#include "kernel/fs/files.h"
#include "kernel/fs/initramfs.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "mm/object.h"

/* As the archive may have the same directory: that is fine. */
static int make_directory(const char *path, u32 mode)
{
	struct new_node node = { .mode = S_IFDIR | mode };
	int error = vfs_make(NULL, path, &node);

	return error == -EEXIST ? 0 : error;
}

/* What came with the initramfs counts, but is not refused. */
static void limit_files(void)
{
	struct frame_stats stats = frame_stats_read();

	object_limit_frames = (stats.total - stats.reserved) / 2;
}

int fs_init(const struct boot_info *info)
{
	static const struct mount_request proc = { "proc", "/proc", "proc" };
	static const struct mount_request pts = { "devpts", "/dev/pts",
						  "devpts" };
	struct inode *root = tmpfs_create();
	struct inode *dev;
	int error;

	if (!root)
		return -ENOMEM;
	inode_set_root(root);
	inode_put(root);
	procfs_command_line = info->command_line;
	error = mount_note_root();
	if (!error)
		error = initramfs_unpack(info);
	if (!error)
		error = make_directory("/proc", 0555);
	if (!error)
		error = mount_add(&proc);
	if (!error)
		error = make_directory("/tmp", 01777);
	if (!error)
		error = make_directory("/dev", 0755);
	if (!error)
		error = path_walk(NULL, "/dev", WALK_DIRECTORY, &dev);
	if (!error) {
		error = device_make_nodes(dev);
		inode_put(dev);
	}
	if (!error)
		error = mount_add(&pts);
	limit_files();
	return error;
}

int fs_open_console(void)
{
	struct file *file;
	int error = vfs_open(NULL, "/dev/console", O_RDWR, 0, &file);

	if (error)
		return error;
	for (int fd = 0; fd <= 2 && !error; fd++) {
		int installed;

		file_get(file);
		installed = files_install_at(file, fd, 0);
		if (installed < 0) {
			file_put(file);
			error = installed;
		}
	}
	file_put(file);
	return error;
}
