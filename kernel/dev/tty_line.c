/*
 * tty_line.c - see tty_line.h
 */
#include "kernel/dev/tty_line.h"

#include "kernel/lib/string.h"
#include "kernel/proc/signal_state.h"

#define CONTROL(letter) ((letter)&0x1f)
#define BACKSPACE 8
#define DELETE 0x7f

/* End of file, as an end-of-line byte in the buffer: never handed out. */
#define EOF_MARK 0

static const u8 default_characters[TERMIOS_CHARACTERS] = {
	[VINTR] = CONTROL('C'),	   [VQUIT] = CONTROL('\\'),
	[VERASE] = DELETE,	   [VKILL] = CONTROL('U'),
	[VEOF] = CONTROL('D'),	   [VMIN] = 1,
	[VSTART] = CONTROL('Q'),   [VSTOP] = CONTROL('S'),
	[VSUSP] = CONTROL('Z'),	   [VREPRINT] = CONTROL('R'),
	[VDISCARD] = CONTROL('O'), [VWERASE] = CONTROL('W'),
	[VLNEXT] = CONTROL('V'),
};

void tty_line_init(struct tty_line *line, bool is_raw,
		   void (*echo)(const char *text, size_t length))
{
	struct termios *termios = &line->termios;

	memset(line, 0, sizeof(*line));
	line->echo = echo;
	termios->input = ICRNL;
	termios->output = is_raw ? 0 : OPOST | ONLCR;
	termios->control = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
	termios->local = ICANON | IEXTEN;
	if (!is_raw)
		termios->local |= ISIG | ECHO | ECHOE | ECHOK | ECHOCTL |
				  ECHOKE;
	memcpy(termios->characters, default_characters,
	       sizeof(default_characters));
}

/* ---- The ring ------------------------------------------------------------ */

static u32 ring_index(u64 position)
{
	return (u32)(position % TTY_LINE_BYTES);
}

static bool ends_line(const struct tty_line *line, u64 position)
{
	u32 at = ring_index(position);

	return line->ends_line[at / 64] >> (at % 64) & 1;
}

static void set_ends_line(struct tty_line *line, u64 position, bool value)
{
	u32 at = ring_index(position);
	u64 bit = (u64)1 << (at % 64);

	if (value)
		line->ends_line[at / 64] |= bit;
	else
		line->ends_line[at / 64] &= ~bit;
}

static bool makes_lines(const struct tty_line *line)
{
	return line->termios.local & ICANON;
}

static bool has_flag(const struct tty_line *line, u32 flag)
{
	return line->termios.local & flag;
}

/* A character that is switched off is 0. */
static bool is_character(const struct tty_line *line,
			 enum termios_character which, u8 byte)
{
	return byte && line->termios.characters[which] == byte;
}

static void store(struct tty_line *line, u8 byte, bool is_end)
{
	line->bytes[ring_index(line->head)] = byte;
	set_ends_line(line, line->head, is_end);
	line->head++;
	if (is_end || !makes_lines(line))
		line->ready = line->head;
}

/* ---- Echo ---------------------------------------------------------------- */

static bool shows_as_two(const struct tty_line *line, u8 byte)
{
	return has_flag(line, ECHOCTL) && byte != '\t' && byte != '\n' &&
	       (byte < ' ' || byte == DELETE);
}

/* Show @byte; a control character as ^X. */
static void echo_byte(const struct tty_line *line, u8 byte)
{
	char text[2] = { '^', (char)(byte ^ 0x40) };

	if (!has_flag(line, ECHO))
		return;
	if (shows_as_two(line, byte))
		line->echo(text, 2);
	else
		line->echo((const char *)&byte, 1);
}

static void echo_newline(const struct tty_line *line)
{
	if (has_flag(line, ECHO) ||
	    (makes_lines(line) && has_flag(line, ECHONL)))
		line->echo("\r\n", 2);
}

/* ---- Editing ------------------------------------------------------------- */

