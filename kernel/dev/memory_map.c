/*
 * memory_map.c - see memory_map.h
 */
#include "kernel/dev/memory_map.h"

#include "kernel/dev/font.h"
#include "kernel/dev/frame_map.h"
#include "kernel/dev/map_letters.h"
#include "kernel/dev/vt.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/frame.h"
#include "mm/kmem.h"

/* With the line between cells; a letter needs 5 x 7. */
#define CELL_LEAST 8
#define CELL_MOST 16

/* Above and below the cells. */
enum line {
	LINE_TITLE,
	LINE_LEGEND,
	LINE_HEAD = LINE_LEGEND + 2, /* what the figures of processes are */
	LINE_PROCESSES,
	LINES = LINE_PROCESSES + MAP_PROCESSES_MAX,
};

#define LINE_GAP 2
#define MARGIN 6

#define BAR_COLUMN 32 /* where it begins: behind the text of its line */
#define TEXT_BYTES 64

/* The colours of user/map.c, of xterm's 256. */
static const u8 process_colours[MAP_COLOURS] = { 75, 114, 203, 141,
						 80, 175, 215, 150 };
#define COLOUR_SHARED 220
#define COLOUR_BACKGROUND 0
#define COLOUR_TEXT 7
#define COLOUR_DIM 8

/* Without an owner: the ground, the letter, and its colour. */
static const struct {
	u8 ground;
	u8 ink;
	char letter;
} kind_looks[] = {
	[MAP_FREE] = { 234, 234, ' ' }, [MAP_KERNEL] = { 239, 246, 'k' },
	[MAP_TABLE] = { 60, 146, 't' }, [MAP_FILE] = { 23, 66, 'f' },
	[MAP_ZERO] = { 255, 240, 'z' },
};

static struct frame_map map;
static struct map_cell *drawn; /* what the screen shows */
static struct map_process drawn_processes[MAP_PROCESSES_MAX];
static char drawn_title[TEXT_BYTES];
static struct area area;
static u32 cell_size;
static u32 columns;
static u32 cells_y;
static bool is_shown;

/* ---- Cells --------------------------------------------------------------- */

/* The stripe at the right edge: a part for each owner. */
static void draw_owners(struct area cell, const struct map_cell *what)
{
	u32 width = cell.width > 10 ? 3 : cell.width - 6;
	u32 top = 0;

	for (u32 i = 0; i < what->owner_count; i++) {
		u32 bottom = cell.height * (i + 1) / what->owner_count;

		framebuffer_fill((struct area){ cell.x + cell.width - width,
						cell.y + top, width,
						bottom - top },
				 vt_colour(process_colours[what->owners[i]]));
		top = bottom;
	}
}

/* The first column is always ground: there one can look what a cell is. */
static void draw_letter(struct area cell, char letter, struct ink ink)
{
	u8 rows[MAP_LETTER_HEIGHT];
	struct bitmap bitmap = { rows, MAP_LETTER_WIDTH, MAP_LETTER_HEIGHT };

	map_letter_rows(letter, rows);
	framebuffer_draw(cell.x + 1 + (cell.width - CELL_LEAST + 1) / 3,
			 cell.y + (cell.height - MAP_LETTER_HEIGHT) / 2, bitmap,
			 ink);
}

static void draw_cell(u32 x, u32 y, const struct map_cell *what)
{
	struct area cell = { x, y, cell_size - 1, cell_size - 1 };
	struct ink ink = { .foreground = 0 };
	char letter = 0;

	switch ((enum map_kind)what->kind) {
	case MAP_SHARED:
		ink.background = vt_colour(COLOUR_SHARED);
		letter = what->count > 9 ? '+' : (char)('0' + what->count);
		break;
	case MAP_OWN:
		ink.background = vt_colour(process_colours[what->owners[0]]);
		letter = what->owner_count > 1 ? '*' :
						 (char)('A' + what->letter);
		if (!what->owner_count) /* mapped while we were looking */
			letter = ' ';
		break;
	case MAP_FREE:
	case MAP_KERNEL:
	case MAP_TABLE:
	case MAP_FILE:
	case MAP_ZERO:
		ink.foreground = vt_colour(kind_looks[what->kind].ink);
		ink.background = vt_colour(kind_looks[what->kind].ground);
		letter = kind_looks[what->kind].letter;
		break;
	}
	framebuffer_fill(cell, ink.background);
	draw_letter(cell, letter, ink);
	if (what->kind == MAP_SHARED)
		draw_owners(cell, what);
}

