/*
 * files.c - see files.h
 */
#include "kernel/fs/files.h"

#include "kernel/fs/locks.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/x86_64/asm/percpu.h"
#include "mm/kmem.h"

/* Enough for most programs; then it doubles. */
#define SLOTS_FIRST 32

static struct kmem_cache files_cache = KMEM_CACHE("files", struct files);

/*
 * Make room for at least @slots descriptors.  Both arrays lie in one piece of
 * memory.  => files->lock held, or nobody else knows @files
 */
static int files_grow(struct files *files, u32 slots)
{
	u32 room = files->slots ? files->slots : SLOTS_FIRST;
	struct file **file;
	bool *close_on_exec;

	while (room < slots)
		room *= 2;
	if (room == files->slots)
		return 0;
	file = kmalloc_zeroed(room * (sizeof(*file) + sizeof(*close_on_exec)));
	if (!file)
		return -ENOMEM;
	close_on_exec = (bool *)(file + room);
	if (files->slots) {
		memcpy(file, files->file, files->slots * sizeof(*file));
		memcpy(close_on_exec, files->close_on_exec, files->slots);
	}
	kfree(files->file);
	files->file = file;
	files->close_on_exec = close_on_exec;
	files->slots = room;
	return 0;
}

struct files *files_create(void)
{
	struct files *files = kmem_cache_alloc_zeroed(&files_cache);

	if (!files)
		return NULL;
	files->refcount = 1;
	files->umask = 022;
	spinlock_init(&files->lock, "files");
	if (files_grow(files, SLOTS_FIRST) != 0) {
		kmem_cache_free(&files_cache, files);
		return NULL;
	}
	return files;
}

struct files *files_copy(struct files *parent)
{
	struct files *child = files_create();

	if (!child)
		return NULL;
	spin_lock(&parent->lock);
	if (files_grow(child, parent->slots) != 0) {
		spin_unlock(&parent->lock);
		files_put(child);
		return NULL;
	}
	memcpy(child->file, parent->file, parent->slots * sizeof(*child->file));
	memcpy(child->close_on_exec, parent->close_on_exec,
	       parent->slots * sizeof(*child->close_on_exec));
	for (u32 fd = 0; fd < parent->slots; fd++)
		if (child->file[fd])
			file_get(child->file[fd]);
	child->umask = parent->umask;
	child->cwd = parent->cwd;
	child->root = parent->root;
	if (child->cwd)
		inode_use(child->cwd);
	if (child->root)
		inode_use(child->root);
	spin_unlock(&parent->lock);
	return child;
}

void files_get(struct files *files)
{
	__atomic_fetch_add(&files->refcount, 1, __ATOMIC_RELAXED);
}

/* Any close of a file gives back the process's locks of it: fcntl(2). */
static void close_file(const struct files *files, struct file *file)
{
	locks_release(file->inode, files);
	file_put(file);
}

