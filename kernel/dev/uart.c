/*
 * uart.c - see uart.h
 */
#include "kernel/dev/uart.h"

#include "kernel/x86_64/asm/insn.h"

/* Registers, counted from the first. */
enum uart_register {
	UART_DATA = 0,
	UART_INTERRUPTS = 1, /* which ones are enabled */
	UART_FIFO = 2,
	UART_LINE_CONTROL = 3,
	UART_MODEM_CONTROL = 4,
	UART_LINE_STATUS = 5,
	UART_SCRATCH = 7, /* does nothing but keep a byte */
};

#define INTERRUPT_ON_DATA 0x01
/*
 * Interrupt at 14 bytes, or when fewer have waited for four characters' time:
 * a megabyte of input then costs a fourteenth of the interrupts.
 */
#define FIFO_ENABLE_AND_CLEAR 0xc7
#define LINE_8N1 0x03
#define LINE_SET_DIVISOR 0x80
#define MODEM_READY 0x03 /* DTR, RTS */
#define MODEM_INTERRUPT_PIN 0x08 /* OUT2: on a PC it gates the interrupt */
#define STATUS_DATA 0x01
#define STATUS_TRANSMIT_EMPTY 0x20

#define DIVISOR_115200 1

static void set(u16 port, enum uart_register number, u8 value)
{
	port_out8((u16)(port + number), value);
}

static u8 get(u16 port, enum uart_register number)
{
	return port_in8((u16)(port + number));
}

/* A port that is not there does not keep what is written to it. */
static bool is_present(u16 port)
{
	for (int i = 0; i < 2; i++) {
		u8 pattern = i == 0 ? 0xae : 0x51;

		set(port, UART_SCRATCH, pattern);
		if (get(port, UART_SCRATCH) != pattern)
			return false;
	}
	return true;
}

bool uart_init(u16 port)
{
	if (!is_present(port))
		return false;
	set(port, UART_INTERRUPTS, 0);
	set(port, UART_LINE_CONTROL, LINE_SET_DIVISOR);
	set(port, UART_DATA, DIVISOR_115200);
	set(port, UART_INTERRUPTS, 0); /* upper half of the divisor */
	set(port, UART_LINE_CONTROL, LINE_8N1);
	set(port, UART_FIFO, FIFO_ENABLE_AND_CLEAR);
	set(port, UART_MODEM_CONTROL, MODEM_READY | MODEM_INTERRUPT_PIN);
	return true;
}

void uart_write(u16 port, const char *bytes, size_t length)
{
	while (!(get(port, UART_LINE_STATUS) & STATUS_TRANSMIT_EMPTY))
		cpu_pause();
	for (size_t i = 0; i < length; i++)
		set(port, UART_DATA, (u8)bytes[i]);
}

void uart_set_interrupt(u16 port, bool is_on)
{
	set(port, UART_INTERRUPTS, is_on ? INTERRUPT_ON_DATA : 0);
}

bool uart_has_data(u16 port)
{
	return get(port, UART_LINE_STATUS) & STATUS_DATA;
}

u8 uart_read(u16 port)
{
	return get(port, UART_DATA);
}
