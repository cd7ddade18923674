/*
 * display.h - QEMU's display adapter, where no boot loader has set one up
 *
 * Owns: the mode of the adapter.
 * Source: QEMU docs/specs/standard-vga.rst.
 */
#pragma once

#include "boot/boot_info.h"

/**
 * display_set_mode() - a linear framebuffer of this size, 32 bits a pixel
 *
 * Return: false: there is no such adapter (-vga std); @framebuffer is as it
 * was.
 */
bool display_set_mode(u16 width, u16 height,
		      struct boot_framebuffer *framebuffer);