void files_put(struct files *files)
{
	if (__atomic_sub_fetch(&files->refcount, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (u32 fd = 0; fd < files->slots; fd++)
		if (files->file[fd])
			close_file(files, files->file[fd]);
	inode_unuse(files->cwd);
	inode_unuse(files->root);
	kfree(files->file);
	kmem_cache_free(&files_cache, files);
}

/* Empty a slot; returns what was in it.  => files->lock held */
static struct file *take_locked(struct files *files, u32 fd)
{
	struct file *file = files->file[fd];

	files->file[fd] = NULL;
	files->close_on_exec[fd] = false;
	return file;
}

void files_exec(struct files *files)
{
	for (u32 fd = 0; fd < files->slots; fd++) {
		struct file *file = NULL;

		spin_lock(&files->lock);
		if (files->close_on_exec[fd])
			file = take_locked(files, fd);
		spin_unlock(&files->lock);
		if (file)
			close_file(files, file);
	}
}

struct files *files_current(void)
{
	return current_task()->files;
}

/* The lowest free descriptor from *@fd on.  => files->lock held */
static int find_free_locked(struct files *files, u32 *fd)
{
	while (*fd < files->slots && files->file[*fd])
		(*fd)++;
	if (*fd >= rlimit_current(RLIMIT_NOFILE))
		return -EMFILE;
	return files_grow(files, *fd + 1);
}

int files_make_room(void)
{
	struct files *files = files_current();
	u32 fd = 0;
	int error;

	spin_lock(&files->lock);
	error = find_free_locked(files, &fd);
	spin_unlock(&files->lock);
	return error;
}

int files_install(struct file *file, u32 minimum, u32 flags)
{
	struct files *files = files_current();
	u32 fd = minimum;
	int error;

	if (minimum >= rlimit_current(RLIMIT_NOFILE))
		return -EINVAL;
	spin_lock(&files->lock);
	error = find_free_locked(files, &fd);
	if (!error) {
		files->file[fd] = file;
		files->close_on_exec[fd] = flags & O_CLOEXEC;
	}
	spin_unlock(&files->lock);
	return error ? error : (int)fd;
}

int files_install_at(struct file *file, int fd, u32 flags)
{
	struct files *files = files_current();
	struct file *old = NULL;
	int error;

	if (fd < 0 || (u32)fd >= rlimit_current(RLIMIT_NOFILE))
		return -EBADF;
	spin_lock(&files->lock);
	error = files_grow(files, (u32)fd + 1);
	if (!error) {
		old = take_locked(files, (u32)fd);
		files->file[fd] = file;
		files->close_on_exec[fd] = flags & O_CLOEXEC;
	}
	spin_unlock(&files->lock);
	if (old)
		close_file(files, old);
	return error ? error : fd;
}

/* Is @fd an open descriptor?  => files->lock held */
static bool is_open_locked(const struct files *files, int fd)
{
	return fd >= 0 && (u32)fd < files->slots && files->file[fd];
}

int files_get_file(int fd, struct file **file)
{
	struct files *files = files_current();
	int error = -EBADF;

	spin_lock(&files->lock);
	if (is_open_locked(files, fd)) {
		*file = files->file[fd];
		file_get(*file);
		error = 0;
	}
	spin_unlock(&files->lock);
	return error;
}

bool files_is_file(int fd, const struct file *file)
{
	struct files *files = files_current();
	bool is_same;

	spin_lock(&files->lock);
	is_same = is_open_locked(files, fd) && files->file[fd] == file;
	spin_unlock(&files->lock);
	return is_same;
}

int files_close(int fd)
{
	struct files *files = files_current();
	struct file *file = NULL;

	spin_lock(&files->lock);
	if (is_open_locked(files, fd))
		file = take_locked(files, (u32)fd);
	spin_unlock(&files->lock);
	if (!file)
		return -EBADF;
	close_file(files, file);
	return 0;
}

void files_close_range(u32 first, u32 last, bool only_mark)
{
	struct files *files = files_current();

	for (u32 fd = first; fd <= last && fd < READ_ONCE(files->slots); fd++) {
		struct file *file = NULL;

		spin_lock(&files->lock);
		if (only_mark)
			files->close_on_exec[fd] = files->file[fd] != NULL;
		else
			file = take_locked(files, fd);
		spin_unlock(&files->lock);
		if (file)
			close_file(files, file);
	}
}

int files_get_cloexec(int fd)
{
	struct files *files = files_current();
	int result = -EBADF;

	spin_lock(&files->lock);
	if (is_open_locked(files, fd))
		result = files->close_on_exec[fd];
	spin_unlock(&files->lock);
	return result;
}

int files_set_cloexec(int fd, bool on)
{
	struct files *files = files_current();
	int error = -EBADF;

	spin_lock(&files->lock);
	if (is_open_locked(files, fd)) {
		files->close_on_exec[fd] = on;
		error = 0;
	}
	spin_unlock(&files->lock);
	return error;
}

/* What @place of the table holds, or the root; with a reference. */
static struct inode *get_directory(struct files *files, struct inode **place)
{
	struct inode *directory;

	spin_lock(&files->lock);
	directory = *place ? *place : root_inode;
	inode_get(directory);
	spin_unlock(&files->lock);
	return directory;
}

static void set_directory(struct files *files, struct inode **place,
			  struct inode *directory)
{
	struct inode *old;

	inode_use(directory);
	spin_lock(&files->lock);
	old = *place;
	*place = directory;
	spin_unlock(&files->lock);
	inode_unuse(old);
	inode_put(directory);
}

struct inode *files_get_cwd(void)
{
	struct files *files = files_current();

	if (files)
		return get_directory(files, &files->cwd);
	inode_get(root_inode); /* a kernel thread, or boot */
	return root_inode;
}

struct inode *files_get_root(void)
{
	struct files *files = files_current();

	if (files)
		return get_directory(files, &files->root);
	inode_get(root_inode);
	return root_inode;
}

void files_set_cwd(struct inode *directory)
{
	struct files *files = files_current();

	set_directory(files, &files->cwd, directory);
}

void files_set_root(struct inode *directory)
{
	struct files *files = files_current();

	set_directory(files, &files->root, directory);
}
