/*
 * console.h - the terminal on the serial port: /dev/console, /dev/ttyS0
 *
 * Owns: nothing but the way from kernel/dev/tty.h to kernel/dev/serial.h.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * console_init() - begin to receive
 * @is_raw: no echo, no output processing, no signals (tty=raw)
 *
 * => serial_init() has run and SERIAL_IRQ is routed
 */
void console_init(bool is_raw);
