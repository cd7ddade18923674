/*
 * panic.h - what the rest of kernel/lib needs to know about a panic
 *
 * panic() itself is in kernel/lib/assert.h.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* From here on locks mean nothing: only the panicking CPU still runs. */
extern bool panic_in_progress;
