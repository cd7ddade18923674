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

/* As TCGETS2 passes it. */
struct termios2 {
	struct termios termios;
	u32 input_speed; /* baud */
	u32 output_speed;
};

_Static_assert(sizeof(struct termios2) == 44, "Linux's layout");

/* input */
#define ISTRIP 0000040u
#define INLCR 0000100u
#define IGNCR 0000200u
#define ICRNL 0000400u
#define IUCLC 0001000u
#define IXON 0002000u
#define IXANY 0004000u
#define IXOFF 0010000u
#define IMAXBEL 0020000u
#define IUTF8 0040000u

/* output */
#define OPOST 0000001u
#define OLCUC 0000002u
#define ONLCR 0000004u
#define OCRNL 0000010u
#define ONOCR 0000020u
#define ONLRET 0000040u
#define TABDLY 0014000u
#define XTABS 0014000u /* of TABDLY: spaces instead */

/* control: a speed, 8 bits, receiver on, hang up, no modem */
#define CBAUD 0010017u
#define BOTHER 0010000u /* what the speeds of termios2 say */
#define B38400 0000017u
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
#define TOSTOP 0000400u
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
#define TCGETS 0x5401u
#define TCSETS 0x5402u
#define TCSETSW 0x5403u
#define TCSETSF 0x5404u
#define TCSBRK 0x5409u
#define TCXONC 0x540au
#define TCFLSH 0x540bu
#define TIOCSCTTY 0x540eu
#define TIOCGPGRP 0x540fu
#define TIOCSPGRP 0x5410u
#define TIOCOUTQ 0x5411u
#define TIOCGWINSZ 0x5413u
#define TIOCSWINSZ 0x5414u
#define FIONREAD 0x541bu
#define TIOCPKT 0x5420u
#define TIOCNOTTY 0x5422u
#define TIOCGETD 0x5424u
#define TCSBRKP 0x5425u
#define TIOCGSID 0x5429u
#define TCGETS2 0x802c542au
#define TCSETS2 0x402c542bu
#define TCSETSW2 0x402c542cu
#define TCSETSF2 0x402c542du
#define TIOCGPTN 0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCGPTLCK 0x80045439u

/* TCXONC */
#define TCOOFF 0
#define TCOON 1
#define TCIOFF 2
#define TCION 3

/* TCFLSH */
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2
