/*
 * vsnprintf.c - formatted text
 *
 * Writes through a cursor that counts every character and stores those that
 * fit, so the length of a text that was cut is still known.
 */
#include "kernel/lib/printk.h"

#include "kernel/lib/string.h"

struct cursor {
	char *buffer;
	size_t size;
	size_t length; /* of the whole text, stored or not */
};

/* One conversion, such as %-8lx */
struct conversion {
	bool left;
	bool zero;
	bool prefix; /* 0x before a hexadecimal number other than 0 */
	int width;
	int precision; /* -1: none */
	bool is_long; /* 64 bits: l, ll, z */
	char type;
};

static void put(struct cursor *out, char c)
{
	if (out->length + 1 < out->size)
		out->buffer[out->length] = c;
	out->length++;
}

static void put_repeated(struct cursor *out, char c, int n)
{
	for (int i = 0; i < n; i++)
		put(out, c);
}

/* @prefix is a sign or 0x: zeros go behind it, blanks before it. */
static void put_padded(struct cursor *out, const struct conversion *conv,
		       const char *prefix, const char *text, size_t length)
{
	int padding = conv->width - (int)(strlen(prefix) + length);
	bool zeros = conv->zero && !conv->left;

	if (!conv->left && !zeros)
		put_repeated(out, ' ', padding);
	for (; *prefix != '\0'; prefix++)
		put(out, *prefix);
	if (zeros)
		put_repeated(out, '0', padding);
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
	if (conv->left)
		put_repeated(out, ' ', padding);
}

static void put_number(struct cursor *out, const struct conversion *conv,
		       const char *prefix, u64 value, u64 base)
{
	char digits[20]; /* 2^64 - 1 in decimal */
	size_t start = sizeof(digits);

	do {
		digits[--start] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	put_padded(out, conv, prefix, digits + start, sizeof(digits) - start);
}

static void put_string(struct cursor *out, struct conversion *conv,
		       const char *s)
{
	size_t max = conv->precision < 0 ? SIZE_MAX : (size_t)conv->precision;

	if (!s)
		s = "(null)";
	conv->zero = false;
	put_padded(out, conv, "", s, strnlen(s, max));
}

static int parse_number(const char **fmt)
{
	int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		n = n * 10 + (**fmt - '0');
	return n;
}

/* In: @fmt behind the '%'.  Return: behind the conversion. */
static const char *parse_conversion(const char *fmt, struct conversion *conv)
{
	*conv = (struct conversion){ .precision = -1 };

	for (; *fmt == '-' || *fmt == '0' || *fmt == '#'; fmt++) {
		conv->left |= *fmt == '-';
		conv->zero |= *fmt == '0';
		conv->prefix |= *fmt == '#';
	}
	conv->width = parse_number(&fmt);
	if (*fmt == '.') {
		fmt++;
		conv->precision = parse_number(&fmt);
	}
	for (; *fmt == 'l' || *fmt == 'z'; fmt++)
		conv->is_long = true;
	conv->type = *fmt;
	return *fmt == '\0' ? fmt : fmt + 1;
}

/* va_arg() cannot tell two sizes apart at run time: read what was passed. */
#define UNSIGNED_ARG(conv, args)                                               \
	((conv)->is_long ? va_arg(args, u64) : va_arg(args, unsigned int))
#define SIGNED_ARG(conv, args)                                                 \
	((conv)->is_long ? va_arg(args, i64) : va_arg(args, int))

int vsnprintf(char *buffer, size_t size, const char *fmt, va_list args)
{
	struct cursor out = { .buffer = buffer, .size = size };
	struct conversion conv;
	i64 number;
	u64 value;
	char c;

	while (*fmt != '\0') {
		if (*fmt != '%') {
			put(&out, *fmt++);
			continue;
		}
		fmt = parse_conversion(fmt + 1, &conv);
		switch (conv.type) {
		case 'd':
			number = SIGNED_ARG(&conv, args);
			put_number(&out, &conv, number < 0 ? "-" : "",
				   number < 0 ? -(u64)number : (u64)number, 10);
			break;
		case 'u':
			put_number(&out, &conv, "", UNSIGNED_ARG(&conv, args),
				   10);
			break;
		case 'x':
			value = UNSIGNED_ARG(&conv, args);
			put_number(&out, &conv,
				   conv.prefix && value != 0 ? "0x" : "", value,
				   16);
			break;
		case 'p':
			put_number(&out, &conv, "0x", (u64)va_arg(args, void *),
				   16);
			break;
		case 'c':
			c = (char)va_arg(args, int);
			put_padded(&out, &conv, "", &c, 1);
			break;
		case 's':
			put_string(&out, &conv, va_arg(args, const char *));
			break;
		default:
			/* %% and what we do not know print as themselves. */
			put(&out, conv.type);
			break;
		}
	}
	if (size > 0)
		buffer[min_u64(out.length, size - 1)] = '\0';
	return (int)out.length;
}

int snprintf(char *buffer, size_t size, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(buffer, size, fmt, args);
	va_end(args);
	return length;
}
