/*
 * ops.h - a sequence of memory operations, from numbers that mean nothing
 *
 * An op is eight bytes.  They are reduced to what exists when it runs (which
 * process, which page …), so every sequence of bytes is a valid run, and so is
 * every part of one: that is what lets a failing run be shrunk, and what a
 * fuzzer needs.
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

#define OP_ARGUMENTS 7

struct op {
	u8 kind; /* modulo the number of kinds */
	u8 args[OP_ARGUMENTS];
};

_Static_assert(sizeof(struct op) == 8, "8 bytes of a fuzzer's input");

struct ops_options {
	bool is_traced; /* print each op before it runs and its result after */
	u64 check_every; /* steps; 1: check everything after each op */
};

/**
 * ops_start() - one process with a stack, and two files
 *
 * => machine_start() was called; everything was ended by ops_finish()
 */
void ops_start(const struct ops_options *options);
void ops_step(const struct op *op);
/* End all processes; nothing may be left of them. */
void ops_finish(void);
