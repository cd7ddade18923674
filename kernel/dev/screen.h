/*
 * screen.h - what is on the screen: the console's text, and the memory map
 *
 * Owns: who gets which part of the framebuffer, the text as a terminal
 * (kernel/dev/vt.h), and the kernel thread that draws both: writers only
 * change cells, so a long output costs little, and all that is the same as
 * before is not drawn again.  Without a framebuffer there is no thread.
 * Locks: its own, over the text; a leaf, taken with interrupts off.
 */
#pragma once

#include "boot/boot_info.h"
#include "kernel/lib/printk.h"

/* The kernel log on the screen. */
extern struct log_sink screen_log_sink;

/* In characters. */
struct screen_size {
	u16 rows;
	u16 columns;
};

/**
 * screen_init() - find a framebuffer and take it
 * @has_map: show the memory map from the start
 *
 * => boot only; screen_start() follows when tasks can be made
 *
 * Return: whether there is a screen; without one, writes go nowhere.
 */
bool screen_init(const struct boot_info *info, bool has_map);
void screen_start(void);

/* The room there is for text; 0 x 0: there is no screen. */
struct screen_size screen_room(void);
/* How much of it the terminal uses. */
void screen_set_size(struct screen_size size);
/* Erase what is beyond that.  => both are callable from interrupt handlers */
void screen_redraw(void);

/* Output of a program.  => callable with interrupts off */
void screen_write(const char *bytes, size_t length);

/* F12: the map appears, or goes.  => callable from interrupt handlers */
void screen_toggle_map(void);
/* Do programs want the arrow keys as ESC O A (DECCKM)? */
bool screen_wants_application_keys(void);
