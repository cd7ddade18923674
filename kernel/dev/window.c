/*
 * window.c - see window.h
 */
#include "kernel/dev/window.h"

#include "kernel/dev/uart.h"
#include "kernel/lib/printk.h"

/* The longest line, without its end: "65535 65535". */
#define LINE_BYTES 11
/* Of struct window_size's members. */
#define NUMBER_MAX 0xffff

static bool is_present;
static void (*window_receiver)(u16 rows, u16 columns);

static char line[LINE_BYTES + 1];
static u32 line_length; /* of what has come, even if not all is in line */

/* Return: the decimal number at *@text, which moves on; 0: there is none. */
static u16 read_number(const char **text)
{
	u32 number = 0;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		number = number * 10 + (u32)(**text - '0');
		if (number > NUMBER_MAX)
			return 0;
	}
	return (u16)number;
}

/* Exactly two numbers with a space between them, or it is not a size. */
static bool parse(u16 *rows, u16 *columns)
{
	const char *next = line;

	if (line_length > LINE_BYTES)
		return false;
	line[line_length] = '\0';
	*rows = read_number(&next);
	if (*next++ != ' ')
		return false;
	*columns = read_number(&next);
	return next == line + line_length && *rows && *columns;
}

static void receive(char byte)
{
	u16 rows;
	u16 columns;

	if (byte != '\n') {
		if (line_length < LINE_BYTES)
			line[line_length] = byte;
		if (line_length <= LINE_BYTES)
			line_length++;
		return;
	}
	if (parse(&rows, &columns))
		window_receiver(rows, columns);
	else
		log_warning("calf: COM2: not a window size, ignored\n");
	line_length = 0;
}

void window_interrupt(void)
{
	/* Until none is left: the interrupt is edge-triggered. */
	while (is_present && uart_has_data(UART_COM2))
		receive((char)uart_read(UART_COM2));
}

void window_init(void (*receiver)(u16 rows, u16 columns))
{
	static const char question[] = "?\n";

	is_present = uart_init(UART_COM2);
	if (!is_present)
		return;
	window_receiver = receiver;
	uart_set_interrupt(UART_COM2, true);
	/* What was sent while nobody listened is lost, so it is asked for. */
	uart_write(UART_COM2, question, sizeof(question) - 1);
}
