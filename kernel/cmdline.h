/*
 * cmdline.h - what the boot command line asks for
 *
 * As Linux's: words between spaces; "double quotes" keep spaces, and inside
 * them a backslash escapes a quote or a backslash; after "--" come the
 * arguments of init.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Arguments of init that are kept; more are refused. */
#define CMDLINE_ARGUMENTS_MAX 64

struct cmdline {
	const char *init; /* init=PATH; default /init */
	u32 argument_count;
	const char *arguments[CMDLINE_ARGUMENTS_MAX]; /* after "--" */
	bool quiet; /* warnings and errors only */
	bool log_debugcon; /* log=debugcon: COM1 belongs to programs */
	bool tty_raw; /* tty=raw: no echo, no output processing */
	bool map; /* map=1: the memory map beside the console on the screen */
	u32 max_cpus; /* maxcpus=N: start no more */
	const char *trace; /* trace=CLASS,...: what is recorded; or NULL */
	const char *serial_mark; /* serial.mark=TOKEN, or NULL */
};

extern struct cmdline cmdline;

/* => @text stays valid for good; called once, before anything is printed */
void cmdline_parse(const char *text);

/* Set what "sysctl.vm.NAME=VALUE" says; logs what nobody understands. */
void cmdline_apply(void);
