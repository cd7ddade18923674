/*
 * vt.c - see vt.h: text, cursor, scrolling
 */
#include "kernel/dev/vt.h"

#include "kernel/dev/font.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define DEFAULT_FOREGROUND 7
#define DEFAULT_BACKGROUND 0
#define BRIGHT 8 /* from a dark colour to its bright one */

#define CUBE_FIRST 16
#define GREYS_FIRST 232

u32 vt_colour(u8 number)
{
	/* Softer than pure red, green and blue, and blue can be read. */
	static const u32 named[CUBE_FIRST] = {
		0x101418, 0xd7574f, 0x5faf5f, 0xc7a24b, 0x5f8fd7, 0xb070c0,
		0x4fafaf, 0xc8ccd0, 0x6b737c, 0xff7b72, 0x8fdc8f, 0xf2cc60,
		0x8fb8ff, 0xd8a0e8, 0x7fdede, 0xffffff,
	};
	static const u32 steps[] = { 0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff };
	u32 grey = 8 + 10u * (number - GREYS_FIRST);
	u32 cube = number - CUBE_FIRST;

	if (number < CUBE_FIRST)
		return named[number];
	if (number >= GREYS_FIRST)
		return grey << 16 | grey << 8 | grey;
	return steps[cube / 36] << 16 | steps[cube / 6 % 6] << 8 |
	       steps[cube % 6];
}

/* ---- Cells --------------------------------------------------------------- */

static struct vt_cell *cell_at(const struct vt *vt, u32 row, u32 column)
{
	ASSERT_DEBUG(row < vt->rows && column <= vt->columns);
	return &vt->cells[row * vt->stride + column];
}

static struct vt_cell make_cell(const struct vt *vt, u16 glyph)
{
	const struct vt_attributes *attributes = &vt->cursor.attributes;
	struct vt_cell cell = { glyph, attributes->foreground,
				attributes->background };

	if (attributes->is_bold && cell.foreground < BRIGHT)
		cell.foreground += BRIGHT;
	if (attributes->is_reversed) {
		u8 foreground = cell.foreground;

		cell.foreground = cell.background;
		cell.background = foreground;
	}
	if (attributes->is_underlined)
		cell.glyph |= VT_UNDERLINE;
	return cell;
}

/* What is erased gets the background of now, as on Linux. */
static void blank(struct vt *vt, u32 row, u32 from, u32 to)
{
	struct vt_cell *cells = cell_at(vt, row, 0);
	const struct vt_cell space = { font_find(' '), DEFAULT_FOREGROUND,
				       vt->cursor.attributes.background };

	for (u32 i = from; i < to; i++)
		cells[i] = space;
}

/* Move rows [@from, @end) to @to, inside the same text. */
static void move_rows(struct vt *vt, u32 to, u32 from, u32 end)
{
	if (from < end)
		memmove(cell_at(vt, to, 0), cell_at(vt, from, 0),
			(u64)(end - from) * vt->stride *
				sizeof(struct vt_cell));
}

/* Rows [@top, @bottom): take @count out at the top, add as many blank ones. */
static void rows_up(struct vt *vt, u32 top, u32 bottom, u32 count)
{
	count = (u32)min_u64(count, bottom - top);
	move_rows(vt, top, top + count, bottom);
	for (u32 row = bottom - count; row < bottom; row++)
		blank(vt, row, 0, vt->columns);
}

static void rows_down(struct vt *vt, u32 top, u32 bottom, u32 count)
{
	count = (u32)min_u64(count, bottom - top);
	move_rows(vt, top + count, top, bottom - count);
	for (u32 row = top; row < top + count; row++)
		blank(vt, row, 0, vt->columns);
}

void vt_scroll(struct vt *vt, i64 count)
{
	if (count > 0)
		rows_up(vt, vt->region_top, vt->region_bottom, (u32)count);
	else
		rows_down(vt, vt->region_top, vt->region_bottom, (u32)-count);
}

void vt_insert_lines(struct vt *vt, i64 count)
{
	u32 row = vt->cursor.row;

	if (row < vt->region_top || row >= vt->region_bottom)
		return;
	if (count > 0)
		rows_down(vt, row, vt->region_bottom, (u32)count);
	else
		rows_up(vt, row, vt->region_bottom, (u32)-count);
}

void vt_insert_characters(struct vt *vt, i64 count)
{
	u32 row = vt->cursor.row;
	u32 column = vt->cursor.column;
	u32 left = vt->columns - column;
	u32 moved = (u32)min_u64((u64)(count < 0 ? -count : count), left);
	struct vt_cell *here = cell_at(vt, row, column);

	if (count > 0) {
		memmove(here + moved, here, (left - moved) * sizeof(*here));
		blank(vt, row, column, column + moved);
	} else {
		memmove(here, here + moved, (left - moved) * sizeof(*here));
		blank(vt, row, vt->columns - moved, vt->columns);
	}
}

