/*
 * abi.h - the numbers and structures of Linux's file system calls
 *
 * Owns: nothing but layout.  Sources: Linux v6.12 include/uapi/asm-generic/
 * fcntl.h, include/uapi/linux/stat.h, arch/x86/include/uapi/asm/stat.h,
 * include/linux/dirent.h, include/uapi/linux/uio.h.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

#define PATH_MAX 4096 /* the terminator included */
#define NAME_MAX 255 /* one component, without terminator */
#define SYMLINKS_MAX 40 /* followed in one look-up; then ELOOP */
#define LINKS_MAX 127 /* names of one inode; then EMLINK */

/* One read or write moves at most this much, so that it fits an int. */
#define RW_COUNT_MAX 0x7ffff000UL
#define FILE_BYTES_MAX 0x7fffffffffffffffUL
#define IOV_MAX 1024

/* open(2) */
#define O_RDONLY 0u
#define O_WRONLY 01u
#define O_RDWR 02u
#define O_ACCMODE 03u
#define O_CREAT 0100u
#define O_EXCL 0200u
#define O_NOCTTY 0400u
#define O_TRUNC 01000u
#define O_APPEND 02000u
#define O_NONBLOCK 04000u
#define O_LARGEFILE 0100000u /* always, on 64 bits */
#define O_DIRECTORY 0200000u
#define O_NOFOLLOW 0400000u
#define O_CLOEXEC 02000000u
#define O_PATH 010000000u
#define O_TMPFILE 020200000u /* has O_DIRECTORY's bit set as well */

/* The type and the rights of an inode. */
#define S_IFMT 0170000u
#define S_IFSOCK 0140000u
#define S_IFLNK 0120000u
#define S_IFREG 0100000u
#define S_IFBLK 0060000u
#define S_IFDIR 0040000u
#define S_IFCHR 0020000u
#define S_IFIFO 0010000u
#define S_IPERM 07777u
#define S_IXANY 0111u
#define S_ISUID 04000u
#define S_ISGID 02000u
#define S_ISVTX 01000u
#define S_IXGRP 0010u

/* d_type of getdents64(2) is the type's bits moved down. */
#define DT_SHIFT 12

/* *at() calls */
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_EACCESS 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_EMPTY_PATH 0x1000

#define R_OK 4
#define W_OK 2
#define X_OK 1

/* lseek(2) */
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

/* fcntl(2) */
#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ 1031
#define F_GETPIPE_SZ 1032
#define FD_CLOEXEC 1

/* memfd_create(2) */
#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC 16u

struct linux_timespec {
	i64 seconds;
	i64 nanoseconds;
};

struct linux_stat {
	u64 device;
	u64 inode;
	u64 links;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 padding;
	u64 device_of_node; /* st_rdev */
	i64 size;
	i64 block_size;
	i64 blocks; /* of 512 bytes */
	struct linux_timespec accessed;
	struct linux_timespec modified;
	struct linux_timespec changed;
	i64 unused[3];
};

struct linux_iovec {
	u64 base;
	u64 length;
};

/* Followed by the name, its terminator and padding to 8 bytes. */
struct linux_dirent64 {
	u64 inode;
	i64 next_offset;
	u16 record_bytes;
	u8 type;
} __packed;

_Static_assert(sizeof(struct linux_stat) == 144, "Linux's layout");
_Static_assert(sizeof(struct linux_iovec) == 16, "Linux's layout");
_Static_assert(sizeof(struct linux_dirent64) == 19, "the name follows at 19");

/* A device number as stat(2) shows it; both parts are below 256 here. */
static inline u64 device_number(u32 major, u32 minor)
{
	return (u64)(major << 8 | minor);
}
