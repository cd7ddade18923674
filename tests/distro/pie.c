/*
 * A static program that may lie anywhere (ET_DYN): it relocates itself before
 * main(), so pointers in its data tell whether the kernel loaded it well.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static int square(int n)
{
	return n * n;
}

static int (*const functions[])(int) = { square, NULL };
static const char *const words[] = { "relocated", "words", NULL };

extern const char __ehdr_start[];

int main(int argc, char **argv)
{
	const Elf64_Ehdr *header = (const void *)__ehdr_start;
	unsigned long start = (unsigned long)header;

	printf("type %d, %s at its link address\n", header->e_type,
	       start ? "not" : "lies");
	printf("headers where AT_PHDR says: %d\n",
	       getauxval(AT_PHDR) == start + header->e_phoff);
	printf("entry where AT_ENTRY says: %d\n",
	       getauxval(AT_ENTRY) == start + header->e_entry);
	printf("%s %s %d\n", words[0], words[1], functions[0](7));
	if (argc == 1) {
		fflush(stdout);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		return 1;
	}
	printf("argument: %s\n", argv[1]);
	return strcmp(argv[1], "again") ? 1 : 3;
}
