/*
 * screen.c - see screen.h
 */
#include "kernel/dev/screen.h"

#include "kernel/dev/console.h"
#include "kernel/dev/font.h"
#include "kernel/dev/framebuffer.h"
#include "kernel/dev/memory_map.h"
#include "kernel/dev/vt.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/proc/kernel_lock.h"
#include "kernel/proc/task.h"
#include "kernel/x86_64/time.h"
#include "mm/kmem.h"

/* Text appears within this time: no eye is faster. */
#define TEXT_PERIOD_NS 20000000UL
#define MAP_PERIOD_NS 100000000UL
/* Of a large memory it takes its time, of which it may have this part. */
#define MAP_TIME_SHARE 10

/* As wide as terminals were; the map gets what is left of the screen. */
#define COLUMNS_BESIDE_MAP 80
#define MAP_WIDTH_LEAST 160
#define MAP_MARGIN 16

#define COLUMNS_MAX 256
/* No glyph has this number: a cell that has it is drawn in any case. */
#define NOT_DRAWN 0xffff

static struct spinlock lock = SPINLOCK_INIT("screen");
static struct vt vt; /* lock */
static bool is_present;
static bool is_map_wanted; /* the key was pressed, or pressed again */

static bool is_redraw_wanted;

/* Only the thread, and a panic. */
static struct vt_cell *drawn; /* what the screen shows; as vt.cells */
static u64 drawn_changes; /* vt.changes at that time */
static bool is_map_shown;
static u64 next_map_ns;

/* ---- Room ---------------------------------------------------------------- */

static bool has_room_for_map(void)
{
	return framebuffer.width >=
	       COLUMNS_BESIDE_MAP * font.width + MAP_MARGIN + MAP_WIDTH_LEAST;
}

static struct screen_size room_for_text(void)
{
	u64 columns = min_u64(framebuffer.width / font.width, COLUMNS_MAX);

	if (is_map_wanted && has_room_for_map())
		columns = COLUMNS_BESIDE_MAP;
	return (struct screen_size){ (u16)(framebuffer.height / font.height),
				     (u16)columns };
}

struct screen_size screen_room(void)
{
	return is_present ? room_for_text() : (struct screen_size){ 0, 0 };
}

bool screen_init(const struct boot_info *info, bool has_map)
{
	struct screen_size size;
	u64 bytes;

	if (!framebuffer_init(info))
		return false;
	if (!font.glyph_count) {
		log_info("calf: no font was there when this was built (make "
			 "deps): no text on the screen\n");
		return false;
	}
	size = room_for_text();
	bytes = (u64)size.rows * size.columns * sizeof(struct vt_cell);
	vt.cells = kmalloc(bytes);
	drawn = kmalloc(bytes);
	if (!vt.cells || !drawn)
		return false;
	memset(drawn, 0xff, bytes); /* NOT_DRAWN */
	vt_init(&vt, vt.cells, size.rows, size.columns);
	framebuffer_fill((struct area){ 0, 0, framebuffer.width,
					framebuffer.height },
			 vt_colour(0));
	is_present = true;
	is_map_wanted = has_map;
	screen_set_size(screen_room()); /* as long as nothing is written */
	return true;
}

void screen_set_size(struct screen_size size)
{
	struct screen_size room = screen_room();
	u64 rflags;

	if (!is_present)
		return;
	rflags = spin_lock_irqsave(&lock);
	vt_resize(&vt, (u32)min_u64(size.rows, room.rows),
		  (u32)min_u64(size.columns, room.columns));
	spin_unlock_irqrestore(&lock, rflags);
}

void screen_redraw(void)
{
	WRITE_ONCE(is_redraw_wanted, true);
}

/* ---- Drawing ------------------------------------------------------------- */

static void draw_cell(u32 row, u32 column, struct vt_cell cell)
{
	u32 glyph_bytes = (font.width + 7) / 8 * font.height;
	u32 x = column * font.width;
	u32 y = row * font.height;
	struct bitmap bitmap = {
		.rows = font.glyphs +
			(cell.glyph & ~VT_UNDERLINE) * glyph_bytes,
		.width = font.width,
		.height = font.height,
	};
	struct ink ink = { vt_colour(cell.foreground),
			   vt_colour(cell.background) };

	framebuffer_draw(x, y, bitmap, ink);
	if (cell.glyph & VT_UNDERLINE)
		framebuffer_fill((struct area){ x, y + font.height - 2,
						font.width, 1 },
				 ink.foreground);
}

