/*
 * debugcon.c - see debugcon.h
 */
#include "kernel/dev/debugcon.h"

#include "kernel/x86_64/asm/insn.h"

#define DEBUGCON_PORT 0xe9

bool debugcon_is_present(void)
{
	/* It answers a read with its own number. */
	return port_in8(DEBUGCON_PORT) == DEBUGCON_PORT;
}

static void debugcon_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		port_out8(DEBUGCON_PORT, (u8)text[i]);
}

struct log_sink debugcon_log_sink = {
	.write = debugcon_write,
	.max_level = LOG_INFO,
};
