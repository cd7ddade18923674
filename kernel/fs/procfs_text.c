/*
 * procfs_text.c - files of /proc that are text, and what is written to them
 *
 * The text is made by the first read and by every read at offset 0, so that
 * one program can keep a file open and look again with pread(2) or lseek(2).
 */
#include "kernel/fs/procfs.h"
#include "kernel/lib/errno.h"
#include "kernel/proc/task.h"
#include "kernel/sysctl.h"
#include "mm/kmem.h"

/* file->private */
struct reader {
	struct mutex lock;
	struct text text; /* lock */
	bool is_filled; /* lock */
	struct task *task; /* a reference; or NULL: not about a process */
};

static struct kmem_cache reader_cache =
	KMEM_CACHE("proc_reader", struct reader);

static int text_open(struct file *file)
{
	const struct proc_place *place = file->inode->private;
	struct reader *reader = kmem_cache_alloc_zeroed(&reader_cache);

	if (!reader)
		return -ENOMEM;
	if (place->pid) {
		reader->task = procfs_get_task(file->inode);
		if (!reader->task) {
			kmem_cache_free(&reader_cache, reader);
			return -ENOENT;
		}
	}
	mutex_init(&reader->lock, "proc_reader");
	text_init(&reader->text);
	file->private = reader;
	return 0;
}

static void text_release(struct file *file)
{
	struct reader *reader = file->private;

	if (reader->task)
		task_put(reader->task);
	text_destroy(&reader->text);
	kmem_cache_free(&reader_cache, reader);
}

/* => reader->lock held */
static int fill(struct reader *reader, const struct proc_place *place)
{
	char value[SYSCTL_TEXT_BYTES];

	text_destroy(&reader->text);
	reader->is_filled = false;
	if (place->sysctl) {
		sysctl_read(place->sysctl, value, sizeof(value));
		text_string(&reader->text, value);
	} else if (place->node->show) {
		place->node->show(&reader->text, reader->task);
	}
	if (reader->text.is_incomplete)
		return -ENOMEM;
	reader->is_filled = true;
	return 0;
}

static i64 text_file_read(struct file *file, struct io *io)
{
	struct reader *reader = file->private;
	i64 result = 0;

	mutex_lock(&reader->lock);
	if (io->position == 0 || !reader->is_filled)
		result = fill(reader, file->inode->private);
	if (!result)
		result = text_read(&reader->text, io);
	mutex_unlock(&reader->lock);
	return result;
}

static int write_value(struct reader *reader, const struct proc_place *place,
		       const char *value)
{
	if (place->sysctl)
		return sysctl_write(place->sysctl, value);
	return place->node->write(reader->task, value);
}

/* In one piece; what nobody wants to know is cut off. */
static i64 text_file_write(struct file *file, struct io *io)
{
	const struct proc_place *place = file->inode->private;
	u64 bytes = io->left;
	char value[SYSCTL_TEXT_BYTES];
	u64 length;
	int error;

	if (!place->sysctl && !place->node->write)
		return -EIO;
	if (bytes == 0)
		return 0;
	if (bytes >= sizeof(value) && place->sysctl)
		return -EINVAL;
	length = min_u64(bytes, sizeof(value) - 1);
	if (io_copy_in(io, value, length) < length)
		return -EFAULT;
	value[length] = '\0';
	error = write_value(file->private, place, value);
	if (error)
		return error;
	io->position += bytes;
	return (i64)bytes;
}

const struct file_ops procfs_text_ops = {
	.open = text_open,
	.read = text_file_read,
	.write = text_file_write,
	.lseek = file_lseek_inode,
	.release = text_release,
};
