/*
 * exec_stack.c - the stack a new program finds
 *
 *	STACK_TOP
 *	    8 bytes of zeros
 *	    strings: arguments, environment, path of the program
 *	    16 random bytes, the name of the platform
 *	    auxiliary vector: pairs of numbers; the last is 0, 0
 *	    pointers to the environment, NULL
 *	    pointers to the arguments, NULL
 *	rsp -> number of arguments; a multiple of 16
 *
 * Source: System V ABI, AMD64 supplement, "Process Initialization".
 */
#include "kernel/proc/exec_stack.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/credentials.h"
#include "kernel/random.h"
#include "kernel/x86_64/asm/insn.h"
#include "mm/map.h"
#include "mm/uaccess.h"

#define AT_NULL 0
#define AT_PHDR 3
#define AT_PHENT 4
#define AT_PHNUM 5
#define AT_PAGESZ 6
#define AT_BASE 7
#define AT_FLAGS 8
#define AT_ENTRY 9
#define AT_UID 11
#define AT_EUID 12
#define AT_GID 13
#define AT_EGID 14
#define AT_PLATFORM 15
#define AT_HWCAP 16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_RANDOM 25
#define AT_EXECFN 31

#define CLOCK_TICKS_PER_SECOND 100
#define CPUID_FEATURES 1
#define END_BYTES sizeof(u64)

#define STACK_TOP USER_END

#define PLATFORM "x86_64"

/* Mapped below the strings, as on Linux: saves the first few faults. */
#define STACK_EXTRA_BYTES (32 * PAGE_SIZE)

/* The fixed part between the strings and the pointers. */
struct exec_extra {
	u8 random[16];
	char platform[sizeof(PLATFORM) + 1];
};

/* Addresses of the parts. */
struct exec_layout {
	u64 strings;
	u64 extra;
	u64 rsp;
};

struct auxiliary {
	u64 type;
	u64 value;
};

/* Words go upwards from rsp; the first failure is remembered. */
struct writer {
	u64 at;
	int error;
};

static void write_bytes(struct writer *writer, const void *bytes, u64 count)
{
	if (!writer->error)
		writer->error = copy_to_user(VADDR(writer->at), bytes, count);
	writer->at += count;
}

static void write_word(struct writer *writer, u64 word)
{
	write_bytes(writer, &word, sizeof(word));
}

#define AUXILIARY_COUNT 18

/* Then the C library must not trust the environment. */
static bool has_ids_of_others(const struct credentials *whose)
{
	return whose->user.real != whose->user.effective ||
	       whose->group.real != whose->group.effective;
}

static void write_auxiliary(struct writer *writer,
			    const struct elf_program *program,
			    const struct exec_layout *layout, u64 path)
{
	const struct credentials whose = credentials_of_program(program->inode);
	const struct auxiliary vector[AUXILIARY_COUNT] = {
		{ AT_PHDR, program->headers.val },
		{ AT_PHENT, ELF_SEGMENT_BYTES },
		{ AT_PHNUM, program->segment_count },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_BASE, 0 }, /* no dynamic linker */
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, program->entry.val },
		{ AT_UID, whose.user.real },
		{ AT_EUID, whose.user.effective },
		{ AT_GID, whose.group.real },
		{ AT_EGID, whose.group.effective },
		{ AT_PLATFORM,
		  layout->extra + offsetof(struct exec_extra, platform) },
		{ AT_HWCAP, cpuid(CPUID_FEATURES, 0).edx },
		{ AT_CLKTCK, CLOCK_TICKS_PER_SECOND },
		{ AT_SECURE, has_ids_of_others(&whose) },
		{ AT_RANDOM,
		  layout->extra + offsetof(struct exec_extra, random) },
		{ AT_EXECFN, path },
		{ AT_NULL, 0 },
	};

	write_bytes(writer, vector, sizeof(vector));
}

/* @count pointers to the strings from @offset on.  Return: the offset after. */
static u64 write_pointers(struct writer *writer, const struct exec_args *args,
			  u64 strings, u64 offset, u64 count)
{
	for (u64 i = 0; i < count && !writer->error; i++) {
		write_word(writer, strings + offset);
		offset += strlen(args->strings + offset) + 1;
	}
	write_word(writer, 0);
	return offset;
}

static struct exec_layout plan(const struct exec_args *args)
{
	/* argc, two lists with NULL at their ends. */
	u64 words = 1 + args->argument_count + 1 + args->environment_count + 1;
	u64 bytes = words * sizeof(u64) +
		    AUXILIARY_COUNT * sizeof(struct auxiliary);
	struct exec_layout layout;

	layout.strings = STACK_TOP - END_BYTES - args->bytes;
	layout.extra =
		align_down(layout.strings - sizeof(struct exec_extra), 16);
	layout.rsp = align_down(layout.extra - bytes, 16);
	return layout;
}

static int fill(struct mm *mm, const struct elf_program *program,
		const struct exec_args *args, const struct exec_layout *layout)
{
	struct exec_extra extra = { .platform = PLATFORM };
	struct writer writer = { .at = layout->rsp };
	u64 environment;
	u64 path;
	int error;

	error = copy_to_user(VADDR(layout->strings), args->strings,
			     args->bytes);
	if (error)
		return error;
	random_fill(extra.random, sizeof(extra.random));
	error = copy_to_user(VADDR(layout->extra), &extra, sizeof(extra));
	if (error)
		return error;

	write_word(&writer, args->argument_count);
	environment = write_pointers(&writer, args, layout->strings, 0,
				     args->argument_count);
	path = write_pointers(&writer, args, layout->strings, environment,
			      args->environment_count);
	write_auxiliary(&writer, program, layout, layout->strings + path);

	mm->arg_start = VADDR(layout->strings);
	mm->arg_end = VADDR(layout->strings + environment);
	mm->env_start = mm->arg_end;
	mm->env_end = VADDR(layout->strings + path);
	return writer.error;
}

/*
 * As on Linux, the limit counts for what is mapped beyond need.  Then there
 * may be no room for the pointers, whose number is limited on its own.
 */
static u64 stack_bytes(const struct mm *mm, const struct exec_layout *layout)
{
	u64 strings = STACK_TOP - align_down(layout->strings, PAGE_SIZE);
	u64 needed = STACK_TOP - align_down(layout->rsp, PAGE_SIZE);
	u64 limit = align_down(mm->limits.stack_bytes, PAGE_SIZE);

	return max_u64(needed, min_u64(strings + STACK_EXTRA_BYTES, limit));
}

int exec_stack_build(struct mm *mm, const struct elf_program *program,
		     const struct exec_args *args, u64 *rsp)
{
	struct exec_layout layout = plan(args);
	int error = map_stack(mm, VADDR(STACK_TOP), stack_bytes(mm, &layout),
			      program->is_stack_executable);

	*rsp = layout.rsp;
	if (error)
		return error == -EEXIST ? -ENOEXEC : error;
	return fill(mm, program, args, &layout);
}
