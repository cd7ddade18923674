/*
 * debugcon.h - the debug console of QEMU and Bochs: a port that prints
 */
#pragma once

#include "kernel/lib/printk.h"

extern struct log_sink debugcon_log_sink;

/* Return: whether there is one; without it, the sink must not be added. */
bool debugcon_is_present(void);
