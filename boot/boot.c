/*
 * boot.c - from the boot loader's structures to struct boot_info
 *
 * Knows multiboot2 (GRUB) and PVH (qemu -kernel); nobody else does.  Trusts
 * neither: every address is checked before it is read, every length before it
 * is followed.
 * Sources: Multiboot2 Specification 2.0, section 3.6; Xen,
 * xen/include/public/arch-x86/hvm/start_info.h.
 */
#include "boot/boot_info.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/image.h"

/* boot/start32.asm maps this much; both loaders stay below. */
#define BOOT_MAPPED_BYTES (4UL << 30)

/* Return: @bytes of physical memory at @address, or NULL: out of reach. */
static const void *boot_memory(u64 address, u64 bytes)
{
	if (address == 0 || address >= BOOT_MAPPED_BYTES ||
	    bytes > BOOT_MAPPED_BYTES - address)
		return NULL;
	return paddr_to_ptr(PADDR(address));
}

static void add_range(struct boot_info *info, u64 start, u64 bytes, bool usable)
{
	u64 end;

	if (bytes == 0)
		return;
	if (__builtin_add_overflow(start, bytes, &end))
		end = UINT64_MAX;
	if (info->range_count == BOOT_RANGES_MAX) {
		log_warning("calf: the memory map is too long: "
			    "0x%lx-0x%lx ignored\n",
			    start, end);
		return;
	}
	info->ranges[info->range_count++] = (struct boot_range){
		.start = PADDR(start),
		.end = PADDR(end),
		.usable = usable,
	};
}

static void set_command_line(struct boot_info *info, const char *text,
			     size_t max)
{
	size_t length = strnlen(text, max);

	if (length >= sizeof(info->command_line)) {
		log_warning("calf: the command line is cut after %zu bytes\n",
			    sizeof(info->command_line) - 1);
		length = sizeof(info->command_line) - 1;
	}
	memcpy(info->command_line, text, length);
	info->command_line[length] = '\0';
}

/* The first module is the initramfs. */
static void add_module(struct boot_info *info, u64 start, u64 end)
{
	if (info->initramfs_end.val != 0) {
		log_warning("calf: module at 0x%lx ignored: one is enough\n",
			    start);
		return;
	}
	if (start >= end)
		return;
	info->initramfs_start = PADDR(start);
	info->initramfs_end = PADDR(end);
}

/* ---- Multiboot2 ---- */

#define MULTIBOOT2_MAGIC 0x36d76289

enum multiboot2_tag_type {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
};

#define MULTIBOOT2_MEMORY_AVAILABLE 1
#define MULTIBOOT2_FRAMEBUFFER_RGB 1

struct multiboot2_info {
	u32 total_size;
	u32 reserved;
};

struct multiboot2_tag {
	u32 type;
	u32 size;
};

struct multiboot2_string {
	struct multiboot2_tag tag;
	char text[];
};

struct multiboot2_module {
	struct multiboot2_tag tag;
	u32 start;
	u32 end;
};

struct multiboot2_memory_map {
	struct multiboot2_tag tag;
	u32 entry_size;
	u32 entry_version;
};

struct multiboot2_memory_entry {
	u64 start;
	u64 bytes;
	u32 type;
	u32 reserved;
};

struct multiboot2_framebuffer {
	struct multiboot2_tag tag;
	u64 base;
	u32 pitch_bytes;
	u32 width_pixels;
	u32 height_pixels;
	u8 bits_per_pixel;
	u8 type;
	u16 reserved;
	u8 red_shift;
	u8 red_bits;
	u8 green_shift;
	u8 green_bits;
	u8 blue_shift;
	u8 blue_bits;
};

static void multiboot2_add_memory(struct boot_info *info,
				  const struct multiboot2_memory_map *map)
{
	const u8 *base = (const u8 *)map;
	u64 offset = sizeof(*map);

	if (map->entry_size < sizeof(struct multiboot2_memory_entry))
		return;
	for (; offset + map->entry_size <= map->tag.size;
	     offset += map->entry_size) {
		const struct multiboot2_memory_entry *entry =
			(const void *)(base + offset);

		add_range(info, entry->start, entry->bytes,
			  entry->type == MULTIBOOT2_MEMORY_AVAILABLE);
	}
}

static void multiboot2_set_framebuffer(struct boot_info *info,
				       const struct multiboot2_framebuffer *fb)
{
	if (fb->type != MULTIBOOT2_FRAMEBUFFER_RGB)
		return;
	info->framebuffer = (struct boot_framebuffer){
		.base = PADDR(fb->base),
		.width_pixels = fb->width_pixels,
		.height_pixels = fb->height_pixels,
		.pitch_bytes = fb->pitch_bytes,
		.bits_per_pixel = fb->bits_per_pixel,
		.red_shift = fb->red_shift,
		.green_shift = fb->green_shift,
		.blue_shift = fb->blue_shift,
	};
}

