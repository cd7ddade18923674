/*
 * random.h - random numbers
 *
 * Made from the time-stamp counter: different at each boot (the same under
 * a deterministic QEMU, which is what tests want), but not fit for secrets.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

void random_fill(void *buffer, size_t bytes);