static bool is_utf8_continuation(u8 byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Remove the last character of the line being typed. */
static void erase_character(struct tty_line *line)
{
	u8 byte;

	do
		byte = line->bytes[ring_index(--line->head)];
	while (is_utf8_continuation(byte) && line->head > line->ready);
	if (!has_flag(line, ECHO))
		return;
	line->echo("\b \b", 3);
	if (shows_as_two(line, byte))
		line->echo("\b \b", 3);
}

static bool last_is_space(const struct tty_line *line)
{
	u8 byte = line->bytes[ring_index(line->head - 1)];

	return byte == ' ' || byte == '\t';
}

static void erase_word(struct tty_line *line)
{
	while (line->head > line->ready && last_is_space(line))
		erase_character(line);
	while (line->head > line->ready && !last_is_space(line))
		erase_character(line);
}

/* Return: whether @byte was an editing character. */
static bool edit(struct tty_line *line, u8 byte)
{
	if (is_character(line, VERASE, byte) || byte == BACKSPACE) {
		if (line->head > line->ready)
			erase_character(line);
	} else if (is_character(line, VKILL, byte)) {
		while (line->head > line->ready)
			erase_character(line);
	} else if (has_flag(line, IEXTEN) &&
		   is_character(line, VWERASE, byte)) {
		erase_word(line);
	} else if (has_flag(line, IEXTEN) && is_character(line, VLNEXT, byte)) {
		line->quote_next = true;
		if (has_flag(line, ECHO) && has_flag(line, ECHOCTL))
			line->echo("^\b", 2);
	} else {
		return false;
	}
	return true;
}

/* ---- A byte arrives ------------------------------------------------------ */

/* One place is kept for the end of the line. */
static void store_ordinary(struct tty_line *line, u8 byte)
{
	if (line->head - line->tail >= TTY_LINE_BYTES - 1)
		return; /* too long a line: the rest of it is lost */
	store(line, byte, false);
	echo_byte(line, byte);
}

static void receive_canonical(struct tty_line *line, u8 byte)
{
	if (edit(line, byte))
		return;
	if (is_character(line, VEOF, byte)) {
		store(line, EOF_MARK, true);
	} else if (byte == '\n') {
		store(line, byte, true);
		echo_newline(line);
	} else if (is_character(line, VEOL, byte) ||
		   is_character(line, VEOL2, byte)) {
		store(line, byte, true);
		echo_byte(line, byte);
	} else {
		store_ordinary(line, byte);
	}
}

static int signal_of(const struct tty_line *line, u8 byte)
{
	if (!has_flag(line, ISIG))
		return 0;
	if (is_character(line, VINTR, byte))
		return SIGINT;
	if (is_character(line, VQUIT, byte))
		return SIGQUIT;
	if (is_character(line, VSUSP, byte))
		return SIGTSTP;
	return 0;
}

int tty_line_receive(struct tty_line *line, u8 byte)
{
	u32 input = line->termios.input;
	int signal;

	if (line->quote_next) {
		line->quote_next = false;
		store_ordinary(line, byte);
		return 0;
	}
	signal = signal_of(line, byte);
	if (signal) {
		if (!has_flag(line, NOFLSH))
			tty_line_flush(line);
		echo_byte(line, byte);
		return signal;
	}
	if (byte == '\r' && (input & IGNCR))
		return 0;
	if (byte == '\r' && (input & ICRNL))
		byte = '\n';
	else if (byte == '\n' && (input & INLCR))
		byte = '\r';
	if (makes_lines(line))
		receive_canonical(line, byte);
	else if (byte == '\n' && line->head - line->tail < TTY_LINE_BYTES - 1) {
		store(line, byte, false);
		echo_newline(line);
	} else
		store_ordinary(line, byte);
	return 0;
}

bool tty_line_can_read(const struct tty_line *line)
{
	return READ_ONCE(line->ready) != READ_ONCE(line->tail);
}

bool tty_line_is_full(const struct tty_line *line)
{
	/* A line nobody has ended yet must not stop the key that ends it. */
	return line->head - line->tail >= TTY_LINE_BYTES - 1 &&
	       line->ready != line->tail;
}

/* ---- A program reads ----------------------------------------------------- */

static bool is_eof_mark(const struct tty_line *line, u64 position)
{
	return ends_line(line, position) &&
	       line->bytes[ring_index(position)] == EOF_MARK;
}

u32 tty_line_take(struct tty_line *line, u8 *bytes, u32 size, bool *is_end)
{
	u32 count = 0;

	*is_end = false;
	while (line->tail != line->ready && count < size && !*is_end) {
		if (!is_eof_mark(line, line->tail))
			bytes[count++] = line->bytes[ring_index(line->tail)];
		*is_end = makes_lines(line) && ends_line(line, line->tail);
		line->tail++;
	}
	/*
	 * An end of file behind bytes only pushed them: it goes with them, or
	 * the next read would take it for the real one.
	 */
	if (!*is_end && line->tail != line->ready &&
	    is_eof_mark(line, line->tail)) {
		line->tail++;
		*is_end = true;
	}
	return count;
}

void tty_line_flush(struct tty_line *line)
{
	line->tail = line->head;
	line->ready = line->head;
	line->quote_next = false;
}

void tty_line_set_termios(struct tty_line *line, const struct termios *termios)
{
	line->termios = *termios;
	line->quote_next = false;
	if (!makes_lines(line))
		line->ready = line->head;
}

u32 tty_line_available(const struct tty_line *line)
{
	return (u32)(line->ready - line->tail);
}
