/*
 * string.c - comparing, searching and parsing; copying and filling are in
 * kernel/x86_64/memory.asm
 */
#include "kernel/lib/string.h"

#include "kernel/lib/errno.h"

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a;
	const u8 *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i] || a[i] == '\0')
			return (u8)a[i] - (u8)b[i];
	}
	return 0;
}

/* The C library drops const here; a string literal must not be written. */
static char *without_const(const char *s)
{
	return (char *)(u64)s;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (*s == '\0')
			return NULL;
	}
	return without_const(s);
}

char *strrchr(const char *s, int c)
{
	for (size_t n = strlen(s) + 1; n > 0; n--) {
		if (s[n - 1] == (char)c)
			return without_const(s + n - 1);
	}
	return NULL;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t length = strlen(src);

	if (size > 0) {
		size_t copied = min_u64(length, size - 1);

		memcpy(dst, src, copied);
		dst[copied] = '\0';
	}
	return length;
}

/* Return: the value of the digit @c in @base, or -1. */
static int digit_value(char c, u64 base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	return value < (int)base ? value : -1;
}

int parse_u64(const char *s, u64 *value)
{
	u64 base = 10;
	u64 result = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (digit_value(*s, base) < 0)
		return -EINVAL;
	for (; digit_value(*s, base) >= 0; s++) {
		if (__builtin_mul_overflow(result, base, &result) ||
		    __builtin_add_overflow(result, (u64)digit_value(*s, base),
					   &result))
			return -EINVAL;
	}
	if (*s == '\n')
		s++;
	if (*s != '\0')
		return -EINVAL;
	*value = result;
	return 0;
}

int parse_i64(const char *s, i64 *value)
{
	bool negative = *s == '-';
	u64 limit = negative ? (u64)INT64_MAX + 1 : (u64)INT64_MAX;
	u64 magnitude;

	if (parse_u64(s + negative, &magnitude) < 0 || magnitude > limit)
		return -EINVAL;
	*value = (i64)(negative ? -magnitude : magnitude);
	return 0;
}
