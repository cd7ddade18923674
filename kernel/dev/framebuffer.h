/*
 * framebuffer.h - rectangles and small pictures on the screen
 *
 * Owns: the pixels.  Does not own: what is drawn where (kernel/dev/screen.h).
 * Locks: none; only the task that draws the screen uses it, and a panic.
 */
#pragma once

#include "boot/boot_info.h"

/* Places and sizes are in pixels, colours 0xRRGGBB. */
struct framebuffer {
	u32 width; /* 0: there is no screen */
	u32 height;
};

extern struct framebuffer framebuffer;

/* A picture of one bit a pixel: rows of whole bytes, the left pixel first. */
struct bitmap {
	const u8 *rows;
	u32 width;
	u32 height;
};

/* Where a picture goes, and what its bits become. */
struct ink {
	u32 foreground;
	u32 background;
};

/* A part of the screen. */
struct area {
	u32 x;
	u32 y;
	u32 width;
	u32 height;
};

/**
 * framebuffer_init() - map what the boot loader or the adapter offers
 *
 * => boot only
 *
 * Return: whether there is a screen.
 */
bool framebuffer_init(const struct boot_info *info);

/* => inside the screen */
void framebuffer_fill(struct area area, u32 colour);
void framebuffer_draw(u32 x, u32 y, struct bitmap bitmap, struct ink ink);
