/* guest-test: host=yes */
/* Files that are no programs: execve answers ENOEXEC and the caller lives. */
#include "elf_file.h"

static void try_bytes(const char *what, const void *bytes, size_t size)
{
	say("%s: %s\n", what, elf_outcome(elf_run(bytes, size)));
}

int main(void)
{
	struct elf_file good = elf_good(), elf;

	try_bytes("a good file", &good, sizeof(good));
	try_bytes("empty", &good, 0);
	try_bytes("one byte", &good, 1);
	try_bytes("the magic number alone", &good, 4);
	try_bytes("half a header", &good, 32);
	try_bytes("a header alone", &good, sizeof(good.header));
	try_bytes("half a program header", &good, sizeof(good.header) + 20);
	try_bytes("text", "just some words, and nothing to run here\n", 41);

#define SPOIL(what, field, value)                                              \
	do {                                                                   \
		elf = good;                                                    \
		elf.field = (value);                                           \
		try_bytes(what, &elf, sizeof(elf));                            \
	} while (0)
	SPOIL("wrong magic number", header.e_ident[1], 'F');
	SPOIL("a relocatable file", header.e_type, ET_REL);
	SPOIL("a core file", header.e_type, ET_CORE);
	SPOIL("for another machine", header.e_machine, EM_AARCH64);
	SPOIL("for no machine", header.e_machine, EM_NONE);
	SPOIL("no program headers", header.e_phnum, 0);
	SPOIL("program headers of a wrong size", header.e_phentsize, 8);
	SPOIL("program headers behind the end", header.e_phoff, 1 << 20);
	SPOIL("program headers far behind it", header.e_phoff,
	      0x7fffffffffffffff);
	SPOIL("too many program headers", header.e_phnum, 0xffff);
	run_check();
	return 0;
}
