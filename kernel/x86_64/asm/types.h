/*
 * types.h - fixed-width integers and compiler attributes
 *
 * Owns: the short names every other file uses.  Includes only what a
 * freestanding compiler provides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef int64_t ssize_t;

#define __must_check __attribute__((warn_unused_result))
#define __noreturn __attribute__((noreturn))
#define __noinline __attribute__((noinline))
/* Rarely called: out of the way of the code that does the work. */
#define __cold __attribute__((cold, noinline))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __weak __attribute__((weak))
#define __unused __attribute__((unused))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* One load or store the compiler may neither split, repeat nor drop. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member)                                        \
	((type *)((u64)(ptr)-offsetof(type, member)))

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* @align is a power of two. */
static inline u64 align_down(u64 x, u64 align)
{
	return x & ~(align - 1);
}

static inline u64 align_up(u64 x, u64 align)
{
	return align_down(x + align - 1, align);
}

static inline bool is_aligned(u64 x, u64 align)
{
	return (x & (align - 1)) == 0;
}