static void draw_cells(bool all)
{
	for (u32 i = 0; i < map.cell_count; i++) {
		if (!all &&
		    memcmp(&drawn[i], &map.cells[i], sizeof(*drawn)) == 0)
			continue;
		draw_cell(area.x + i % columns * cell_size,
			  cells_y + i / columns * cell_size, &map.cells[i]);
		drawn[i] = map.cells[i];
	}
}

/* ---- Lines --------------------------------------------------------------- */

static u32 line_y(u32 number)
{
	u32 rows = (map.cell_count + columns - 1) / columns;
	u32 y = area.y + number * (font.height + LINE_GAP);

	return number == LINE_TITLE ? y : y + rows * cell_size + 2 * MARGIN;
}

static void draw_text(u32 x, u32 y, const char *text, struct ink ink)
{
	u32 glyph_bytes = (font.width + 7) / 8 * font.height;

	for (; *text && x + font.width <= area.x + area.width; text++) {
		struct bitmap bitmap = {
			.rows = font.glyphs +
				font_find((u8)*text) * glyph_bytes,
			.width = font.width,
			.height = font.height,
		};

		framebuffer_draw(x, y, bitmap, ink);
		x += font.width;
	}
}

static struct ink text_ink(u8 colour)
{
	return (struct ink){ vt_colour(colour), vt_colour(COLOUR_BACKGROUND) };
}

static void draw_title(bool all)
{
	struct frame_stats stats = frame_stats_read();
	char text[TEXT_BYTES];
	char unit[24] = "a frame";

	if (map.frames_per_cell > 1)
		snprintf(unit, sizeof(unit), "%lu frames", map.frames_per_cell);
	snprintf(text, sizeof(text), "%lu frames, %lu free; a cell is %s  ",
		 map.frame_count, stats.free, unit);
	if (!all && strcmp(text, drawn_title) == 0)
		return;
	strlcpy(drawn_title, text, sizeof(drawn_title));
	draw_text(area.x, line_y(LINE_TITLE), text, text_ink(COLOUR_TEXT));
}

