/* SPDX-License-Identifier: MIT */
/* tests/guest/elf_file.h - a smallest ELF program, to be spoilt by tests. */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

#include "guest.h"

enum { ELF_BASE = 0x400000, ELF_CODE = 0x100, ELF_SIZE = 0x200 };

struct elf_file {
	Elf64_Ehdr header;
	Elf64_Phdr segment[3];
	char rest[ELF_SIZE - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr)];
};
_Static_assert(sizeof(struct elf_file) == ELF_SIZE, "one small file");

/* A good one: one segment, and code that exits with 42. */
static inline struct elf_file elf_good(void)
{
	static const unsigned char code[] = {
		0xb8, 60,   0, 0, 0, /* mov eax, SYS_exit */
		0xbf, 42,   0, 0, 0, /* mov edi, 42 */
		0x0f, 0x05, /* syscall */
	};
	struct elf_file elf = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = ELF_BASE + ELF_CODE,
			.e_phoff = offsetof(struct elf_file, segment),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.segment[0] = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = ELF_BASE,
			.p_filesz = ELF_SIZE,
			.p_memsz = ELF_SIZE,
			.p_align = PAGE_SIZE,
		},
	};

	memcpy((char *)&elf + ELF_CODE, code, sizeof(code));
	return elf;
}

/*
 * Write @size bytes to a file and execute it in a child.  Returns the child's
 * wait status, or 256 + errno when execve refused it.
 */
static inline int elf_run(const void *bytes, size_t size)
{
	static const char path[] = "/tmp/calf-elf-test";
	char *arguments[] = { (char *)path, NULL }, *none[] = { NULL };
	int report[2], problem = 0, fd, status;
	pid_t pid;

	unlink(path);
	CHECK_OK(fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC,
			   0755));
	CHECK_EQ(write(fd, bytes, size), size);
	close(fd);
	CHECK_OK(pipe2(report, O_CLOEXEC));
	pid = check_fork();
	if (pid == 0) {
		execve(path, arguments, none);
		problem = errno;
		CHECK_EQ(write(report[1], &problem, sizeof(problem)),
			 sizeof(problem));
		_exit(0);
	}
	close(report[1]);
	fd = (int)read(report[0], &problem, sizeof(problem));
	close(report[0]);
	status = wait_for(pid);
	unlink(path);
	return fd > 0 ? 1 << 16 | problem : status;
}

static inline const char *elf_outcome(int outcome)
{
	return outcome >> 16 ? errno_name(outcome & 0xffff) :
			       how_ended(outcome);
}
