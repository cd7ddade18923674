/*
 * serial.c - see serial.h
 */
#include "kernel/dev/serial.h"

#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/insn.h"

/* Registers, as port numbers of COM1. */
enum serial_port {
	SERIAL_DATA = 0x3f8,
	SERIAL_INTERRUPTS = 0x3f9, /* which ones are enabled */
	SERIAL_FIFO = 0x3fa,
	SERIAL_LINE_CONTROL = 0x3fb,
	SERIAL_MODEM_CONTROL = 0x3fc,
	SERIAL_LINE_STATUS = 0x3fd,
	SERIAL_SCRATCH = 0x3ff, /* does nothing but keep a byte */
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
#define FIFO_BYTES 16

static struct spinlock serial_lock = SPINLOCK_INIT("serial");
static bool serial_present;
static bool serial_paused;
static void (*serial_receiver)(u8 byte);

/* A port that is not there does not keep what is written to it. */
static bool serial_detect(void)
{
	for (int i = 0; i < 2; i++) {
		u8 pattern = i == 0 ? 0xae : 0x51;

		port_out8(SERIAL_SCRATCH, pattern);
		if (port_in8(SERIAL_SCRATCH) != pattern)
			return false;
	}
	return true;
}

bool serial_init(const char *mark)
{
	serial_present = serial_detect();
	if (!serial_present)
		return false;

	port_out8(SERIAL_INTERRUPTS, 0);
	port_out8(SERIAL_LINE_CONTROL, LINE_SET_DIVISOR);
	port_out8(SERIAL_DATA, DIVISOR_115200);
	port_out8(SERIAL_INTERRUPTS, 0); /* upper half of the divisor */
	port_out8(SERIAL_LINE_CONTROL, LINE_8N1);
	port_out8(SERIAL_FIFO, FIFO_ENABLE_AND_CLEAR);
	port_out8(SERIAL_MODEM_CONTROL, MODEM_READY | MODEM_INTERRUPT_PIN);

	if (mark) {
		serial_write(mark, strlen(mark));
		serial_write("\n", 1);
	}
	return true;
}

/* => serial_lock is held */
static void serial_send_burst(const char *bytes, size_t length)
{
	while (!(port_in8(SERIAL_LINE_STATUS) & STATUS_TRANSMIT_EMPTY))
		cpu_pause();
	for (size_t i = 0; i < length; i++)
		port_out8(SERIAL_DATA, (u8)bytes[i]);
}

void serial_write(const char *bytes, size_t length)
{
	if (!serial_present)
		return;
	while (length > 0) {
		size_t burst = min_u64(length, FIFO_BYTES);
		/* Dropped after each burst: interrupts must not wait long. */
		u64 rflags = spin_lock_irqsave(&serial_lock);

		serial_send_burst(bytes, burst);
		spin_unlock_irqrestore(&serial_lock, rflags);
		bytes += burst;
		length -= burst;
	}
}

static void serial_log_write(const char *text, size_t length)
{
	size_t start = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\n')
			continue;
		serial_write(text + start, i - start);
		serial_write("\r\n", 2);
		start = i + 1;
	}
	serial_write(text + start, length - start);
}

struct log_sink serial_log_sink = {
	.write = serial_log_write,
	.max_level = LOG_INFO,
};

void serial_set_receiver(void (*receiver)(u8 byte))
{
	serial_receiver = receiver;
	serial_receive_resume();
}

void serial_receive_pause(void)
{
	serial_paused = true;
	if (serial_present)
		port_out8(SERIAL_INTERRUPTS, 0);
}

void serial_receive_resume(void)
{
	serial_paused = false;
	/* If data is waiting, this raises the interrupt line at once. */
	if (serial_present)
		port_out8(SERIAL_INTERRUPTS, INTERRUPT_ON_DATA);
}

void serial_interrupt(void)
{
	/*
	 * Until no data is left: the line is edge-triggered, so a byte left
	 * behind would never raise it again.
	 */
	while (!serial_paused && (port_in8(SERIAL_LINE_STATUS) & STATUS_DATA))
		serial_receiver(port_in8(SERIAL_DATA));
}
