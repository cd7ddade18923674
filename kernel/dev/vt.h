/*
 * vt.h - a terminal made of cells: what a program's output looks like
 *
 * Owns: struct vt, the text on the screen with cursor and colours
 * (kernel/dev/vt.c), and the meaning of UTF-8 and of escape sequences
 * (kernel/dev/vt_parse.c): those of TERM=linux that shells and editors use.
 * Does not own: pixels, keys.
 * Locks: none; the caller has one.
 * Source: ECMA-48, 5th edition; Linux console_codes(4); xterm's ctlseqs.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Added to the number of a glyph. */
#define VT_UNDERLINE 0x8000u

/* Colours are those of xterm: 16 named ones, a cube, greys. */
struct vt_cell {
	u16 glyph;
	u8 foreground;
	u8 background;
};

#define VT_PARAMETERS_MAX 16

enum vt_parse_state {
	VT_TEXT,
	VT_ESCAPE, /* after ESC */
	VT_ESCAPE_SKIP, /* after ESC and a character that takes another */
	VT_SEQUENCE, /* after ESC [ */
	VT_STRING, /* after ESC ]: up to BEL or ESC \ */
};

struct vt_parser {
	enum vt_parse_state state;
	u32 parameters[VT_PARAMETERS_MAX];
	u32 parameter_count; /* of those begun */
	char marker; /* '?' and the like; 0: none */
	u32 code; /* the character so far */
	u32 bytes_left; /* of the character */
};

struct vt_attributes {
	u8 foreground;
	u8 background;
	bool is_bold; /* bright */
	bool is_underlined;
	bool is_reversed;
};

struct vt_cursor {
	u32 row;
	u32 column;
	struct vt_attributes attributes;
	/* The last column was written: the next character begins a line. */
	bool is_past_end;
};

struct vt {
	struct vt_cell *cells; /* rows of .stride cells */
	u32 stride;
	u32 rows;
	u32 columns;
	struct vt_cursor cursor;
	struct vt_cursor saved;
	u32 region_top; /* the rows that scroll: [top, bottom) */
	u32 region_bottom;
	bool is_cursor_shown;
	bool wraps; /* a long line goes on in the next row */
	bool inserts; /* a character moves those behind it */
	bool application_keys; /* the arrows send ESC O */
	u64 changes; /* counts writes: has anything happened? */
	struct vt_parser parser;
};

/**
 * vt_init() - an empty screen
 * @cells: room for @rows x @columns
 */
void vt_init(struct vt *vt, struct vt_cell *cells, u32 rows, u32 columns);

/* Output of a program: text and escape sequences, which may be cut anywhere. */
void vt_write(struct vt *vt, const char *bytes, size_t count);

/* => not more than vt_init() was told; what does not fit is lost */
void vt_resize(struct vt *vt, u32 rows, u32 columns);

/* One row for the screen, as it looks with the cursor in it. */
void vt_read_row(const struct vt *vt, u32 row, struct vt_cell *cells);

/* 0xRRGGBB */
u32 vt_colour(u8 number);

/* ---- From the parser to the text (kernel/dev/vt.c) ----------------------- */

/* As the reset sequence. */
void vt_reset(struct vt *vt);
void vt_put(struct vt *vt, u16 glyph);
void vt_line_feed(struct vt *vt); /* down, and scroll at the end */
void vt_reverse_line_feed(struct vt *vt);
/* To a place; what is outside becomes the border. */
void vt_move(struct vt *vt, i64 row, i64 column);
/* Blanks from the cursor to the end, from the beginning to it, or all. */
enum vt_part { VT_TO_END, VT_TO_CURSOR, VT_ALL };
void vt_erase_line(struct vt *vt, enum vt_part part);
void vt_erase_screen(struct vt *vt, enum vt_part part);
void vt_erase_characters(struct vt *vt, u32 count);
/* Rows at the cursor, or characters; negative: take them out. */
void vt_insert_lines(struct vt *vt, i64 count);
void vt_insert_characters(struct vt *vt, i64 count);
/* The whole region; negative: down. */
void vt_scroll(struct vt *vt, i64 count);
