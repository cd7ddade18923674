/*
 * console.h - the terminal on the serial port: /dev/console, /dev/tty
 *
 * Owns: the one terminal: its lock, who waits for input, who is in the
 * foreground.  Lines are made by kernel/dev/tty_line.h, bytes moved by
 * kernel/dev/serial.h.
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
