// SPDX-License-Identifier: MIT
/*
 * tests/bench/first.c - an init whose first instruction reads the time.
 *
 * No C library, so that nothing of the process comes before it.  It prints
 *
 *	first_instruction TICKS ticks
 *
 * Under "tools/run --icount" that is the number of instructions since the
 * machine was reset, firmware included.  The line is also the sign for whoever
 * watches the console with a clock.
 */
#include <sys/syscall.h>

static long call(long number, long a, const char *b, unsigned long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

_Noreturn void first_main(unsigned long ticks);

/* The stack holds argc and is aligned: right for a call after this. */
__asm__(".globl _start\n"
	"_start:\n\t"
	"rdtsc\n\t"
	"shl $32, %rdx\n\t"
	"or %rdx, %rax\n\t"
	"mov %rax, %rdi\n\t"
	"call first_main\n");

_Noreturn void first_main(unsigned long ticks)
{
	static const char text[] = "first_instruction ";
	char line[64];
	char digits[20];
	unsigned long length = 0;
	int count = 0;

	for (; text[length]; length++)
		line[length] = text[length];
	do {
		digits[count++] = (char)('0' + ticks % 10);
		ticks /= 10;
	} while (ticks);
	while (count)
		line[length++] = digits[--count];
	for (const char *unit = " ticks\n"; *unit; unit++)
		line[length++] = *unit;
	call(SYS_write, 1, line, length);
	for (;;)
		call(SYS_exit_group, 0, 0, 0);
}
