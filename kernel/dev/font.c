/*
 * font.c - see font.h
 */
#include "kernel/dev/font.h"

#define REPLACEMENT_CHARACTER 0xfffd

/* Return: the glyph, or @otherwise. */
static u16 find(u32 code, u16 otherwise)
{
	u32 low = 0;
	u32 high = font.character_count;

	while (low < high) {
		u32 middle = (low + high) / 2;
		const struct font_character *found = &font.characters[middle];

		if (found->code == code)
			return found->glyph;
		if (found->code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return otherwise;
}

u16 font_find(u32 code)
{
	u16 question_mark = find('?', 0);

	return find(code, find(REPLACEMENT_CHARACTER, question_mark));
}
