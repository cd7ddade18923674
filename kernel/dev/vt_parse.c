/*
 * vt_parse.c - see vt.h: what the bytes mean
 *
 * Bytes become characters (UTF-8) and escape sequences; each of these is one
 * call into kernel/dev/vt.c.  What is not known has no effect.
 */
#include "kernel/dev/vt.h"

#include "kernel/dev/font.h"

#define ESC 0x1b
#define TAB_COLUMNS 8
#define PARAMETER_LIMIT 9999u /* far beyond any screen */

/* ---- Escape sequences ---------------------------------------------------- */

/* The parameter, or what it is when it is left out or 0. */
static u32 parameter(const struct vt *vt, u32 index, u32 otherwise)
{
	const struct vt_parser *parser = &vt->parser;

	if (index >= parser->parameter_count || !parser->parameters[index])
		return otherwise;
	return parser->parameters[index];
}

/* "38;5;N" and "38;2;R;G;B".  Return: the parameters it is made of. */
static u32 set_extended_colour(const struct vt *vt, u32 index, u8 *colour)
{
	u32 kind = parameter(vt, index + 1, 0);

	if (kind == 5) {
		*colour = (u8)parameter(vt, index + 2, 0);
		return 3;
	}
	if (kind == 2) { /* the nearest in the cube of 6 x 6 x 6 */
		u32 red = parameter(vt, index + 2, 0) / 43 % 6;
		u32 green = parameter(vt, index + 3, 0) / 43 % 6;
		u32 blue = parameter(vt, index + 4, 0) / 43 % 6;

		*colour = (u8)(16 + 36 * red + 6 * green + blue);
		return 5;
	}
	return 1;
}

/* One parameter of "ESC [ ... m".  Return: how many it was. */
static u32 set_attribute(struct vt *vt, u32 index)
{
	struct vt_attributes *attributes = &vt->cursor.attributes;
	u32 value = parameter(vt, index, 0);

	switch (value) {
	case 0:
		*attributes = (struct vt_attributes){ .foreground = 7 };
		break;
	case 1:
	case 22:
		attributes->is_bold = value == 1;
		break;
	case 4:
	case 24:
		attributes->is_underlined = value == 4;
		break;
	case 7:
	case 27:
		attributes->is_reversed = value == 7;
		break;
	case 38:
		return set_extended_colour(vt, index, &attributes->foreground);
	case 39:
		attributes->foreground = 7;
		break;
	case 48:
		return set_extended_colour(vt, index, &attributes->background);
	case 49:
		attributes->background = 0;
		break;
	}
	if (value >= 30 && value < 38)
		attributes->foreground = (u8)(value - 30);
	if (value >= 40 && value < 48)
		attributes->background = (u8)(value - 40);
	if (value >= 90 && value < 98)
		attributes->foreground = (u8)(value - 90 + 8);
	if (value >= 100 && value < 108)
		attributes->background = (u8)(value - 100 + 8);
	return 1;
}

static void set_attributes(struct vt *vt)
{
	u32 index = 0;

	do
		index += set_attribute(vt, index);
	while (index < vt->parser.parameter_count);
}

/* "ESC [ ... h" and "ESC [ ... l" */
static void set_modes(struct vt *vt, bool is_on)
{
	bool is_private = vt->parser.marker == '?';

	for (u32 i = 0; i < vt->parser.parameter_count; i++) {
		u32 mode = vt->parser.parameters[i];

		if (is_private && mode == 1)
			vt->application_keys = is_on;
		if (is_private && mode == 7)
			vt->wraps = is_on;
		if (is_private && mode == 25)
			vt->is_cursor_shown = is_on;
		if (!is_private && mode == 4)
			vt->inserts = is_on;
	}
}

static void set_region(struct vt *vt)
{
	u32 top = parameter(vt, 0, 1) - 1;
	u32 bottom = parameter(vt, 1, vt->rows);

	if (bottom > vt->rows || top + 1 >= bottom)
		return;
	vt->region_top = top;
	vt->region_bottom = bottom;
	vt_move(vt, 0, 0);
}

static void erase(struct vt *vt, void (*how)(struct vt *, enum vt_part))
{
	u32 part = parameter(vt, 0, 0);

	if (part <= VT_ALL)
		how(vt, part);
}

/* Sequences that move the cursor.  Return: whether this is one. */
static bool move_cursor(struct vt *vt, char final)
{
	i64 row = vt->cursor.row;
	i64 column = vt->cursor.column;
	i64 count = parameter(vt, 0, 1);

	switch (final) {
	case 'A':
		row -= count;
		break;
	case 'B':
	case 'e':
		row += count;
		break;
	case 'C':
	case 'a':
		column += count;
		break;
	case 'D':
		column -= count;
		break;
	case 'E':
		row += count;
		column = 0;
		break;
	case 'F':
		row -= count;
		column = 0;
		break;
	case 'G':
	case '`':
		column = count - 1;
		break;
	case 'd':
		row = count - 1;
		break;
	case 'H':
	case 'f':
		row = count - 1;
		column = (i64)parameter(vt, 1, 1) - 1;
		break;
	default:
		return false;
	}
	vt_move(vt, row, column);
	return true;
}

/* Sequences that change the text. */
static void change_text(struct vt *vt, char final)
{
	i64 count = parameter(vt, 0, 1);

	switch (final) {
	case 'J':
		erase(vt, vt_erase_screen);
		break;
	case 'K':
		erase(vt, vt_erase_line);
		break;
	case 'L':
		vt_insert_lines(vt, count);
		break;
	case 'M':
		vt_insert_lines(vt, -count);
		break;
	case '@':
		vt_insert_characters(vt, count);
		break;
	case 'P':
		vt_insert_characters(vt, -count);
		break;
	case 'X':
		vt_erase_characters(vt, (u32)count);
		break;
	case 'S':
		vt_scroll(vt, count);
		break;
	case 'T':
		vt_scroll(vt, -count);
		break;
	}
}

