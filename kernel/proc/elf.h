/*
 * elf.h - programs: what an ELF file says and how it gets into memory
 *
 * Static 64-bit programs: ET_EXEC, and ET_DYN without an interpreter, which is
 * always put in the same place.  Every number in the file may be
 * wrong, or chosen by an enemy: all are checked, with sums that cannot
 * overflow, before anything is mapped.
 * Source: System V ABI, "Object Files" and the AMD64 supplement.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

struct inode;
struct mm;
struct elf_segment;

struct elf_program {
	struct inode *inode;
	struct elf_segment *segments; /* kmalloc'ed; the program headers */
	u32 segment_count;
	vaddr_t entry;
	vaddr_t headers; /* where the program headers will be; 0: nowhere */
	vaddr_t end; /* of the highest segment */
	bool is_stack_executable;
};

/* Bytes of one program header, for AT_PHENT. */
#define ELF_SEGMENT_BYTES 56

/**
 * elf_open() - check a program
 * @inode: from vfs_open_exec(); on success elf_close() will close it
 *
 * Return: 0, and elf_close() is due; -ENOEXEC or -ENOMEM.
 */
int elf_open(struct elf_program *program, struct inode *inode) __must_check;
void elf_close(struct elf_program *program);

/**
 * elf_map() - map every segment
 * @mm: empty, and the one the current task runs in
 *
 * Return: 0, -ENOEXEC, -ENOMEM or -EFAULT; then @mm is of no use any more.
 */
int elf_map(const struct elf_program *program, struct mm *mm) __must_check;
