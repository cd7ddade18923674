/*
 * device.c - see device.h
 */
#include "kernel/dev/device.h"

#include "kernel/dev/tty.h"
#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"

struct device {
	const char *name; /* in /dev */
	u32 major;
	u32 minor;
	u32 mode;
	const struct file_ops *ops;
};

static const struct device devices[] = {
	{ "null", 1, 3, 0666, &device_null_ops },
	{ "zero", 1, 5, 0666, &device_zero_ops },
	{ "full", 1, 7, 0666, &device_full_ops },
	{ "random", 1, 8, 0666, &device_random_ops },
	{ "urandom", 1, 9, 0666, &device_random_ops },
	{ "kmsg", 1, 11, 0644, &device_kmsg_ops },
	{ "tty", 5, 0, 0666, &tty_current_ops },
	{ "ptmx", 5, 2, 0666, &device_ptmx_ops },
	{ "console", 5, 1, 0600, &device_console_ops },
	{ "ttyS0", 4, 64, 0600, &device_console_ops },
};

/* Of /dev/pts/N; their nodes come and go. */
#define PTS_MAJOR 136

const struct file_ops *device_find(u64 rdev)
{
	if (rdev >> 8 == PTS_MAJOR)
		return &device_pts_ops;
	for (u64 i = 0; i < ARRAY_SIZE(devices); i++)
		if (device_number(devices[i].major, devices[i].minor) == rdev)
			return devices[i].ops;
	return NULL;
}

/* As the initramfs may have the same: that is fine. */
static int make(struct inode *dev, const char *name,
		const struct new_node *node)
{
	int error = vfs_make(dev, name, node);

	return error == -EEXIST ? 0 : error;
}

/* What programs expect beside the devices. */
static int make_links(struct inode *dev)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
	};
	static const struct new_node shm = { .mode = S_IFDIR | 01777 };
	static const struct new_node pts = { .mode = S_IFDIR | 0755 };
	int error = make(dev, "shm", &shm);

	if (!error)
		error = make(dev, "pts", &pts);
	for (u64 i = 0; i < ARRAY_SIZE(links) && !error; i++) {
		struct new_node link = { .mode = S_IFLNK | 0777,
					 .target = links[i][1] };

		error = make(dev, links[i][0], &link);
	}
	return error;
}

int device_make_nodes(struct inode *dev)
{
	int error = 0;

	for (u64 i = 0; i < ARRAY_SIZE(devices) && !error; i++) {
		const struct device *device = &devices[i];
		struct new_node node = {
			.mode = S_IFCHR | device->mode,
			.rdev = device_number(device->major, device->minor),
		};

		error = make(dev, device->name, &node);
	}
	return error ? error : make_links(dev);
}