static void run_sequence(struct vt *vt, char final)
{
	if (final == 'h' || final == 'l') {
		set_modes(vt, final == 'h');
		return;
	}
	if (vt->parser.marker)
		return; /* of those with a marker there is no other */
	if (final == 'm')
		set_attributes(vt);
	else if (final == 'r')
		set_region(vt);
	else if (final == 's')
		vt->saved = vt->cursor;
	else if (final == 'u')
		vt->cursor = vt->saved;
	else if (!move_cursor(vt, final))
		change_text(vt, final);
}

/* A byte behind "ESC [". */
static void take_sequence_byte(struct vt *vt, u8 byte)
{
	struct vt_parser *parser = &vt->parser;
	u32 *value = &parser->parameters[parser->parameter_count - 1];

	if (byte >= '0' && byte <= '9') {
		*value =
			(u32)min_u64(*value * 10 + byte - '0', PARAMETER_LIMIT);
	} else if (byte == ';' || byte == ':') {
		if (parser->parameter_count < VT_PARAMETERS_MAX)
			parser->parameters[parser->parameter_count++] = 0;
	} else if (byte >= '<' && byte <= '?') {
		parser->marker = (char)byte;
	} else if (byte >= '@' && byte <= '~') {
		parser->state = VT_TEXT;
		run_sequence(vt, (char)byte);
	}
}

/* The byte behind ESC. */
static void take_escape_byte(struct vt *vt, u8 byte)
{
	struct vt_parser *parser = &vt->parser;

	parser->state = VT_TEXT;
	switch (byte) {
	case '[':
		parser->state = VT_SEQUENCE;
		parser->parameters[0] = 0;
		parser->parameter_count = 1;
		parser->marker = 0;
		break;
	case ']':
		parser->state = VT_STRING;
		break;
	case '(':
	case ')':
	case '#':
	case '%':
		parser->state = VT_ESCAPE_SKIP;
		break;
	case '7':
		vt->saved = vt->cursor;
		break;
	case '8':
		vt->cursor = vt->saved;
		break;
	case 'D':
		vt_line_feed(vt);
		break;
	case 'E':
		vt_line_feed(vt);
		vt_move(vt, vt->cursor.row, 0);
		break;
	case 'M':
		vt_reverse_line_feed(vt);
		break;
	case 'c':
		vt_reset(vt);
		break;
	}
}

/* ---- Text ---------------------------------------------------------------- */

/* Accents that belong to the letter before them: the font has none. */
static bool is_combining(u32 code)
{
	return code >= 0x300 && code < 0x370;
}

/* Bytes that follow the first one of a character; 0xff: none can. */
static u32 bytes_after(u8 first)
{
	if (first < 0xc0)
		return 0xff;
	if (first < 0xe0)
		return 1;
	if (first < 0xf0)
		return 2;
	return first < 0xf8 ? 3 : 0xff;
}

/* A byte above 0x7f: a part of a character. */
static void take_utf8_byte(struct vt *vt, u8 byte)
{
	struct vt_parser *parser = &vt->parser;
	bool continues = (byte & 0xc0) == 0x80;

	if (continues && parser->bytes_left) {
		parser->code = parser->code << 6 | (byte & 0x3f);
		if (--parser->bytes_left == 0 && !is_combining(parser->code))
			vt_put(vt, font_find(parser->code));
		return;
	}
	parser->bytes_left = bytes_after(byte);
	if (parser->bytes_left == 0xff) { /* not UTF-8 */
		parser->bytes_left = 0;
		vt_put(vt, font_find(0xfffd));
		return;
	}
	parser->code = byte & (0x3fu >> parser->bytes_left);
}

static void take_control(struct vt *vt, u8 byte)
{
	u32 column = vt->cursor.column;

	switch (byte) {
	case '\b':
		vt_move(vt, vt->cursor.row, (i64)column - 1);
		break;
	case '\t':
		vt_move(vt, vt->cursor.row,
			(i64)align_down(column, TAB_COLUMNS) + TAB_COLUMNS);
		break;
	case '\n':
	case '\v':
	case '\f':
		vt_line_feed(vt);
		break;
	case '\r':
		vt_move(vt, vt->cursor.row, 0);
		break;
	case 0x18: /* CAN and SUB end a sequence */
	case 0x1a:
		vt->parser.state = VT_TEXT;
		break;
	case ESC:
		vt->parser.state = VT_ESCAPE;
		break;
	}
}

static void take_byte(struct vt *vt, u8 byte)
{
	struct vt_parser *parser = &vt->parser;

	if (parser->state == VT_STRING && byte != ESC) {
		if (byte == '\a')
			parser->state = VT_TEXT;
		return;
	}
	if (byte < ' ') { /* even inside a sequence */
		parser->bytes_left = 0;
		take_control(vt, byte);
		return;
	}
	switch (parser->state) {
	case VT_TEXT:
		if (byte >= 0x80) {
			take_utf8_byte(vt, byte);
		} else if (byte < 0x7f) {
			parser->bytes_left = 0;
			vt_put(vt, font_find(byte));
		}
		break;
	case VT_ESCAPE:
		take_escape_byte(vt, byte);
		break;
	case VT_ESCAPE_SKIP:
	case VT_STRING:
		parser->state = VT_TEXT;
		break;
	case VT_SEQUENCE:
		take_sequence_byte(vt, byte);
		break;
	}
}

void vt_write(struct vt *vt, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take_byte(vt, (u8)bytes[i]);
	vt->changes++;
}
