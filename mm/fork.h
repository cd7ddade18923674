/*
 * fork.h - fork of an address space
 *
 * Owns: how pages become shared and read-only.
 * Invariants: I4, I14.
 * Locks: the parent's mm->lock, then the child's.
 */
#pragma once

#include "mm/mm.h"

/* /proc/sys/vm/fork_level: 0 copies every frame at once, 1 clones PTEs. */
extern u64 fork_level;
#define FORK_LEVEL_MAX 1

/**
 * fork_mm() - a child address space with the same contents
 *
 * => all or nothing: on failure the parent is as it was (I14)
 * => on success no CPU holds a writable translation of a shared page
 *
 * Return: 0 and the child with one reference, or -ENOMEM.
 * See: Linux v6.12 mm/memory.c copy_page_range().
 */
int fork_mm(struct mm *parent, struct mm **child) __must_check;

/* Level 0 for one area.  => the child's tables exist.  Return: 0, -ENOMEM */
int fork_copy_pages(struct vma *vma, struct vma *child_vma) __must_check;
