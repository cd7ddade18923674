/*
 * trap.c - every exception and interrupt arrives here; the page fault first
 *
 * Owns: who is responsible for which trap.  The page fault is the second act
 * of copy-on-write: a write met R/W = 0, and mm/fault.c is told.
 * Does not own: signals and their log line (kernel/proc/fault_signal.c).
 * Source: Intel SDM vol. 3A, "Interrupt and Exception Handling".
 */
#include "kernel/dev/console.h"
#include "kernel/lib/assert.h"
#include "kernel/oom.h"
#include "kernel/proc/fault_signal.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/user_return.h"
#include "kernel/x86_64/apic.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/traps.h"
#include "kernel/x86_64/user_copy.h"
#include "mm/fault.h"
#include "mm/mm.h"
#include "mm/mm_trace.h"

static void page_fault(struct trap_frame *frame)
{
	/* First of all: the next fault overwrites it. */
	vaddr_t address = VADDR(cr2_read());
	bool from_user = trap_from_user(frame);
	u64 fixup = from_user ? 0 : extable_find(frame->rip);
	bool in_user_half = address.val < USER_END;
	enum fault_result result = FAULT_SIGSEGV_MAPERR;

	/* The kernel touches user memory in a few listed instructions only … */
	if (!from_user && !(fixup && in_user_half && current_task()->mm))
		panic("page fault in the kernel: address %#lx, error %#lx",
		      address.val, frame->error_code);

	interrupts_on(); /* … with interrupts on, as in user mode */
	/*
	 * A program that runs in user mode but faults as the kernel would has
	 * made the CPU look for a descriptor there: no mapping can help.
	 */
	if (from_user && !(frame->error_code & PF_USER))
		result = FAULT_SIGSEGV_ACCERR;
	else if (in_user_half)
		do
			result = fault_handle(current_task()->mm, address,
					      frame->error_code);
		while (result == FAULT_OOM && oom_retry());
	if (result == FAULT_DONE)
		current_task()->minor_faults++;
	else if (from_user)
		fault_signal_page(frame, address, result);
	else
		frame->rip = fixup; /* the system call returns -EFAULT */
	interrupts_off();
}

/* Whatever user mode can cause is a signal; in the kernel it is a bug. */
static void exception(struct trap_frame *frame)
{
	if (!trap_from_user(frame))
		panic("exception %lu in the kernel, error %#lx", frame->vector,
		      frame->error_code);
	fault_signal_exception(frame);
}

void trap_dispatch(struct trap_frame *frame)
{
	if (likely(frame->vector == TRAP_PAGE_FAULT)) {
		mm_trace_trap(frame);
		page_fault(frame);
		goto out;
	}
	switch (frame->vector) {
	case TRAP_TIMER:
		apic_end_of_interrupt();
		sched_tick(trap_from_user(frame));
		break;
	case TRAP_CONSOLE:
		apic_end_of_interrupt();
		console_interrupt();
		break;
	case TRAP_TLB_SHOOTDOWN:
		apic_end_of_interrupt();
		tlb_answer();
		break;
	case TRAP_RESCHEDULE:
		apic_end_of_interrupt();
		sched_interrupt();
		break;
	case TRAP_SPURIOUS:
		break;
	case TRAP_NMI:
	case TRAP_DOUBLE_FAULT:
	case TRAP_MACHINE_CHECK:
		/* On stacks of their own, which nothing returns from. */
		fault_panic(frame);
	default:
		exception(frame);
	}
out:
	if (trap_from_user(frame))
		user_return_prepare(frame);
}
