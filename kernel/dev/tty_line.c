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

void tty_line_init(struct tty_line *line, bool is_raw)
{
	struct termios *termios = &line->termios;

	termios->input = is_raw ? ICRNL : ICRNL | IXON;
	termios->output = is_raw ? 0 : OPOST | ONLCR;
	termios->control = B38400 | CS8 | CREAD;
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
	if (is_end || !tty_line_is_canonical(line))
		line->ready = line->head;
}

/* ---- Output -------------------------------------------------------------- */

#define TAB_COLUMNS 8

static bool is_utf8_continuation(const struct tty_line *line, u8 byte)
{
	return (line->termios.input & IUTF8) && (byte & 0xc0) == 0x80;
}

static bool is_control(u8 byte)
{
	return byte < ' ' || byte == DELETE;
}

static u32 output_tab(struct tty_line *line, char *out)
{
	u32 spaces = TAB_COLUMNS - line->column % TAB_COLUMNS;

	line->column += spaces;
	if ((line->termios.output & TABDLY) != XTABS) {
		out[0] = '\t';
		return 1;
	}
	memset(out, ' ', spaces);
	return spaces;
}

u32 tty_line_output(struct tty_line *line, u8 byte, char out[TTY_OUTPUT_MAX])
{
	u32 output = line->termios.output;

	out[0] = (char)byte;
	if (!(output & OPOST))
		return 1;
	if (byte == '\t')
		return output_tab(line, out);
	if (byte == '\n' && output & ONLCR) {
		line->column = 0;
		memcpy(out, "\r\n", 2);
		return 2;
	}
	if (byte == '\r' && output & ONOCR && line->column == 0)
		return 0;
	if (byte == '\r' && output & OCRNL)
		out[0] = '\n';
	if ((byte == '\n' || out[0] == '\n') && output & ONLRET)
		line->column = 0;
	else if (out[0] == '\r')
		line->column = 0;
	else if (byte == BACKSPACE && line->column > 0)
		line->column--;
	else if (!is_control(byte) && !is_utf8_continuation(line, byte))
		line->column++;
	if (output & OLCUC && byte >= 'a' && byte <= 'z')
		out[0] = (char)(byte - 'a' + 'A');
	return 1;
}

void tty_line_stop(struct tty_line *line)
{
	line->is_stopped = true;
}

void tty_line_start(struct tty_line *line)
{
	u32 count = line->held_count;

	line->is_stopped = false;
	line->held_count = 0;
	line->echo(line, line->held, count);
}

/* ---- Echo ---------------------------------------------------------------- */

static void echo_bytes(struct tty_line *line, const char *text, u32 length)
{
	for (u32 i = 0; i < length; i++) {
		char out[TTY_OUTPUT_MAX];
		u32 count = tty_line_output(line, (u8)text[i], out);

		if (!line->is_stopped) {
			line->echo(line, out, count);
		} else if (line->held_count + count <= TTY_HELD_BYTES) {
			memcpy(line->held + line->held_count, out, count);
			line->held_count += count;
		}
	}
}

static bool shows_as_two(const struct tty_line *line, u8 byte)
{
	return has_flag(line, ECHOCTL) && byte != '\t' && byte != '\n' &&
	       is_control(byte);
}

/* Show @byte; a control character as ^X. */
static void echo_byte(struct tty_line *line, u8 byte)
{
	char text[2] = { '^', (char)(byte ^ 0x40) };

	if (!has_flag(line, ECHO))
		return;
	if (shows_as_two(line, byte))
		echo_bytes(line, text, 2);
	else
		echo_bytes(line, (const char *)&byte, 1);
}

static void echo_newline(struct tty_line *line)
{
	if (has_flag(line, ECHO) ||
	    (tty_line_is_canonical(line) && has_flag(line, ECHONL)))
		echo_bytes(line, "\n", 1);
}

/* The line being typed begins where the cursor is now. */
static void begin_line(struct tty_line *line)
{
	if (line->head == line->ready)
		line->line_column = line->column;
}

/* ---- Editing ------------------------------------------------------------- */

static u8 typed_at(const struct tty_line *line, u64 position)
{
	return line->bytes[ring_index(position)];
}

/* Columns between the last tab, or the line's beginning, and its end. */
static u32 columns_before_tab(const struct tty_line *line)
{
	u32 columns = 0;

	for (u64 at = line->head; at > line->ready; at--) {
		u8 byte = typed_at(line, at - 1);

		if (byte == '\t')
			return columns;
		if (is_control(byte))
			columns += shows_as_two(line, byte) ? 2 : 0;
		else if (!is_utf8_continuation(line, byte))
			columns++;
	}
	return columns + line->line_column;
}

/* Wipe the character @byte, which is not in the line any more. */
static void echo_erase(struct tty_line *line, u8 byte)
{
	if (byte == '\t') {
		u32 columns = columns_before_tab(line);

		for (u32 i = columns % TAB_COLUMNS; i < TAB_COLUMNS; i++)
			echo_bytes(line, "\b", 1);
		return;
	}
	if (shows_as_two(line, byte))
		echo_bytes(line, "\b \b", 3);
	if (!is_control(byte) || has_flag(line, ECHOCTL))
		echo_bytes(line, "\b \b", 3);
}

/* Remove the last character of the line being typed.  Return: its first byte */
static u8 remove_character(struct tty_line *line)
{
	u8 byte;

	do
		byte = typed_at(line, --line->head);
	while (is_utf8_continuation(line, byte) && line->head > line->ready);
	return byte;
}

static void erase_character(struct tty_line *line)
{
	u8 byte = remove_character(line);

	if (has_flag(line, ECHO))
		echo_erase(line, byte);
}

