/*
 * code_switch.h - a question that costs one instruction while its answer is no
 *
 * Asking a variable takes a load, a comparison and a branch each time, though
 * the answer hardly ever changes.  So it stands in the code itself.
 * Two instructions are alike in all but their first byte:
 *
 *	a9 imm32	test $imm32, %eax	no: changes flags, nothing else
 *	e9 rel32	jmp there		yes
 *
 * Who changes the answer writes this one byte (kernel/lib/trace.c).  A CPU that
 * comes by at that moment runs the old instruction or the new one, both
 * complete.
 * Source: Intel SDM vol. 2, "TEST", "JMP".
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

#define CODE_SWITCH_NO 0xa9
#define CODE_SWITCH_YES 0xe9

/* Each place where the question is asked; linker.ld collects them. */
struct code_switch {
	u8 *address;
	u64 bits; /* of a mask: the answer is yes if any of them is set */
};

extern const struct code_switch code_switches_start[];
extern const struct code_switch code_switches_end[];

/* @bits: a constant */
static inline __attribute__((always_inline)) bool
code_switch_is_on(const u64 bits)
{
	__asm__ goto("1:\t.byte %c1\n\t"
		     ".long %l[yes] - 2f\n"
		     "2:\n\t"
		     ".pushsection .code_switches, \"a\"\n\t"
		     ".balign 8\n\t"
		     ".quad 1b, %c0\n\t"
		     ".popsection"
		     :
		     : "i"(bits), "i"(CODE_SWITCH_NO)
		     : "cc"
		     : yes);
	return false;
yes:
	return true;
}
