/*
 * framebuffer.c - see framebuffer.h
 */
#include "kernel/dev/framebuffer.h"

#include "kernel/dev/display.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "mm/kspace.h"

/* What boot/header.asm asks GRUB for; here for the adapter of QEMU. */
#define WIDTH 1024
#define HEIGHT 768

/* What there is room for among device registers: 1920 x 1080. */
#define BYTES_MAX (8UL << 20)

struct framebuffer framebuffer;

static struct boot_framebuffer mode;
static volatile u8 *pixels;

bool framebuffer_init(const struct boot_info *info)
{
	u64 bytes;

	mode = info->framebuffer;
	if (!mode.base.val && !display_set_mode(WIDTH, HEIGHT, &mode))
		return false;
	bytes = (u64)mode.pitch_bytes * mode.height_pixels;
	if (mode.bits_per_pixel != 32 || bytes > BYTES_MAX) {
		log_warning("calf: a framebuffer of %ux%u, %u bits, is not "
			    "used\n",
			    mode.width_pixels, mode.height_pixels,
			    mode.bits_per_pixel);
		return false;
	}
	pixels = kspace_map_device(mode.base, bytes);
	framebuffer.width = mode.width_pixels;
	framebuffer.height = mode.height_pixels;
	return true;
}

/* A colour as this framebuffer has it. */
static u32 native(u32 colour)
{
	return (colour >> 16 & 0xff) << mode.red_shift |
	       (colour >> 8 & 0xff) << mode.green_shift |
	       (colour & 0xff) << mode.blue_shift;
}

static volatile u32 *pixel_at(u32 x, u32 y)
{
	return (volatile u32 *)(volatile void *)(pixels +
						 (u64)y * mode.pitch_bytes) +
	       x;
}

void framebuffer_fill(struct area area, u32 colour)
{
	u32 value = native(colour);

	ASSERT(area.x + area.width <= framebuffer.width &&
	       area.y + area.height <= framebuffer.height);
	for (u32 y = 0; y < area.height; y++) {
		volatile u32 *pixel = pixel_at(area.x, area.y + y);

		for (u32 x = 0; x < area.width; x++)
			pixel[x] = value;
	}
}

void framebuffer_draw(u32 x, u32 y, struct bitmap bitmap, struct ink ink)
{
	const u32 values[2] = { native(ink.background),
				native(ink.foreground) };
	u32 row_bytes = (bitmap.width + 7) / 8;

	ASSERT(x + bitmap.width <= framebuffer.width &&
	       y + bitmap.height <= framebuffer.height);
	for (u32 row = 0; row < bitmap.height; row++) {
		const u8 *bits = bitmap.rows + row * row_bytes;
		volatile u32 *pixel = pixel_at(x, y + row);

		for (u32 i = 0; i < bitmap.width; i++)
			pixel[i] = values[bits[i / 8] >> (7 - i % 8) & 1];
	}
}
