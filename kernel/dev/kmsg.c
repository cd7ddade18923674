/*
 * kmsg.c - /dev/kmsg: the kernel's log, to read and to add to
 *
 * Source: Linux v6.12 Documentation/ABI/testing/dev-kmsg.  A record's number
 * is its place in the log, in bytes; its time is not kept and reads 0.
 */
#include "kernel/dev/device.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"

/* One record; as long as the log's longest line. */
#define LINE_BYTES 512
/* "<2>" */
#define PREFIX_BYTES 3

/* Linux's numbers of our levels; '0' is a multiple of 3. */
static const char levels[] = { '3', '4', '6' };

/* One record for each read.  At the end, as if O_NONBLOCK was given. */
static i64 kmsg_read(struct file *file, struct io *io)
{
	char line[LINE_BYTES];
	char head[48];
	u64 start = io->position;
	size_t length = printk_read_line(&io->position, line, sizeof(line));
	u64 head_length;

	(void)file;
	if (length <= PREFIX_BYTES)
		return -EAGAIN;
	head_length = (u64)snprintf(head, sizeof(head), "%c,%lu,0,-;",
				    levels[(u8)line[1] % 3], start);
	length -= PREFIX_BYTES;
	if (io->left < head_length + length) {
		io->position = start;
		return -EINVAL;
	}
	if (io_copy_out(io, head, head_length) < head_length ||
	    io_copy_out(io, line + PREFIX_BYTES, length) < length)
		return -EFAULT;
	return (i64)(head_length + length);
}

/* A line of its own, with or without "<level>" in front. */
static i64 kmsg_write(struct file *file, struct io *io)
{
	char line[LINE_BYTES / 2];
	u64 bytes = io->left;
	u64 length = min_u64(bytes, sizeof(line) - 1);
	const char *text = line;

	(void)file;
	if (io_copy_in(io, line, length) < length)
		return -EFAULT;
	while (length && line[length - 1] == '\n')
		length--;
	line[length] = '\0';
	if (line[0] == '<') {
		const char *end = line;

		while (*end && *end != '>')
			end++;
		if (*end)
			text = end + 1;
	}
	log_info("%s\n", text);
	return (i64)bytes;
}

/* To the first line, or behind the last: lseek(2) of the others is EINVAL. */
static i64 kmsg_lseek(struct file *file, i64 offset, int whence)
{
	char line[1];

	if (offset != 0 || (whence != SEEK_SET && whence != SEEK_END))
		return -EINVAL;
	mutex_lock(&file->position_lock);
	if (whence == SEEK_SET)
		file->position = 0;
	else
		while (printk_read_line(&file->position, line, sizeof(line)))
			;
	mutex_unlock(&file->position_lock);
	return 0;
}

const struct file_ops device_kmsg_ops = {
	.read = kmsg_read,
	.write = kmsg_write,
	.lseek = kmsg_lseek,
};
