/*
 * boot_info.h - what the boot loader told us, whichever it was
 *
 * boot_collect() fills it once from multiboot2 or PVH structures; nobody
 * else looks at those.  It holds copies, so the loader's memory may
 * be reused, except for the initramfs, which lies in a reserved range.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

enum boot_protocol {
	BOOT_MULTIBOOT2,
	BOOT_PVH,
};

/* [start, end) in bytes; not rounded to pages, as the firmware gave it. */
struct boot_range {
	paddr_t start;
	paddr_t end;
	bool usable; /* RAM that nothing else owns */
};

struct boot_framebuffer {
	paddr_t base; /* 0: none */
	u32 width_pixels;
	u32 height_pixels;
	u32 pitch_bytes;
	u8 bits_per_pixel;
	u8 red_shift;
	u8 green_shift;
	u8 blue_shift;
};

#define BOOT_RANGES_MAX 128
#define BOOT_COMMAND_LINE_MAX 4096

struct boot_info {
	enum boot_protocol protocol;
	u32 range_count;
	struct boot_range ranges[BOOT_RANGES_MAX];
	char command_line[BOOT_COMMAND_LINE_MAX];
	paddr_t initramfs_start; /* start == end: none */
	paddr_t initramfs_end;
	struct boot_framebuffer framebuffer;
	paddr_t acpi_root; /* the RSDP; 0: unknown */
};

/**
 * boot_collect() - translate the loader's structures into @info
 * @magic: what the loader left in EAX (multiboot2) or 0x336ec578 read from
 *         the start-info block (PVH)
 * @loader_info: physical address of its information structure
 *
 * Return: 0, or -EINVAL when @magic is neither.
 */
int boot_collect(u32 magic, paddr_t loader_info, struct boot_info *info);