static bool is_same(struct vt_cell a, struct vt_cell b)
{
	return a.glyph == b.glyph && a.foreground == b.foreground &&
	       a.background == b.background;
}

/* Return: how many there are; 0: the text has no such row. */
static u32 read_cells(u32 row, struct vt_cell *cells)
{
	u64 rflags = spin_lock_irqsave(&lock);
	u32 count = row < vt.rows ? vt.columns : 0;

	if (count)
		vt_read_row(&vt, row, cells);
	spin_unlock_irqrestore(&lock, rflags);
	return count;
}

/*
 * Interrupts are off for the copy of a row only, not while it is drawn; in
 * between the text may even change its size.
 */
static void draw_text(void)
{
	static struct vt_cell cells[COLUMNS_MAX];
	u64 changes = READ_ONCE(vt.changes);
	u32 count;

	if (changes == drawn_changes)
		return;
	for (u32 row = 0; (count = read_cells(row, cells)) > 0; row++) {
		struct vt_cell *old = &drawn[row * vt.stride];

		for (u32 i = 0; i < count; i++) {
			if (is_same(old[i], cells[i]))
				continue;
			draw_cell(row, i, cells[i]);
			old[i] = cells[i];
		}
	}
	drawn_changes = changes;
}

/* All but the text that fits is erased, and drawn again. */
static void change_layout(void)
{
	struct screen_size room;

	is_map_shown = is_map_wanted;
	WRITE_ONCE(is_redraw_wanted, false);
	room = screen_room();
	console_set_room(room.rows, room.columns);
	framebuffer_fill((struct area){ 0, 0, framebuffer.width,
					framebuffer.height },
			 vt_colour(0));
	for (u32 i = 0; i < framebuffer.height / font.height * vt.stride; i++)
		drawn[i].glyph = NOT_DRAWN;
	drawn_changes--;
	if (is_map_shown && has_room_for_map()) {
		u32 x = COLUMNS_BESIDE_MAP * font.width + MAP_MARGIN;

		memory_map_begin((struct area){ x, 0, framebuffer.width - x,
						framebuffer.height });
	} else {
		memory_map_end();
	}
	next_map_ns = 0;
}

static void draw_forever(void *argument)
{
	static struct wait_queue nothing = WAIT_QUEUE_INIT(nothing);

	(void)argument;
	/* Drawing is long, and needs nothing that this lock guards. */
	kernel_unlock(true);
	for (;;) {
		u64 now = time_since_boot_ns();

		if (is_map_shown != READ_ONCE(is_map_wanted) ||
		    READ_ONCE(is_redraw_wanted))
			change_layout();
		draw_text();
		if (is_map_shown && now >= next_map_ns) {
			memory_map_draw();
			next_map_ns = now + max_u64(MAP_PERIOD_NS,
						    (time_since_boot_ns() -
						     now) * MAP_TIME_SHARE);
		}
		/* Others get this time, however long the drawing took. */
		(void)wait_event_deadline(
			&nothing, false, time_since_boot_ns() + TEXT_PERIOD_NS);
	}
}

void screen_start(void)
{
	if (is_present && kernel_thread_create("screen", draw_forever, NULL))
		log_warning("calf: no memory to draw the screen\n");
}

/* ---- What comes ---------------------------------------------------------- */

void screen_write(const char *bytes, size_t length)
{
	u64 rflags;

	if (!is_present)
		return;
	rflags = spin_lock_irqsave(&lock);
	vt_write(&vt, bytes, length);
	spin_unlock_irqrestore(&lock, rflags);
}

static void screen_log_write(const char *text, size_t length)
{
	size_t start = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\n')
			continue;
		screen_write(text + start, i - start);
		screen_write("\r\n", 2);
		start = i + 1;
	}
	screen_write(text + start, length - start);
	/* The thread will not run again. */
	if (panic_in_progress)
		draw_text();
}

struct log_sink screen_log_sink = {
	.write = screen_log_write,
	.max_level = LOG_INFO,
};

void screen_toggle_map(void)
{
	if (is_present && has_room_for_map())
		WRITE_ONCE(is_map_wanted, !is_map_wanted);
}

bool screen_wants_application_keys(void)
{
	return READ_ONCE(vt.application_keys);
}
