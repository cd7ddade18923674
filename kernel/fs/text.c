/*
 * text.c - see text.h
 */
#include "kernel/fs/text.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmem.h"

#define TEXT_PAGE_BYTES (PAGE_SIZE - sizeof(void *))
#define LINE_BYTES 256

struct text_page {
	struct text_page *next;
	char bytes[TEXT_PAGE_BYTES];
};

_Static_assert(sizeof(struct text_page) == PAGE_SIZE, "one frame");

void text_init(struct text *text)
{
	*text = (struct text){ .length = 0 };
}

void text_destroy(struct text *text)
{
	while (text->first) {
		struct text_page *page = text->first;

		text->first = page->next;
		kfree(page);
	}
	text_init(text);
}

static bool add_page(struct text *text)
{
	struct text_page *page = kmalloc(sizeof(*page));

	if (!page) {
		text->is_incomplete = true;
		return false;
	}
	page->next = NULL;
	if (text->last)
		text->last->next = page;
	else
		text->first = page;
	text->last = page;
	return true;
}

void text_append(struct text *text, const char *bytes, u64 count)
{
	while (count > 0) {
		u64 at = text->length % TEXT_PAGE_BYTES;
		u64 chunk = min_u64(count, TEXT_PAGE_BYTES - at);

		if (at == 0 && !add_page(text))
			return;
		memcpy(text->last->bytes + at, bytes, chunk);
		text->length += chunk;
		bytes += chunk;
		count -= chunk;
	}
}

void text_string(struct text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void text_printf(struct text *text, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	ASSERT(length >= 0 && length < LINE_BYTES);
	text_append(text, line, (u64)length);
}

i64 text_read(const struct text *text, struct io *io)
{
	const struct text_page *page = text->first;
	u64 page_start = 0;
	u64 done = 0;

	while (page && io->left && io->position < text->length) {
		u64 page_end =
			min_u64(page_start + TEXT_PAGE_BYTES, text->length);
		u64 chunk, moved;

		if (io->position < page_end) {
			chunk = min_u64(page_end - io->position, io->left);
			moved = io_copy_out(
				io, page->bytes + (io->position - page_start),
				chunk);
			io->position += moved;
			done += moved;
			if (moved < chunk)
				return done ? (i64)done : -EFAULT;
		}
		page_start += TEXT_PAGE_BYTES;
		page = page->next;
	}
	return (i64)done;
}
