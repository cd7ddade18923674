/*
 * console.h - the terminal of the machine: /dev/console, /dev/ttyS0
 *
 * Both the serial port and, where there is one, the screen with the keyboard:
 * they show the same, and what is typed at either is input.  Its size is that of
 * the host's terminal where the host tells it, or else what the screen has room
 * for.
 * Owns: nothing but the way from kernel/dev/tty.h to kernel/dev/serial.h,
 * kernel/dev/screen.h, kernel/dev/keyboard.h and kernel/dev/window.h.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * console_init() - begin to receive
 * @is_raw: no echo, no output processing, no signals (tty=raw)
 *
 * => serial_init() and screen_init() have run, UART_COM1_IRQ, UART_COM2_IRQ
 *    and KEYBOARD_IRQ are routed to TRAP_CONSOLE
 */
void console_init(bool is_raw);

/* TRAP_CONSOLE: something was typed somewhere, or the window has changed. */
void console_interrupt(void);

/* The screen has other room for text: programs are told. */
void console_set_room(u16 rows, u16 columns);
