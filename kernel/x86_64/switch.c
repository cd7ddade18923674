/*
 * switch.c - the first entry of a new kernel stack
 */
#include "kernel/x86_64/switch.h"

#include "kernel/lib/assert.h"

/* switch.asm */
void switch_first_entry(void);

/* What switch_stack() pops, lowest address first. */
struct switch_frame {
	u64 r15;
	u64 r14;
	u64 r13;
	u64 r12;
	u64 rbx;
	u64 rbp;
	u64 rip;
};

u64 switch_prepare(void *stack_top, void (*entry)(void *), void *argument)
{
	struct switch_frame *frame;

	ASSERT(is_aligned((u64)stack_top, 16));

	/*
	 * The return pops 8 bytes; the function it returns to wants its stack
	 * aligned to 16.  16 bytes of zeros stay above.
	 */
	u64 *top = (u64 *)stack_top - 2;
	top[0] = 0;
	top[1] = 0;
	frame = (struct switch_frame *)(void *)top - 1;
	*frame = (struct switch_frame){
		.rbx = (u64)entry,
		.r12 = (u64)argument,
		.rip = (u64)switch_first_entry,
	};
	return (u64)frame;
}
