/*
 * keyboard.c - see keyboard.h
 *
 * The controller translates to set 1, in which a key sends its number when it
 * goes down and the number with the highest bit set when it comes up.  Keys
 * that the first PC did not have send 0xe0 before both.
 */
#include "kernel/dev/keyboard.h"

#include "kernel/dev/screen.h"
#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/insn.h"

#define PORT_DATA 0x60
#define PORT_STATUS 0x64 /* read */
#define PORT_COMMAND 0x64 /* written */

#define STATUS_OUTPUT_FULL 0x01 /* a byte waits to be read */
#define STATUS_INPUT_FULL 0x02 /* the controller has not taken the last one */
#define STATUS_FROM_MOUSE 0x20
#define STATUS_NOT_THERE 0xff

#define COMMAND_READ_CONFIG 0x20
#define COMMAND_WRITE_CONFIG 0x60
#define COMMAND_MOUSE_OFF 0xa7
#define COMMAND_KEYBOARD_OFF 0xad
#define COMMAND_KEYBOARD_ON 0xae

#define CONFIG_KEYBOARD_INTERRUPT 0x01
#define CONFIG_MOUSE_INTERRUPT 0x02
#define CONFIG_KEYBOARD_CLOCK_OFF 0x10
#define CONFIG_TRANSLATE 0x40

/* Far longer than the controller takes; it must not hang without one. */
#define POLLS_MAX 100000
/* More bytes than it can hold. */
#define DRAIN_MAX 32

#define KEY_UP 0x80
#define KEY_EXTENDED 0xe0
#define KEY_PAUSE 0xe1 /* comes with two more bytes, down and up */

enum key {
	KEY_CONTROL = 0x1d,
	KEY_SHIFT_LEFT = 0x2a,
	KEY_SHIFT_RIGHT = 0x36,
	KEY_ALT = 0x38,
	KEY_CAPS_LOCK = 0x3a,
	KEY_NUM_LOCK = 0x45,
	KEYPAD_FIRST = 0x47,
	KEYPAD_LAST = 0x53,
	KEY_ISO = 0x56, /* between shift and Z, on keyboards that have it */
	KEY_F12 = 0x58,
};

static struct {
	bool is_present;
	bool is_extended; /* 0xe0 came */
	u32 skip; /* bytes of the pause key */
	bool shift_left;
	bool shift_right;
	bool control;
	bool alt;
	bool caps_lock;
	bool num_lock;
	void (*receiver)(u8 byte);
} keyboard = { .num_lock = true };

/* ---- What keys mean ------------------------------------------------------ */

/* By number, from 0 on; 0: no character. */
static const char plain[] = "\0\033"
			    "1234567890-=\177\t"
			    "qwertyuiop[]\r\0"
			    "asdfghjkl;'`\0\\"
			    "zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033"
			      "!@#$%^&*()_+\177\t"
			      "QWERTYUIOP{}\r\0"
			      "ASDFGHJKL:\"~\0|"
			      "ZXCVBNM<>?\0*\0 ";
/* From KEYPAD_FIRST on, with num lock. */
static const char keypad[] = "789-456+1230.";

_Static_assert(sizeof(plain) == sizeof(shifted), "the same keys");
_Static_assert(sizeof(keypad) == KEYPAD_LAST - KEYPAD_FIRST + 2, "all of them");

/* As TERM=linux has them. */
struct special_key {
	u8 number;
	bool is_arrow; /* ESC [ A, or ESC O A where a program asked for it */
	const char *text; /* behind ESC [ */
};

static const struct special_key special_keys[] = {
	{ 0x48, true, "A" },	{ 0x50, true, "B" },	{ 0x4d, true, "C" },
	{ 0x4b, true, "D" },	{ 0x47, false, "1~" },	{ 0x52, false, "2~" },
	{ 0x53, false, "3~" },	{ 0x4f, false, "4~" },	{ 0x49, false, "5~" },
	{ 0x51, false, "6~" },	{ 0x3b, false, "[A" },	{ 0x3c, false, "[B" },
	{ 0x3d, false, "[C" },	{ 0x3e, false, "[D" },	{ 0x3f, false, "[E" },
	{ 0x40, false, "17~" }, { 0x41, false, "18~" }, { 0x42, false, "19~" },
	{ 0x43, false, "20~" }, { 0x44, false, "21~" }, { 0x57, false, "23~" },
};

static void send(const char *text)
{
	for (; *text; text++)
		keyboard.receiver((u8)*text);
}

static void send_special(u8 number)
{
	for (u32 i = 0; i < ARRAY_SIZE(special_keys); i++) {
		const struct special_key *key = &special_keys[i];

		if (key->number != number)
			continue;
		send(key->is_arrow && screen_wants_application_keys() ?
			     "\033O" :
			     "\033[");
		send(key->text);
	}
}

static bool is_letter(char character)
{
	return (character | ' ') >= 'a' && (character | ' ') <= 'z';
}

