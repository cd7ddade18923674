/*
 * string.h - the part of the C library's string.h that the kernel uses
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/**
 * strlcpy() - copy @src, cut to fit @size bytes with its terminator
 *
 * Return: strlen(@src); >= @size means that it was cut.
 */
size_t strlcpy(char *dst, const char *src, size_t size);

/**
 * parse_u64() - read a whole string as an unsigned number
 * @s: decimal, or hexadecimal after 0x; one trailing newline is allowed
 *
 * Return: 0, or -EINVAL when anything else is in @s or it overflows.
 */
int parse_u64(const char *s, u64 *value) __must_check;
int parse_i64(const char *s, i64 *value) __must_check;
