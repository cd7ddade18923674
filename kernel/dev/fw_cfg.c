/*
 * fw_cfg.c - see fw_cfg.h
 */
#include "kernel/dev/fw_cfg.h"

#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/insn.h"

/* A selector goes to the first port; then the item comes, byte by byte. */
#define PORT_SELECTOR 0x510
#define PORT_DATA 0x511

#define ITEM_SIGNATURE 0x0000
#define ITEM_DIRECTORY 0x0019

#define WINDOW_ITEM "opt/calf/window"

/* More than any firmware has; a limit for a directory gone wrong. */
#define FILES_MAX 1000
#define NAME_BYTES 56

static u8 read_byte(void)
{
	return port_in8(PORT_DATA);
}

/* Numbers are big-endian. */
static u32 read_number(u32 bytes)
{
	u32 number = 0;

	while (bytes--)
		number = number << 8 | read_byte();
	return number;
}

static bool is_present(void)
{
	static const char signature[] = "QEMU";

	port_out16(PORT_SELECTOR, ITEM_SIGNATURE);
	for (u32 i = 0; i < 4; i++)
		if (read_byte() != signature[i])
			return false;
	return true;
}

/* Return: the selector of the item called @name, or 0. */
static u16 find(const char *name, u32 *bytes)
{
	char found[NAME_BYTES];
	u32 count;

	port_out16(PORT_SELECTOR, ITEM_DIRECTORY);
	count = (u32)min_u64(read_number(4), FILES_MAX);
	while (count--) {
		u16 selector;

		*bytes = read_number(4);
		selector = (u16)read_number(2);
		read_number(2); /* reserved */
		for (u32 i = 0; i < NAME_BYTES; i++)
			found[i] = (char)read_byte();
		found[NAME_BYTES - 1] = '\0';
		if (!strcmp(found, name))
			return selector;
	}
	return 0;
}

/* A decimal number and the byte behind it.  => @left bytes are to be read */
static u16 read_decimal(u32 *left)
{
	u32 number = 0;

	while (*left) {
		u8 byte = read_byte();

		--*left;
		if (byte < '0' || byte > '9' || number > 999)
			break;
		number = number * 10 + byte - '0';
	}
	return (u16)number;
}

bool fw_cfg_window_size(u16 *rows, u16 *columns)
{
	u32 bytes = 0;
	u16 selector = is_present() ? find(WINDOW_ITEM, &bytes) : 0;
	u16 size[2];

	if (!selector)
		return false;
	port_out16(PORT_SELECTOR, selector);
	size[0] = read_decimal(&bytes);
	size[1] = read_decimal(&bytes);
	if (!size[0] || !size[1])
		return false;
	*rows = size[0];
	*columns = size[1];
	return true;
}
