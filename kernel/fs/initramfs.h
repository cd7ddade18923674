/*
 * initramfs.h - the archive the boot loader brought becomes the root's files
 *
 * Owns: the parser of cpio's "newc" format.
 * Source: Linux v6.12 Documentation/driver-api/early-userspace/
 * buffer-format.rst; cpio(5).
 */
#pragma once

#include "boot/boot_info.h"

/**
 * initramfs_unpack() - make the files of all archives in the initramfs
 *
 * => the archives are checked to the end before the first file is made
 * => the memory goes to the frame allocator as it is used up, so that a small
 *    machine need not hold everything twice
 *
 * Return: 0; -ENOENT: there is none; -EINVAL: damaged, one log line says
 * where; -ENOSPC or -ENOMEM: it does not fit.
 */
int initramfs_unpack(const struct boot_info *info) __must_check;
