/*
 * fpu.c - saving and loading x87, SSE and AVX state
 *
 * With XSAVE the CPU says how large a state is and which components it has;
 * without, FXSAVE knows x87 and SSE in 512 bytes.  The first 512 bytes of both
 * have the same layout.
 */
#include "kernel/x86_64/fpu.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/cpu.h"

#define CPUID_XSAVE 0xd

/* Components of a state: bits of XCR0. */
#define XSTATE_X87 (1UL << 0)
#define XSTATE_SSE (1UL << 1)
#define XSTATE_AVX (1UL << 2)

#define X87_CONTROL_INIT 0x37f /* every exception masked, 64-bit precision */
#define MXCSR_INIT 0x1f80 /* every exception masked */
#define MXCSR_MASK_DEFAULT 0xffbf /* what a mask of 0 stands for */

struct fxsave_state {
	u16 x87_control;
	u16 x87_status;
	u8 x87_tags;
	u8 reserved;
	u16 x87_opcode;
	u64 x87_ip;
	u64 x87_data;
	u32 mxcsr;
	u32 mxcsr_mask;
	u8 registers[480];
};

struct xsave_state {
	struct fxsave_state legacy;
	u64 components; /* the others are in their initial state */
	u64 compacted; /* 0: the standard layout, the only one used here */
	u64 reserved[6];
};

_Static_assert(sizeof(struct fxsave_state) == 512, "as the manual has it");
_Static_assert(sizeof(struct xsave_state) == 576, "as the manual has it");

u32 fpu_state_bytes;
static u64 fpu_components; /* 0: no XSAVE */
static u32 fpu_mxcsr_mask; /* bits of MXCSR that may be set */

/* => @state is zeroed; CR4.FXSR is on */
static u32 mxcsr_mask_read(struct fxsave_state *state)
{
	fxsave(state);
	return state->mxcsr_mask ? state->mxcsr_mask : MXCSR_MASK_DEFAULT;
}

void fpu_init(void)
{
	static struct fxsave_state scratch __aligned(FPU_STATE_ALIGN);

	fpu_reset();
	if (cpu_features.xsave) {
		u64 supported = cpuid(CPUID_XSAVE, 0).eax;

		fpu_components = supported &
				 (XSTATE_X87 | XSTATE_SSE | XSTATE_AVX);
		xcr0_write(fpu_components);
	}
	if (fpu_state_bytes != 0)
		return;

	/* EBX: the size for what XCR0 enables right now. */
	fpu_state_bytes = fpu_components ? cpuid(CPUID_XSAVE, 0).ebx :
					   sizeof(struct fxsave_state);
	fpu_mxcsr_mask = mxcsr_mask_read(&scratch);
}

void fpu_state_init(void *state)
{
	struct fxsave_state *legacy = state;

	memset(state, 0, fpu_state_bytes);
	legacy->x87_control = X87_CONTROL_INIT;
	legacy->mxcsr = MXCSR_INIT;
	if (fpu_components)
		((struct xsave_state *)state)->components = XSTATE_X87 |
							    XSTATE_SSE;
}

void fpu_save(void *state)
{
	if (fpu_components)
		xsave(state, fpu_components);
	else
		fxsave(state);
}

void fpu_restore(const void *state)
{
	if (fpu_components)
		xrstor(state, fpu_components);
	else
		fxrstor(state);
}

int fpu_state_sanitize(void *state)
{
	const struct xsave_state *extended = state;

	if (extended->legacy.mxcsr & ~fpu_mxcsr_mask)
		return -EINVAL;
	if (!fpu_components)
		return 0;

	if (extended->components & ~fpu_components || extended->compacted != 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(extended->reserved); i++) {
		if (extended->reserved[i] != 0)
			return -EINVAL;
	}
	return 0;
}