/* The tag holds a copy of the RSDP, and the tag's memory will be reused. */
static void multiboot2_set_acpi(struct boot_info *info,
				const struct multiboot2_tag *tag)
{
	static u8 rsdp[36] __aligned(16); /* the size of ACPI 2.0 */

	memset(rsdp, 0, sizeof(rsdp));
	memcpy(rsdp, tag + 1, min_u64(sizeof(rsdp), tag->size - sizeof(*tag)));
	info->acpi_root = image_to_paddr(rsdp);
}

/* => @tag->size bytes can be read */
static void multiboot2_add_tag(struct boot_info *info,
			       const struct multiboot2_tag *tag)
{
	const void *content = tag;
	const struct multiboot2_string *string = content;
	const struct multiboot2_module *module = content;

	switch (tag->type) {
	case TAG_COMMAND_LINE:
		set_command_line(info, string->text, tag->size - sizeof(*tag));
		break;
	case TAG_MODULE:
		if (tag->size >= sizeof(*module))
			add_module(info, module->start, module->end);
		break;
	case TAG_MEMORY_MAP:
		if (tag->size >= sizeof(struct multiboot2_memory_map))
			multiboot2_add_memory(info, content);
		break;
	case TAG_FRAMEBUFFER:
		if (tag->size >=
		    offsetof(struct multiboot2_framebuffer, blue_bits) + 1)
			multiboot2_set_framebuffer(info, content);
		break;
	case TAG_ACPI_OLD: /* the new one tells more, whichever comes first */
		if (info->acpi_root.val == 0)
			multiboot2_set_acpi(info, tag);
		break;
	case TAG_ACPI_NEW:
		multiboot2_set_acpi(info, tag);
		break;
	default: /* there are others, and later versions will add more */
		break;
	}
}

static int multiboot2_collect(paddr_t loader_info, struct boot_info *info)
{
	const struct multiboot2_info *header;
	u64 offset = sizeof(*header);

	header = boot_memory(loader_info.val, sizeof(*header));
	if (!header || !boot_memory(loader_info.val, header->total_size))
		return -EINVAL;

	info->protocol = BOOT_MULTIBOOT2;
	while (offset + sizeof(struct multiboot2_tag) <= header->total_size) {
		const struct multiboot2_tag *tag =
			(const void *)((const u8 *)header + offset);

		if (tag->type == TAG_END)
			return 0;
		if (tag->size < sizeof(*tag) ||
		    tag->size > header->total_size - offset)
			return -EINVAL;
		multiboot2_add_tag(info, tag);
		offset += align_up(tag->size, 8);
	}
	return -EINVAL; /* no end tag */
}

/* ---- PVH ---- */

#define PVH_MAGIC 0x336ec578
#define PVH_MEMORY_RAM 1

struct pvh_start_info {
	u32 magic;
	u32 version; /* 1 added the memory map */
	u32 flags;
	u32 module_count;
	u64 modules;
	u64 command_line;
	u64 acpi_root;
	u64 memory_map;
	u32 memory_map_entries;
	u32 reserved;
};

struct pvh_module {
	u64 start;
	u64 bytes;
	u64 command_line;
	u64 reserved;
};

struct pvh_memory_entry {
	u64 start;
	u64 bytes;
	u32 type;
	u32 reserved;
};

static int pvh_collect(paddr_t loader_info, struct boot_info *info)
{
	const struct pvh_start_info *start;
	const struct pvh_memory_entry *map;
	const struct pvh_module *modules;
	const char *command_line;

	start = boot_memory(loader_info.val, sizeof(*start));
	if (!start || start->version < 1)
		return -EINVAL;
	map = boot_memory(start->memory_map,
			  (u64)start->memory_map_entries * sizeof(*map));
	if (!map)
		return -EINVAL;

	info->protocol = BOOT_PVH;
	for (u32 i = 0; i < start->memory_map_entries; i++)
		add_range(info, map[i].start, map[i].bytes,
			  map[i].type == PVH_MEMORY_RAM);

	modules = boot_memory(start->modules,
			      (u64)start->module_count * sizeof(*modules));
	for (u32 i = 0; modules && i < start->module_count; i++)
		add_module(info, modules[i].start,
			   modules[i].start + modules[i].bytes);

	command_line = boot_memory(start->command_line, 1);
	if (command_line)
		set_command_line(info, command_line,
				 BOOT_MAPPED_BYTES - start->command_line);
	info->acpi_root = PADDR(start->acpi_root);
	return 0;
}

int boot_collect(u32 magic, paddr_t loader_info, struct boot_info *info)
{
	memset(info, 0, sizeof(*info));
	switch (magic) {
	case MULTIBOOT2_MAGIC:
		return multiboot2_collect(loader_info, info);
	case PVH_MAGIC:
		return pvh_collect(loader_info, info);
	default:
		return -EINVAL;
	}
}
