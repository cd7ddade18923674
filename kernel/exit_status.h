/*
 * exit_status.h - what QEMU's isa-debug-exit device is told
 *
 * QEMU exits with (value << 1) | 1, so seven bits are all there is.  The
 * last line of the log always has the exact status.
 */
#pragma once

enum exit_status {
	EXIT_INIT_MAX = 62, /* 0..62: init's own exit status */
	EXIT_OTHER = 63, /* init exited with something larger */
	EXIT_SIGNAL = 64, /* + 1..31: killed by that signal */
	EXIT_PANIC = 96,
	EXIT_NO_LONG_MODE = 97, /* 97 and 98 are known to boot/ as well */
	EXIT_NO_NX = 98,
	EXIT_NO_INITRAMFS = 99,
	EXIT_NO_INIT = 100,
	EXIT_NO_MEMORY = 101,
	EXIT_BAD_LOADER = 102,
	EXIT_OOM = 103,
};