static void send_character(char character)
{
	if (keyboard.control && character == ' ')
		character = '\0';
	else if (keyboard.control && character == '/')
		character = '_' & 0x1f;
	else if (keyboard.control && character >= '@' && character < 0x7f)
		character &= 0x1f;
	if (keyboard.alt)
		keyboard.receiver(033);
	keyboard.receiver((u8)character);
}

/* Return: what a key stands for now; 0: no character. */
static char character_of(u8 number)
{
	bool shift = keyboard.shift_left || keyboard.shift_right;

	if (number == KEY_ISO)
		return shift ? '|' : '\\';
	if (number >= sizeof(plain) - 1)
		return 0;
	if (keyboard.caps_lock && is_letter(plain[number]))
		shift = !shift;
	return shift ? shifted[number] : plain[number];
}

/* Return: false: it is not one of those that change what others mean. */
static bool set_shift(u8 number, bool is_down)
{
	switch (number) {
	case KEY_SHIFT_LEFT:
		keyboard.shift_left = is_down;
		return true;
	case KEY_SHIFT_RIGHT:
		keyboard.shift_right = is_down;
		return true;
	case KEY_CONTROL:
		keyboard.control = is_down;
		return true;
	case KEY_ALT:
		keyboard.alt = is_down;
		return true;
	case KEY_CAPS_LOCK:
		keyboard.caps_lock ^= is_down;
		return true;
	case KEY_NUM_LOCK:
		keyboard.num_lock ^= is_down;
		return true;
	}
	return false;
}

static void key_down(u8 number, bool is_extended)
{
	bool is_keypad = number >= KEYPAD_FIRST && number <= KEYPAD_LAST;
	char character = 0;

	if (number == KEY_F12) {
		screen_toggle_map();
		return;
	}
	if (is_keypad && !is_extended && keyboard.num_lock)
		character = keypad[number - KEYPAD_FIRST];
	else if (!is_extended || number == 0x35 || number == 0x1c)
		character = character_of(number); /* keypad: / and enter */
	if (character)
		send_character(character);
	else
		send_special(number);
}

static void take_byte(u8 byte)
{
	bool is_extended = keyboard.is_extended;
	u8 number = byte & (u8)~KEY_UP;
	bool is_down = !(byte & KEY_UP);

	if (keyboard.skip) {
		keyboard.skip--;
		return;
	}
	keyboard.is_extended = byte == KEY_EXTENDED;
	if (byte == KEY_PAUSE)
		keyboard.skip = 2;
	if (byte == KEY_PAUSE || byte == KEY_EXTENDED)
		return;
	/* Arrows bring a shift of their own, which nobody has pressed. */
	if (is_extended &&
	    (number == KEY_SHIFT_LEFT || number == KEY_SHIFT_RIGHT))
		return;
	if (!set_shift(number, is_down) && is_down)
		key_down(number, is_extended);
}

void keyboard_interrupt(void)
{
	u8 status;

	if (!keyboard.is_present)
		return;
	/* The line is edge-triggered: nothing may be left behind. */
	while ((status = port_in8(PORT_STATUS)) & STATUS_OUTPUT_FULL) {
		u8 byte = port_in8(PORT_DATA);

		if (!(status & STATUS_FROM_MOUSE))
			take_byte(byte);
	}
}

/* ---- The controller ------------------------------------------------------ */

/* Return: false: the controller does not answer. */
static bool wait_for(u8 mask, u8 value)
{
	for (u32 i = 0; i < POLLS_MAX; i++) {
		if ((port_in8(PORT_STATUS) & mask) == value)
			return true;
		cpu_pause();
	}
	return false;
}

static bool command(u8 byte)
{
	if (!wait_for(STATUS_INPUT_FULL, 0))
		return false;
	port_out8(PORT_COMMAND, byte);
	return wait_for(STATUS_INPUT_FULL, 0);
}

static bool configure(void)
{
	u8 config;

	if (!command(COMMAND_READ_CONFIG) ||
	    !wait_for(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL))
		return false;
	config = port_in8(PORT_DATA);
	config |= CONFIG_KEYBOARD_INTERRUPT | CONFIG_TRANSLATE;
	config &= (u8) ~(CONFIG_MOUSE_INTERRUPT | CONFIG_KEYBOARD_CLOCK_OFF);
	if (!command(COMMAND_WRITE_CONFIG))
		return false;
	port_out8(PORT_DATA, config);
	return true;
}

bool keyboard_init(void (*receiver)(u8 byte))
{
	if (port_in8(PORT_STATUS) == STATUS_NOT_THERE)
		return false;
	if (!command(COMMAND_KEYBOARD_OFF) || !command(COMMAND_MOUSE_OFF))
		return false;
	/* What was typed at the boot loader is not for us. */
	for (u32 i = 0; i < DRAIN_MAX; i++)
		if (port_in8(PORT_STATUS) & STATUS_OUTPUT_FULL)
			(void)port_in8(PORT_DATA);
	if (!configure())
		return false;
	keyboard.receiver = receiver;
	keyboard.is_present = true;
	return command(COMMAND_KEYBOARD_ON);
}
