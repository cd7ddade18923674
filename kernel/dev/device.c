/*
 * device.c - see device.h
 */
#include "kernel/dev/device.h"

#include "kernel/fs/vfs.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"

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
	{ "tty", 5, 0, 0666, &device_console_ops },
	{ "console", 5, 1, 0600, &device_console_ops },
	{ "ttyS0", 4, 64, 0600, &device_console_ops },
};

const struct file_ops *device_find(u64 rdev)
{
	for (u64 i = 0; i < ARRAY_SIZE(devices); i++)
		if (device_number(devices[i].major, devices[i].minor) == rdev)
			return devices[i].ops;
	return NULL;
}

static int make_node(const struct device *device)
{
	struct new_node node = {
		.mode = S_IFCHR | device->mode,
		.rdev = device_number(device->major, device->minor),
	};
	char path[32];
	int error;

	snprintf(path, sizeof(path), "/dev/%s", device->name);
	error = vfs_make(NULL, path, &node);
	return error == -EEXIST ? 0 : error; /* the initramfs has it */
}

int device_make_nodes(void)
{
	int error = 0;

	for (u64 i = 0; i < ARRAY_SIZE(devices) && !error; i++)
		error = make_node(&devices[i]);
	return error;
}
