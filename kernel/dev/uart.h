/*
 * uart.h - a 16550: the chip behind a serial port of a PC
 *
 * Owns: its registers.  Does not own: what the bytes mean, and who may use a
 * port when (kernel/dev/serial.h, kernel/dev/window.h).
 * Locks: none.
 * Source: National Semiconductor PC16550D data sheet.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Where the first two ports of a PC are, and the ISA lines they raise. */
#define UART_COM1 0x3f8
#define UART_COM1_IRQ 4
#define UART_COM2 0x2f8
#define UART_COM2_IRQ 3

/* Bytes that can be written when the transmitter is empty. */
#define UART_FIFO_BYTES 16

/**
 * uart_init() - find a port and set 115,200 baud, 8 bits, no parity
 * @port: the first of its registers
 *
 * => whatever it had received is thrown away; it raises no interrupts yet
 *
 * Return: whether there is such a port.
 */
bool uart_init(u16 port) __must_check;

/* Waits until the transmitter is empty.  => @length <= UART_FIFO_BYTES */
void uart_write(u16 port, const char *bytes, size_t length);

/* => the line is raised at once if data is waiting */
void uart_set_interrupt(u16 port, bool is_on);

bool uart_has_data(u16 port);
u8 uart_read(u16 port);
