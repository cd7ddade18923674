/*
 * fs_init.h - the file layer at boot
 */
#pragma once

#include "boot/boot_info.h"

/**
 * fs_init() - root file system, /proc, initramfs, /dev
 *
 * => tasks exist (mutexes have owners); @info stays valid for good
 *
 * Return: 0, or as initramfs_unpack().
 */
int fs_init(const struct boot_info *info) __must_check;

/* Open /dev/console as descriptors 0, 1 and 2 of the current task. */
int fs_open_console(void) __must_check;