static bool last_is_word(const struct tty_line *line)
{
	u8 byte = typed_at(line, line->head - 1);

	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '_' || byte >= 0x80;
}

static void erase_word(struct tty_line *line)
{
	while (line->head > line->ready && !last_is_word(line))
		erase_character(line);
	while (line->head > line->ready && last_is_word(line))
		erase_character(line);
}

static void kill_line(struct tty_line *line, u8 byte)
{
	bool wipes = has_flag(line, ECHOK) && has_flag(line, ECHOKE) &&
		     has_flag(line, ECHOE);

	while (wipes && line->head > line->ready)
		erase_character(line);
	line->head = line->ready;
	if (wipes || !has_flag(line, ECHO))
		return;
	echo_byte(line, byte);
	if (has_flag(line, ECHOK))
		echo_bytes(line, "\n", 1);
}

static void erase(struct tty_line *line, u8 byte)
{
	if (line->head == line->ready)
		return;
	if (!has_flag(line, ECHO) || has_flag(line, ECHOE)) {
		erase_character(line);
	} else {
		remove_character(line);
		echo_byte(line, byte);
	}
}

static void reprint(struct tty_line *line, u8 byte)
{
	echo_byte(line, byte);
	echo_newline(line);
	line->line_column = line->column;
	for (u64 at = line->ready; at < line->head; at++)
		echo_byte(line, typed_at(line, at));
}

/* Return: whether @byte was an editing character. */
static bool edit(struct tty_line *line, u8 byte)
{
	bool is_extended = has_flag(line, IEXTEN);

	if (is_character(line, VERASE, byte))
		erase(line, byte);
	else if (is_character(line, VKILL, byte))
		kill_line(line, byte);
	else if (is_extended && is_character(line, VWERASE, byte))
		erase_word(line);
	else if (is_extended && is_character(line, VREPRINT, byte) &&
		 has_flag(line, ECHO))
		reprint(line, byte);
	else
		return false;
	return true;
}

/* ---- A byte arrives ------------------------------------------------------ */

/* One place is kept for the end of the line. */
static void store_ordinary(struct tty_line *line, u8 byte)
{
	if (line->head - line->tail >= TTY_LINE_BYTES - 1) {
		/* Too long a line: the rest of it is lost. */
		if (line->termios.input & IMAXBEL)
			echo_bytes(line, "\a", 1);
		return;
	}
	begin_line(line);
	store(line, byte, false);
	if (byte == '\n')
		echo_newline(line);
	else
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
		   (has_flag(line, IEXTEN) &&
		    is_character(line, VEOL2, byte))) {
		begin_line(line);
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

/* ^S and ^Q.  Return: whether @byte was one of them. */
static bool control_flow(struct tty_line *line, u8 byte)
{
	if (!(line->termios.input & IXON))
		return false;
	if (is_character(line, VSTART, byte)) {
		tty_line_start(line);
		return true;
	}
	if (is_character(line, VSTOP, byte)) {
		tty_line_stop(line);
		return true;
	}
	if (line->is_stopped && line->termios.input & IXANY)
		tty_line_start(line);
	return false;
}

/* As ICRNL and its like want it.  Return: false: drop it. */
static bool map_input(const struct tty_line *line, u8 *byte)
{
	u32 input = line->termios.input;

	if (*byte == '\r' && input & IGNCR)
		return false;
	if (*byte == '\r' && input & ICRNL)
		*byte = '\n';
	else if (*byte == '\n' && input & INLCR)
		*byte = '\r';
	return true;
}

static void send_signal(struct tty_line *line, u8 byte)
{
	if (!has_flag(line, NOFLSH)) {
		tty_line_flush(line);
		line->held_count = 0;
		if (line->flush_output)
			line->flush_output(line);
	}
	if (line->termios.input & IXON && line->is_stopped)
		tty_line_start(line);
	echo_byte(line, byte);
}

int tty_line_receive(struct tty_line *line, u8 byte)
{
	int signal;

	if (line->termios.input & ISTRIP)
		byte &= 0x7f;
	if (line->termios.input & IUCLC && has_flag(line, IEXTEN) &&
	    byte >= 'A' && byte <= 'Z')
		byte = (u8)(byte - 'A' + 'a');
	if (line->quote_next) {
		line->quote_next = false;
		store_ordinary(line, byte);
		return 0;
	}
	if (control_flow(line, byte))
		return 0;
	signal = signal_of(line, byte);
	if (signal) {
		send_signal(line, byte);
		return signal;
	}
	if (!map_input(line, &byte))
		return 0;
	if (has_flag(line, IEXTEN) && tty_line_is_canonical(line) &&
	    is_character(line, VLNEXT, byte)) {
		line->quote_next = true;
		if (has_flag(line, ECHO) && has_flag(line, ECHOCTL))
			echo_bytes(line, "^\b", 2);
	} else if (tty_line_is_canonical(line)) {
		receive_canonical(line, byte);
	} else {
		store_ordinary(line, byte);
	}
	return 0;
}

bool tty_line_can_poll(const struct tty_line *line)
{
	const u8 *characters = line->termios.characters;
	u64 least = 1;

	if (!tty_line_is_canonical(line) && !characters[VTIME])
		least = max_u64(characters[VMIN], 1);
	return line->ready - line->tail >= least;
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
		*is_end = tty_line_is_canonical(line) &&
			  ends_line(line, line->tail);
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
	bool was_canonical = tty_line_is_canonical(line);

	line->termios = *termios;
	line->quote_next = false;
	if (was_canonical != tty_line_is_canonical(line))
		line->ready = line->head;
	if (!(termios->input & IXON) && line->is_stopped)
		tty_line_start(line);
}

u32 tty_line_available(const struct tty_line *line)
{
	return (u32)(line->ready - line->tail);
}
