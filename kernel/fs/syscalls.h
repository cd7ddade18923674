/*
 * syscalls.h - the system calls about files
 *
 * Arguments and results are those of Linux's manual pages, section 2.  A user
 * pointer is a vaddr_t, a descriptor an int.
 * Return: a negative errno on failure.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

struct trap_frame;

/* kernel/fs/sys_rw.c */
i64 sys_read(int fd, vaddr_t buffer, u64 bytes);
i64 sys_write(int fd, vaddr_t buffer, u64 bytes);
i64 sys_readv(int fd, vaddr_t pieces, u64 count);
i64 sys_writev(int fd, vaddr_t pieces, u64 count);
i64 sys_pread64(int fd, vaddr_t buffer, u64 bytes, i64 position);
i64 sys_pwrite64(int fd, vaddr_t buffer, u64 bytes, i64 position);
i64 sys_lseek(int fd, i64 offset, int whence);
i64 sys_ioctl(int fd, u32 command, u64 argument);
i64 sys_getdents64(int fd, vaddr_t buffer, u32 bytes);
i64 sys_fsync(int fd);
i64 sys_preadv(int fd, vaddr_t pieces, u64 count, i64 position);
i64 sys_pwritev(int fd, vaddr_t pieces, u64 count, i64 position);
i64 sys_preadv2(const struct trap_frame *frame);
i64 sys_pwritev2(const struct trap_frame *frame);

/* kernel/fs/sys_fd.c */
i64 sys_close(int fd);
i64 sys_close_range(u32 first, u32 last, u32 flags);
i64 sys_dup(int fd);
i64 sys_dup2(int old_fd, int new_fd);
i64 sys_dup3(int old_fd, int new_fd, u32 flags);
i64 sys_fcntl(int fd, int command, u64 argument);
i64 sys_pipe(vaddr_t fds);
i64 sys_pipe2(vaddr_t fds, u32 flags);
i64 sys_memfd_create(vaddr_t name, u32 flags);
i64 sys_umask(u32 mask);

/* kernel/fs/sys_path.c */
i64 sys_open(vaddr_t path, u32 flags, u32 mode);
i64 sys_openat(int dir_fd, vaddr_t path, u32 flags, u32 mode);
i64 sys_creat(vaddr_t path, u32 mode);
i64 sys_mkdir(vaddr_t path, u32 mode);
i64 sys_mkdirat(int dir_fd, vaddr_t path, u32 mode);
i64 sys_mknod(vaddr_t path, u32 mode, u64 rdev);
i64 sys_mknodat(int dir_fd, vaddr_t path, u32 mode, u64 rdev);
i64 sys_symlink(vaddr_t target, vaddr_t path);
i64 sys_symlinkat(vaddr_t target, int dir_fd, vaddr_t path);
i64 sys_rmdir(vaddr_t path);
i64 sys_unlink(vaddr_t path);
i64 sys_unlinkat(int dir_fd, vaddr_t path, u32 flags);
i64 sys_rename(vaddr_t from, vaddr_t to);
i64 sys_renameat(int from_fd, vaddr_t from, int to_fd, vaddr_t to);
i64 sys_renameat2(int from_fd, vaddr_t from, int to_fd, vaddr_t to, u32 flags);
i64 sys_link(vaddr_t from, vaddr_t to);
i64 sys_linkat(int from_fd, vaddr_t from, int to_fd, vaddr_t to, u32 flags);

