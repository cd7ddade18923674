/*
 * keyboard.h - the PS/2 keyboard: from keys to what a terminal sends
 *
 * Owns: the i8042 controller, the state of shift keys; the layout is US.
 * Does not own: lines and echo (the terminal does).
 * Locks: none; its interrupt goes to one CPU.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
 * Auxiliary Device Controller"; scan codes of set 1; Linux console_codes(4).
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

#define KEYBOARD_IRQ 1

/**
 * keyboard_init() - begin to receive
 * @receiver: gets every byte that the keys mean; called with interrupts off
 *
 * => the caller has routed KEYBOARD_IRQ to keyboard_interrupt()
 *
 * Return: whether there is a controller.
 */
bool keyboard_init(void (*receiver)(u8 byte));

/* The controller's interrupt; without a controller nothing happens. */
void keyboard_interrupt(void);
