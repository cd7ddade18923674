/*
 * permission.h - may the current task do this with that file?
 *
 * Owns: the rules of owner, group and others, and who is above them.
 * Source: path_resolution(7), "Permissions"; Linux v6.12 fs/namei.c.
 */
#pragma once

#include "kernel/fs/inode.h"

/**
 * inode_permission() - may the current task use @inode so?
 * @want: of R_OK, W_OK, X_OK; for a directory X_OK is to look names up
 *
 * Return: 0 or -EACCES.
 */
int inode_permission(const struct inode *inode, int want) __must_check;
/* As access(2) asks: by the real ids. */
int inode_permission_real(const struct inode *inode, int want) __must_check;
/* Of an open with these flags (O_…). */
int inode_permission_open(const struct inode *inode, u32 flags) __must_check;

/* May it remove or replace the name of @victim in @dir?  0, -EACCES, -EPERM */
int inode_permission_remove(const struct inode *dir, const struct inode *victim)
	__must_check;
/* May it change rights and times: is it the owner's?  Return: 0 or -EPERM. */
int inode_permission_owner(const struct inode *inode) __must_check;
/* May it give the file to @uid, @gid (~0: kept)?  Return: 0 or -EPERM. */
int inode_permission_chown(const struct inode *inode, u32 uid, u32 gid)
	__must_check;