/* kernel/fs/sys_stat.c */
i64 sys_stat(vaddr_t path, vaddr_t stat);
i64 sys_lstat(vaddr_t path, vaddr_t stat);
i64 sys_fstat(int fd, vaddr_t stat);
i64 sys_newfstatat(int dir_fd, vaddr_t path, vaddr_t stat, u32 flags);
i64 sys_access(vaddr_t path, u32 mode);
i64 sys_faccessat(int dir_fd, vaddr_t path, u32 mode);
i64 sys_faccessat2(int dir_fd, vaddr_t path, u32 mode, u32 flags);
i64 sys_readlink(vaddr_t path, vaddr_t buffer, i32 bytes);
i64 sys_readlinkat(int dir_fd, vaddr_t path, vaddr_t buffer, i32 bytes);
i64 sys_truncate(vaddr_t path, i64 bytes);
i64 sys_ftruncate(int fd, i64 bytes);
i64 sys_chmod(vaddr_t path, u32 mode);
i64 sys_fchmod(int fd, u32 mode);
i64 sys_fchmodat(int dir_fd, vaddr_t path, u32 mode);
i64 sys_chroot(vaddr_t path);
i64 sys_getcwd(vaddr_t buffer, u64 bytes);
i64 sys_chdir(vaddr_t path);
i64 sys_fchdir(int fd);

/* kernel/fs/sys_poll.c; those with six arguments look at the registers. */
i64 sys_poll(vaddr_t fds, u32 count, int ms);
i64 sys_ppoll(vaddr_t fds, u32 count, vaddr_t time, vaddr_t mask,
	      u64 mask_bytes);
i64 sys_select(int fds, vaddr_t in, vaddr_t out, vaddr_t except, vaddr_t time);
i64 sys_pselect6(const struct trap_frame *frame);

/* kernel/fs/epoll.c */
i64 sys_epoll_create(int size);
i64 sys_epoll_create1(u32 flags);
i64 sys_epoll_ctl(int epoll_fd, int operation, int fd, vaddr_t event);
i64 sys_epoll_wait(int fd, vaddr_t events, int room, int ms);
i64 sys_epoll_pwait(const struct trap_frame *frame);
i64 sys_epoll_pwait2(const struct trap_frame *frame);

/* kernel/fs/eventfd.c */
i64 sys_eventfd(u32 count);
i64 sys_eventfd2(u32 count, u32 flags);

/* kernel/fs/signalfd.c */
i64 sys_signalfd(int fd, vaddr_t set, u64 set_bytes);
i64 sys_signalfd4(int fd, vaddr_t set, u64 set_bytes, u32 flags);

/* kernel/fs/timerfd.c */
i64 sys_timerfd_create(int clock, u32 flags);
i64 sys_timerfd_settime(int fd, u32 flags, vaddr_t new_value,
			vaddr_t old_value);
i64 sys_timerfd_gettime(int fd, vaddr_t value);

/* kernel/fs/locks.c */
i64 sys_flock(int fd, int operation);

/* kernel/fs/sys_attr.c */
i64 sys_statx(int dir_fd, vaddr_t path, u32 flags, u32 mask, vaddr_t to);
i64 sys_statfs(vaddr_t path, vaddr_t to);
i64 sys_fstatfs(int fd, vaddr_t to);
i64 sys_fchownat(int dir_fd, vaddr_t path, u32 uid, u32 gid, u32 flags);
i64 sys_chown(vaddr_t path, u32 uid, u32 gid);
i64 sys_lchown(vaddr_t path, u32 uid, u32 gid);
i64 sys_fchown(int fd, u32 uid, u32 gid);
i64 sys_utimensat(int dir_fd, vaddr_t path, vaddr_t from, u32 flags);
i64 sys_futimesat(int dir_fd, vaddr_t path, vaddr_t from);
i64 sys_utimes(vaddr_t path, vaddr_t from);
i64 sys_utime(vaddr_t path, vaddr_t from);

/* kernel/fs/sys_copy.c */
i64 sys_sendfile(int out_fd, int in_fd, vaddr_t offset, u64 bytes);
i64 sys_copy_file_range(const struct trap_frame *frame);
i64 sys_fallocate(int fd, u32 mode, i64 start, i64 bytes);
i64 sys_sync(void);
i64 sys_syncfs(int fd);
i64 sys_fdatasync(int fd);

/* kernel/fs/mount.c */
i64 sys_mount(vaddr_t source, vaddr_t target, vaddr_t type, u64 flags,
	      vaddr_t data);
i64 sys_umount2(vaddr_t target, u32 flags);
