/*
 * serial.c - see serial.h
 */
#include "kernel/dev/serial.h"

#include "kernel/dev/uart.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"

static struct spinlock serial_lock = SPINLOCK_INIT("serial");
static bool serial_present;
static bool serial_paused;
static void (*serial_receiver)(u8 byte);

bool serial_init(const char *mark)
{
	serial_present = uart_init(UART_COM1);
	if (!serial_present)
		return false;

	if (mark) {
		serial_write(mark, strlen(mark));
		serial_write("\n", 1);
	}
	return true;
}

void serial_write(const char *bytes, size_t length)
{
	if (!serial_present)
		return;
	while (length > 0) {
		size_t burst = min_u64(length, UART_FIFO_BYTES);
		/* Dropped after each burst: interrupts must not wait long. */
		u64 rflags = spin_lock_irqsave(&serial_lock);

		uart_write(UART_COM1, bytes, burst);
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
		uart_set_interrupt(UART_COM1, false);
}

void serial_receive_resume(void)
{
	serial_paused = false;
	/* If data is waiting, this raises the interrupt line at once. */
	if (serial_present)
		uart_set_interrupt(UART_COM1, true);
}

void serial_interrupt(void)
{
	/*
	 * Until no data is left: the line is edge-triggered, so a byte left
	 * behind would never raise it again.
	 */
	while (!serial_paused && uart_has_data(UART_COM1))
		serial_receiver(uart_read(UART_COM1));
}
