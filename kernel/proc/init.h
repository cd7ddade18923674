/*
 * init.h - process 1
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/**
 * init_start() - make process 1; it runs when the idle task lets it
 *
 * => if its program cannot be run, one line says why and the machine stops
 *
 * Return: 0, or -ENOMEM.
 */
int init_start(void) __must_check;
