/*
 * sys_fd.c - system calls that make, copy and close descriptors
 */
#include "kernel/fs/syscalls.h"

#include "kernel/fs/files.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/lib/errno.h"
#include "mm/uaccess.h"

/* memfd_create's name, with Linux's limit: NAME_MAX - strlen("memfd:"). */
#define MEMFD_NAME_BYTES 250

i64 sys_close(int fd)
{
	return files_close(fd);
}

#define CLOSE_RANGE_CLOEXEC 4u

i64 sys_close_range(u32 first, u32 last, u32 flags)
{
	if ((flags & ~CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	files_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
	return 0;
}

/* A second descriptor for @fd's file, >= @minimum. */
static i64 duplicate(int fd, u64 minimum, u32 flags)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	minimum = min_u64(minimum, UINT32_MAX); /* too large in any case */
	result = files_install(file, (u32)minimum, flags);
	if (result < 0)
		file_put(file);
	return result;
}

i64 sys_dup(int fd)
{
	return duplicate(fd, 0, 0);
}

static i64 duplicate_at(int old_fd, int new_fd, u32 flags)
{
	struct file *file;
	i64 result = files_get_file(old_fd, &file);

	if (result)
		return result;
	result = files_install_at(file, new_fd, flags);
	if (result < 0)
		file_put(file);
	return result;
}

i64 sys_dup2(int old_fd, int new_fd)
{
	struct file *file;
	int error;

	if (old_fd != new_fd)
		return duplicate_at(old_fd, new_fd, 0);
	error = files_get_file(old_fd, &file);
	if (error)
		return error;
	file_put(file);
	return new_fd;
}

i64 sys_dup3(int old_fd, int new_fd, u32 flags)
{
	if (old_fd == new_fd || (flags & ~O_CLOEXEC))
		return -EINVAL;
	return duplicate_at(old_fd, new_fd, flags);
}

static i64 get_or_set_flags(int fd, int command, u64 argument)
{
	const u32 changeable = O_APPEND | O_NONBLOCK;
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	if (command == F_GETFL)
		result = file->flags;
	else
		file->flags = (file->flags & ~changeable) |
			      ((u32)argument & changeable);
	file_put(file);
	return result;
}

/* Commands about the file, not about the descriptor. */
static i64 file_fcntl(int fd, int command, u64 argument)
{
	struct file *file;
	i64 result = files_get_file(fd, &file);

	if (result)
		return result;
	switch (command) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		result = locks_fcntl(file, command, VADDR(argument));
		/* Closed while it waited: then nobody else would unlock. */
		if (!files_is_file(fd, file))
			locks_release(file->inode, files_current());
		break;
	case F_GETPIPE_SZ:
		result = pipe_get_size(file);
		break;
	case F_SETPIPE_SZ:
		result = pipe_set_size(file, argument);
		break;
	default:
		result = -EINVAL;
	}
	file_put(file);
	return result;
}

i64 sys_fcntl(int fd, int command, u64 argument)
{
	int result;

	switch (command) {
	case F_DUPFD:
		return duplicate(fd, argument, 0);
	case F_DUPFD_CLOEXEC:
		return duplicate(fd, argument, O_CLOEXEC);
	case F_GETFD:
		result = files_get_cloexec(fd);
		return result > 0 ? FD_CLOEXEC : result;
	case F_SETFD:
		return files_set_cloexec(fd, argument & FD_CLOEXEC);
	case F_GETFL:
	case F_SETFL:
		return get_or_set_flags(fd, command, argument);
	default:
		return file_fcntl(fd, command, argument);
	}
}

/* Install one file, which is put on failure. */
static int install(struct file *file, u32 flags)
{
	int fd = files_install(file, 0, flags);

	if (fd < 0)
		file_put(file);
	return fd;
}

i64 sys_pipe2(vaddr_t fds, u32 flags)
{
	struct file *read_end;
	struct file *write_end;
	int fd[2];
	int error;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	error = pipe_create(flags & O_NONBLOCK, &read_end, &write_end);
	if (error)
		return error;
	fd[0] = install(read_end, flags);
	fd[1] = install(write_end, flags);
	error = fd[0] < 0 ? fd[0] : fd[1] < 0 ? fd[1] : 0;
	if (!error)
		error = copy_to_user(fds, fd, sizeof(fd));
	if (error) { /* closing what is not open does no harm */
		(void)!files_close(fd[0]);
		(void)!files_close(fd[1]);
	}
	return error;
}

i64 sys_pipe(vaddr_t fds)
{
	return sys_pipe2(fds, 0);
}

i64 sys_memfd_create(vaddr_t name, u32 flags)
{
	char text[MEMFD_NAME_BYTES];
	struct inode *inode;
	struct file *file;
	i64 length;
	int error;

	if (flags &
	    ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC))
		return -EINVAL;
	length = copy_string_from_user(text, name, sizeof(text));
	if (length < 0)
		return length == -ENAMETOOLONG ? -EINVAL : length;
	error = tmpfs_make_unnamed(text, &inode);
	if (error)
		return error;
	error = file_alloc(inode, O_RDWR | O_LARGEFILE, &file);
	inode_put(inode);
	if (error)
		return error;
	return install(file, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}

i64 sys_umask(u32 mask)
{
	struct files *files = files_current();
	u32 old = files->umask;

	files->umask = mask & 0777;
	return old;
}