/* Examples of cells, and what they mean. */
static void draw_legend(void)
{
	static const struct {
		u32 line;
		u32 column;
		struct map_cell cell;
		const char *meaning;
	} entries[] = {
		{ 0, 0, { MAP_OWN, 0, 0, 1, { 1 } }, "one process's" },
		{ 0, 17, { MAP_SHARED, 2, 0, 2, { 1, 2 } }, "mapped twice" },
		{ 0, 33, { MAP_SHARED, 10, 0, 1, { 1 } }, "ten or more" },
		{ 1, 0, { .kind = MAP_ZERO }, "zeros" },
		{ 1, 9, { .kind = MAP_FILE }, "file" },
		{ 1, 17, { .kind = MAP_TABLE }, "table" },
		{ 1, 26, { .kind = MAP_KERNEL }, "kernel" },
		{ 1, 36, { .kind = MAP_FREE }, "free" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(entries); i++) {
		u32 x = area.x + entries[i].column * font.width;
		u32 y = line_y(LINE_LEGEND + entries[i].line);

		if (x + cell_size > area.x + area.width)
			continue;
		draw_cell(x, y + (font.height - cell_size) / 2,
			  &entries[i].cell);
		draw_text(x + 2 * font.width, y, entries[i].meaning,
			  text_ink(COLOUR_DIM));
	}
	draw_text(area.x + font.width, line_y(LINE_HEAD),
		  "  pid name          own shared", text_ink(COLOUR_DIM));
}

/* A process's own pages on its colour, then those that it shares. */
static void draw_bar(u32 y, const struct map_process *process, u64 most)
{
	u32 x = area.x + BAR_COLUMN * font.width;
	u32 width = area.x + area.width - x;
	u32 height = font.height - 4;
	u32 own = (u32)(process->own_pages * width / most);
	u32 shared = (u32)(process->shared_pages * width / most);

	framebuffer_fill((struct area){ x, y + 2, width, height },
			 vt_colour(COLOUR_BACKGROUND));
	framebuffer_fill((struct area){ x, y + 2, own, height },
			 vt_colour(process_colours[map_colour(process->pid)]));
	/* Lower as well as of another colour. */
	framebuffer_fill((struct area){ x + own, y + 2 + height / 2, shared,
					height - height / 2 },
			 vt_colour(COLOUR_SHARED));
}

static void draw_process(u32 number, const struct map_process *process,
			 u64 most)
{
	u32 y = line_y(LINE_PROCESSES + number);
	char text[TEXT_BYTES];
	const char letter[] = { (char)('A' + map_letter(process->pid)), '\0' };
	struct ink ink = {
		0, vt_colour(process_colours[map_colour(process->pid)])
	};

	framebuffer_fill((struct area){ area.x, y, area.width, font.height },
			 vt_colour(COLOUR_BACKGROUND));
	if (!process->pid)
		return;
	snprintf(text, sizeof(text), "%5u %-11s%6lu %6lu", process->pid,
		 process->name, process->own_pages, process->shared_pages);
	/* A long name must not move the figures. */
	if (strlen(process->name) > 11)
		snprintf(text, sizeof(text), "%5u %.10s+%6lu %6lu",
			 process->pid, process->name, process->own_pages,
			 process->shared_pages);
	draw_text(area.x, y, letter, ink);
	draw_text(area.x + font.width, y, text, text_ink(COLOUR_TEXT));
	draw_bar(y, process, most);
}

static void draw_processes(bool all)
{
	static u64 drawn_most;
	u64 most = 1;

	for (u32 i = 0; i < map.process_count && i < MAP_PROCESSES_MAX; i++)
		most = max_u64(most, map.processes[i].own_pages +
					     map.processes[i].shared_pages);
	for (u32 i = 0; i < MAP_PROCESSES_MAX; i++) {
		struct map_process process = { .pid = 0 };

		if (i < map.process_count)
			process = map.processes[i];
		if (!all && most == drawn_most &&
		    memcmp(&process, &drawn_processes[i], sizeof(process)) == 0)
			continue;
		draw_process(i, &process, most);
		drawn_processes[i] = process;
	}
	drawn_most = most;
}

/* ---- The whole ----------------------------------------------------------- */

/* The largest cells with which all fit; and more frames to each if need be. */
static void choose_size(void)
{
	u32 height =
		area.height - LINES * (font.height + LINE_GAP) - 2 * MARGIN;

	frame_map_init(&map,
		       (u64)(area.width / CELL_LEAST) * (height / CELL_LEAST));
	cell_size = CELL_MOST + 1;
	do {
		cell_size--;
		columns = area.width / cell_size;
	} while (cell_size > CELL_LEAST &&
		 (map.cell_count + columns - 1) / columns * cell_size > height);
	cells_y = area.y + font.height + LINE_GAP + MARGIN;
}

void memory_map_begin(struct area where)
{
	area = where;
	choose_size();
	map.cells = kmalloc(map.cell_count * sizeof(*map.cells));
	drawn = kmalloc(map.cell_count * sizeof(*drawn));
	is_shown = map.cells && drawn;
	if (!is_shown) {
		log_warning("calf: no memory for the memory map\n");
		memory_map_end();
		return;
	}
	frame_map_collect(&map);
	draw_cells(true);
	draw_title(true);
	draw_legend();
	draw_processes(true);
}

void memory_map_end(void)
{
	is_shown = false;
	kfree(map.cells);
	kfree(drawn);
	map.cells = NULL;
	drawn = NULL;
}

void memory_map_draw(void)
{
	if (!is_shown)
		return;
	frame_map_collect(&map);
	draw_cells(false);
	draw_title(false);
	draw_processes(false);
}
