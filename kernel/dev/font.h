/*
 * font.h - what characters look like on the screen
 *
 * tools/mkfont makes the table when the kernel is built, from a console font
 * of the distribution; where there is none, the font has no glyphs.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

struct font_character {
	u16 code; /* Unicode; a console font goes no further */
	u16 glyph;
};

struct font {
	u32 width; /* pixels; at most 32 */
	u32 height;
	u32 glyph_count; /* 0: there is no font; otherwise at most 512 */
	const u8 *glyphs; /* one bitmap behind the other */
	u32 character_count;
	const struct font_character *characters; /* sorted by code */
};

extern const struct font font;

/* Return: the glyph of a character, or one that says "unknown". */
u16 font_find(u32 code);
