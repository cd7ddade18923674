/*
 * fs_init.c - see fs_init.h
 */
#include "kernel/fs/fs_init.h"

#include "kernel/dev/device.h"
#include "kernel/fs/files.h"
#include "kernel/fs/initramfs.h"
#include "kernel/fs/path.h"
#include "kernel/fs/procfs.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"

/* As the archive may have the same directory: that is fine. */
static int make_directory(const char *path, u32 mode)
{
	struct new_node node = { .mode = S_IFDIR | mode };
	int error = vfs_make(NULL, path, &node);

	return error == -EEXIST ? 0 : error;
}

static int mount_proc(void)
{
	struct inode *root = procfs_create();
	struct inode *directory;
	int error;

	if (!root)
		return -ENOMEM;
	error = path_walk(NULL, "/proc", WALK_DIRECTORY, &directory);
	if (!error) {
		inode_mount(directory, root);
		inode_put(directory);
	}
	inode_put(root);
	return error;
}

int fs_init(const struct boot_info *info)
{
	struct inode *root = tmpfs_create();
	int error;

	if (!root)
		return -ENOMEM;
	inode_set_root(root);
	inode_put(root);
	procfs_command_line = info->command_line;
	error = initramfs_unpack(info);
	if (!error)
		error = make_directory("/proc", 0555);
	if (!error)
		error = mount_proc();
	if (!error)
		error = make_directory("/tmp", 01777);
	if (!error)
		error = make_directory("/dev", 0755);
	if (!error)
		error = device_make_nodes();
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
