// SPDX-License-Identifier: MIT
/*
 * tests/bench/tiny.c - the smallest program: it ends at once.
 *
 * No C library, no data, no stack: what starting and ending it costs is the
 * kernel's work alone.
 */
#include <sys/syscall.h>

_Noreturn void _start(void);

_Noreturn void _start(void)
{
	for (;;)
		__asm__ volatile("syscall"
				 :
				 : "a"(SYS_exit), "D"(0)
				 : "memory");
}
