/*
 * fpu.h - x87, SSE and AVX state of user programs
 *
 * The kernel never uses these registers, so they are saved and loaded only
 * at a task switch, fork, exec and signal delivery.
 * Source: Intel SDM vol. 1, "Managing State Using the XSAVE Feature Set".
 */
#pragma once

#include "kernel/x86_64/asm/types.h"

/* Bytes of one state; XSAVE wants it aligned to 64. */
extern u32 fpu_state_bytes;
#define FPU_STATE_ALIGN 64

/* => once per CPU; the first call sizes fpu_state_bytes */
void fpu_init(void);
/* The state a fresh program starts with. */
void fpu_state_init(void *state);
void fpu_save(void *state);
/* => @state came from fpu_save(), fpu_state_init() or passed
 *    fpu_state_sanitize() */
void fpu_restore(const void *state);

/**
 * fpu_state_sanitize() - make a state read back from user memory safe to load
 *
 * A reserved bit in MXCSR or the XSAVE header would make XRSTOR fault in the
 * kernel.  Return: 0, or -EINVAL.
 */
int fpu_state_sanitize(void *state) __must_check;
