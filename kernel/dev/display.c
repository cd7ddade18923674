/*
 * display.c - see display.h
 */
#include "kernel/dev/display.h"

#include "kernel/dev/pci.h"
#include "kernel/x86_64/asm/insn.h"

#define QEMU_VENDOR 0x1234
#define QEMU_STANDARD_VGA 0x1111

/* The number of a register goes to the first port, its value to the second. */
#define PORT_INDEX 0x1ce
#define PORT_DATA 0x1cf

enum display_register {
	DISPLAY_ID,
	DISPLAY_WIDTH,
	DISPLAY_HEIGHT,
	DISPLAY_BITS_PER_PIXEL,
	DISPLAY_ENABLE,
};

/* The first version that can do all of this, and how many may follow it. */
#define ID_LEAST 0xb0c4
#define ID_MASK 0xfff0

#define ENABLE_OFF 0x00
#define ENABLE_ON 0x01
#define ENABLE_LINEAR 0x40

static u16 read_register(enum display_register number)
{
	port_out16(PORT_INDEX, (u16)number);
	return port_in16(PORT_DATA);
}

static void write_register(enum display_register number, u16 value)
{
	port_out16(PORT_INDEX, (u16)number);
	port_out16(PORT_DATA, value);
}

bool display_set_mode(u16 width, u16 height,
		      struct boot_framebuffer *framebuffer)
{
	struct pci_device device;
	u16 id;

	if (!pci_find(QEMU_VENDOR, QEMU_STANDARD_VGA, &device))
		return false;
	id = read_register(DISPLAY_ID);
	if (id < ID_LEAST || (id & ID_MASK) != (ID_LEAST & ID_MASK))
		return false;
	write_register(DISPLAY_ENABLE, ENABLE_OFF);
	write_register(DISPLAY_WIDTH, width);
	write_register(DISPLAY_HEIGHT, height);
	write_register(DISPLAY_BITS_PER_PIXEL, 32);
	write_register(DISPLAY_ENABLE, ENABLE_ON | ENABLE_LINEAR);
	*framebuffer = (struct boot_framebuffer){
		.base = PADDR(pci_read(device, PCI_BAR0) & ~PCI_BAR_FLAGS),
		.width_pixels = width,
		.height_pixels = height,
		.pitch_bytes = width * 4u,
		.bits_per_pixel = 32,
		.red_shift = 16,
		.green_shift = 8,
		.blue_shift = 0,
	};
	return true;
}
