/*
 * assert.h - stop at the first sign of a bug of ours
 *
 * ASSERT is for conditions that only a kernel bug can make false, never
 * for what a user program can cause.  Both kinds panic with the
 * condition and its place; ASSERT_DEBUG compiles to nothing in a release
 * build and may therefore be expensive.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * panic() - print a message and a symbolised backtrace, stop the machine
 *
 * QEMU exits with status EXIT_PANIC (kernel/exit_status.h).
 */
void panic(const char *fmt, ...) __noreturn __printf(1, 2);

/* The panic that follows is no bug: let it have a status of its own. */
void panic_set_status(u8 status);

#define ASSERT(cond)                                                           \
	do {                                                                   \
		if (unlikely(!(cond)))                                         \
			panic("%s:%d: %s: assertion failed: %s", __FILE__,     \
			      __LINE__, __func__, #cond);                      \
	} while (0)

/* @invariant is a name of DESIGN's list, such as I4. */
#define ASSERT_INVARIANT(invariant, cond, fmt, ...)                            \
	do {                                                                   \
		if (unlikely(!(cond)))                                         \
			panic(#invariant " violated: " fmt " (%s:%d: %s)",     \
			      ##__VA_ARGS__, __FILE__, __LINE__, #cond);       \
	} while (0)

#if CALF_DEBUG
#define ASSERT_DEBUG(cond) ASSERT(cond)
#else
#define ASSERT_DEBUG(cond) ((void)sizeof(cond))
#endif