void vt_erase_characters(struct vt *vt, u32 count)
{
	u32 column = vt->cursor.column;

	blank(vt, vt->cursor.row, column,
	      column + (u32)min_u64(count, vt->columns - column));
}

void vt_erase_line(struct vt *vt, enum vt_part part)
{
	u32 column = vt->cursor.column;

	blank(vt, vt->cursor.row, part == VT_TO_END ? column : 0,
	      part == VT_TO_CURSOR ? column + 1 : vt->columns);
}

void vt_erase_screen(struct vt *vt, enum vt_part part)
{
	u32 from = part == VT_TO_END ? vt->cursor.row + 1 : 0;
	u32 to = part == VT_TO_CURSOR ? vt->cursor.row : vt->rows;

	vt_erase_line(vt, part);
	for (u32 row = from; row < to; row++)
		blank(vt, row, 0, vt->columns);
}

/* ---- Cursor -------------------------------------------------------------- */

static u32 clamp(i64 value, u32 end)
{
	if (value < 0)
		return 0;
	return value < end ? (u32)value : end - 1;
}

void vt_move(struct vt *vt, i64 row, i64 column)
{
	vt->cursor.row = clamp(row, vt->rows);
	vt->cursor.column = clamp(column, vt->columns);
	vt->cursor.is_past_end = false;
}

void vt_line_feed(struct vt *vt)
{
	if (vt->cursor.row + 1 == vt->region_bottom)
		vt_scroll(vt, 1);
	else if (vt->cursor.row + 1 < vt->rows)
		vt->cursor.row++;
	vt->cursor.is_past_end = false;
}

void vt_reverse_line_feed(struct vt *vt)
{
	if (vt->cursor.row == vt->region_top)
		vt_scroll(vt, -1);
	else if (vt->cursor.row > 0)
		vt->cursor.row--;
	vt->cursor.is_past_end = false;
}

void vt_put(struct vt *vt, u16 glyph)
{
	struct vt_cursor *cursor = &vt->cursor;

	if (cursor->is_past_end && vt->wraps) {
		cursor->column = 0;
		vt_line_feed(vt);
	}
	if (vt->inserts)
		vt_insert_characters(vt, 1);
	*cell_at(vt, cursor->row, cursor->column) = make_cell(vt, glyph);
	/* The cursor stays on the last column until it is clear what follows. */
	cursor->is_past_end = cursor->column + 1 == vt->columns;
	if (!cursor->is_past_end)
		cursor->column++;
}

/* ---- The whole ----------------------------------------------------------- */

void vt_reset(struct vt *vt)
{
	vt->cursor = (struct vt_cursor){
		.attributes = { .foreground = DEFAULT_FOREGROUND,
				.background = DEFAULT_BACKGROUND },
	};
	vt->saved = vt->cursor;
	vt->region_top = 0;
	vt->region_bottom = vt->rows;
	vt->is_cursor_shown = true;
	vt->wraps = true;
	vt->inserts = false;
	vt->application_keys = false;
	vt_erase_screen(vt, VT_ALL);
}

void vt_init(struct vt *vt, struct vt_cell *cells, u32 rows, u32 columns)
{
	*vt = (struct vt){
		.cells = cells,
		.stride = columns,
		.rows = rows,
		.columns = columns,
	};
	vt_reset(vt);
}

void vt_resize(struct vt *vt, u32 rows, u32 columns)
{
	/* The line with the cursor stays in sight. */
	if (vt->cursor.row >= rows)
		rows_up(vt, 0, vt->rows, vt->cursor.row - rows + 1);
	/* New room is blank, whatever was there at an earlier size. */
	for (u32 row = 0; row < rows; row++)
		for (u32 i = row < vt->rows ? vt->columns : 0; i < columns; i++)
			vt->cells[row * vt->stride + i] =
				(struct vt_cell){ font_find(' '),
						  DEFAULT_FOREGROUND,
						  DEFAULT_BACKGROUND };
	vt->rows = rows;
	vt->columns = columns;
	vt->region_top = 0;
	vt->region_bottom = rows;
	vt_move(vt, vt->cursor.row, vt->cursor.column);
	vt->saved.row = clamp(vt->saved.row, rows);
	vt->saved.column = clamp(vt->saved.column, columns);
	vt->changes++;
}

void vt_read_row(const struct vt *vt, u32 row, struct vt_cell *cells)
{
	struct vt_cell *cursor = &cells[vt->cursor.column];
	u8 foreground;

	memcpy(cells, cell_at(vt, row, 0), vt->columns * sizeof(*cells));
	if (!vt->is_cursor_shown || row != vt->cursor.row)
		return;
	foreground = cursor->foreground;
	cursor->foreground = cursor->background;
	cursor->background = foreground;
}
