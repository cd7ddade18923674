/*
 * termios.h - the terminal's settings, as Linux's user programs see them
 *
 * Sources: Linux v6.12 include/uapi/asm-generic/{termbits,ioctls}.h;
 * termios(3), ioctl_tty(2).
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Indices of termios.characters. */
enum termios_character {
	VINTR,
	VQUIT,
	VERASE,
	VKILL,
	VEOF,
	VTIME,
	VMIN,
	VSWTC,
	VSTART,
	VSTOP,
	VSUSP,
	VEOL,
	VREPRINT,
	VDISCARD,
	VWERASE,
	VLNEXT,
	VEOL2,
	TERMIOS_CHARACTERS = 19,
};

struct termios {
	u32 input; /* I… */
	u32 output; /* O… */
	u32 control; /* C… */
	u32 local; /* the rest */
	u8 line;
	u8 characters[TERMIOS_CHARACTERS];
};

_Static_assert(sizeof(struct termios) == 36, "Linux's layout");

/* input */
#define INLCR 0000100u
#define IGNCR 0000200u
#define ICRNL 0000400u

/* output */
#define OPOST 0000001u
#define ONLCR 0000004u

/* control: 115,200 baud, 8 bits, receiver on, hang up, no modem */
#define B115200 0010002u
#define CS8 0000060u
#define CREAD 0000200u
#define HUPCL 0002000u
#define CLOCAL 0004000u

/* local */
#define ISIG 0000001u
#define ICANON 0000002u
#define ECHO 0000010u
#define ECHOE 0000020u
#define ECHOK 0000040u
#define ECHONL 0000100u
#define NOFLSH 0000200u
#define ECHOCTL 0001000u
#define ECHOKE 0004000u
#define IEXTEN 0100000u

struct window_size {
	u16 rows;
	u16 columns;
	u16 width_pixels;
	u16 height_pixels;
};

/* ioctl(2) */
#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCSBRK 0x5409
#define TCXONC 0x540a
#define TCFLSH 0x540b
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b
#define TIOCNOTTY 0x5422
#define TIOCGSID 0x5429
