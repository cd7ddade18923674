/* guest-test: host="no: Linux sees some of this when it is too late" */
/*
 * Programs whose segments make no sense.  Calf checks all of the file first,
 * so the caller gets ENOEXEC and goes on.
 */
#include "elf_file.h"

static struct elf_file elf;

static void try_it(const char *what)
{
	say("%s: %s\n", what, elf_outcome(elf_run(&elf, sizeof(elf))));
	elf = elf_good();
}

int main(void)
{
	elf = elf_good();
	try_it("a good file");
	elf.header.e_ident[EI_CLASS] = ELFCLASS32;
	try_it("32-bit class");
	elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
	try_it("big-endian");
	elf.header.e_entry = 0xffffffff81000000;
	try_it("entry in the kernel");
	elf.header.e_entry = 0x800000000000;
	try_it("entry not canonical");
	elf.segment[0].p_vaddr = 0xffff888000000000;
	try_it("segment in the kernel");
	elf.segment[0].p_vaddr = 0x7fffffffe000;
	elf.segment[0].p_memsz = 1 << 20;
	try_it("segment across the end of user memory");
	elf.segment[0].p_memsz = -1UL;
	try_it("segment as large as can be");
	elf.segment[0].p_memsz = 1;
	try_it("more of the file than of memory");
	elf.segment[0].p_offset = -4096UL;
	try_it("offset wraps");
	elf.segment[0].p_offset = 1UL << 40;
	try_it("offset behind the end of the file");
	elf.segment[0].p_filesz = elf.segment[0].p_memsz = 1 << 20;
	try_it("file ends before the segment");
	elf.segment[0].p_vaddr = ELF_BASE + 0x10;
	try_it("address and offset differ within the page");
	elf.segment[0].p_vaddr = 0;
	try_it("segment at address 0");
	elf.header.e_phnum = 2;
	elf.segment[1] = elf.segment[0];
	try_it("the same segment twice");
	elf.header.e_phnum = 2;
	elf.segment[1] = elf.segment[0];
	elf.segment[1].p_vaddr -= PAGE_SIZE;
	elf.segment[1].p_memsz = 2 * PAGE_SIZE;
	try_it("overlapping segments");
	elf.segment[0].p_type = PT_NOTE;
	try_it("nothing to load");
	elf.header.e_phnum = 2;
	elf.segment[1] = elf.segment[0];
	elf.segment[1].p_type = PT_INTERP;
	try_it("wants an interpreter");
	try_it("a good file again");
	run_check();
	return 0;
}
