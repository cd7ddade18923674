/*
 * window.h - the window of the host that shows the console: what size is it?
 *
 * A serial line has no size, so tools/window.py, which starts QEMU in a
 * terminal, gives the machine a second serial port (COM2).  It sends a line
 * "ROWS COLUMNS" there whenever the terminal has another size, and whenever
 * anything comes from the guest: so the guest can ask.
 * Owns: that port.  Does not own: the size (kernel/dev/console.c does).
 * Locks: none; all of it but window_init() is the interrupt's.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * window_init() - begin to listen, where there is such a port, and ask
 * @receiver: called with interrupts off; both numbers are above 0
 *
 * => the caller has routed UART_COM2_IRQ to window_interrupt()
 */
void window_init(void (*receiver)(u16 rows, u16 columns));

/* The port's interrupt; does nothing where there is no port. */
void window_interrupt(void);
