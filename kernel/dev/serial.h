/*
 * serial.h - the first serial port (COM1): the console's
 *
 * Owns: the port.  Does not own: lines, echo, who reads (the terminal does).
 * Locks: its own, over transmitting; a leaf.
 */
#pragma once

#include "kernel/lib/printk.h"

/* The kernel log on this port, with \n sent as \r\n. */
extern struct log_sink serial_log_sink;

/**
 * serial_init() - find the port and make it ready
 * @mark: if not NULL, the line sent before anything else
 *
 * Return: whether there is a port; without one, writes go nowhere.
 */
bool serial_init(const char *mark);

/* Sends the bytes as they are; returns when the last is in the port's FIFO. */
void serial_write(const char *bytes, size_t length);

/**
 * serial_set_receiver() - hand every byte that arrives to @receiver
 *
 * => @receiver is called with interrupts off
 * => the caller has routed UART_COM1_IRQ to serial_interrupt()
 */
void serial_set_receiver(void (*receiver)(u8 byte));

/*
 * While paused, bytes stay in the port; when its FIFO is full, a
 * sender that obeys RTS, as QEMU does, waits.  May be called by the receiver.
 */
void serial_receive_pause(void);
void serial_receive_resume(void);

/* The port's interrupt. */
void serial_interrupt(void);
