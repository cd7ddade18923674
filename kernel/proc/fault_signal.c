/*
 * fault_signal.c - an exception in user mode becomes a signal
 *
 * Source: Linux v6.12 arch/x86/kernel/traps.c and arch/x86/mm/fault.c, for
 * the signal and the si_code of each exception.
 */
#include "kernel/proc/fault_signal.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/printk.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/signal_rules.h"
#include "kernel/x86_64/fpu.h"
#include "mm/kspace.h"
#include "mm/mm.h"
#include "mm/object.h"

/* ---- The log line ------------------------------------------------------- */

static const char *const segv_codes[] = { "", "MAPERR", "ACCERR" };
static const char *const bus_codes[] = { "", "ADRALN", "ADRERR" };
static const char *const fpe_codes[] = {
	"", "INTDIV", "INTOVF", "FLTDIV", "FLTOVF", "FLTUND", "FLTRES", "FLTINV"
};

/* => positive, but perhaps made up: rt_sigqueueinfo(2) to oneself */
static const char *code_name(const struct signal_info *info)
{
	u32 code = (u32)info->code;

	if (info->code == SI_KERNEL)
		return "KERNEL";
	if (info->signal == SIGSEGV && code < ARRAY_SIZE(segv_codes))
		return segv_codes[code];
	if (info->signal == SIGBUS && code < ARRAY_SIZE(bus_codes))
		return bus_codes[code];
	if (info->signal == SIGFPE && code < ARRAY_SIZE(fpe_codes))
		return fpe_codes[code];
	if (info->signal == SIGILL)
		return "ILLOPN";
	return info->signal == SIGTRAP ? "TRACE" : "?";
}

#define PLACE_BYTES 96

/* "in VMA 400000-401000 r-xp /bin/cow", or why there is none. */
static void describe_place(vaddr_t address, char place[PLACE_BYTES])
{
	struct mm *mm = current_task()->mm;
	struct vma *vma;
	const char *name = "anonymous";

	read_lock(&mm->lock);
	vma = vma_find(&mm->vmas, address);
	if (!vma) {
		snprintf(place, PLACE_BYTES, "no VMA here");
	} else {
		if (vma->object && vma->object->name)
			name = vma->object->name;
		else if (vma->flags & VMA_GROWS_DOWN)
			name = "[stack]";
		else if (vma->start.val <= mm->brk.val &&
			 vma->end.val > mm->brk_start.val)
			name = "[heap]";
		snprintf(place, PLACE_BYTES, "in VMA %lx-%lx %c%c%c%c %s",
			 vma->start.val, vma->end.val,
			 vma->flags & VMA_READ ? 'r' : '-',
			 vma->flags & VMA_WRITE ? 'w' : '-',
			 vma->flags & VMA_EXEC ? 'x' : '-',
			 vma->flags & VMA_SHARED ? 's' : 'p', name);
	}
	read_unlock(&mm->lock);
}

#define REGISTERS_BYTES 352

/* ip and sp are at the head of the line. */
static void describe_registers(const struct trap_frame *frame,
			       char text[REGISTERS_BYTES])
{
	const struct {
		const char *name;
		u64 value;
	} registers[] = {
		{ "ax", frame->rax },  { "bx", frame->rbx },
		{ "cx", frame->rcx },  { "dx", frame->rdx },
		{ "si", frame->rsi },  { "di", frame->rdi },
		{ "bp", frame->rbp },  { "r8", frame->r8 },
		{ "r9", frame->r9 },   { "r10", frame->r10 },
		{ "r11", frame->r11 }, { "r12", frame->r12 },
		{ "r13", frame->r13 }, { "r14", frame->r14 },
		{ "r15", frame->r15 }, { "flags", frame->rflags },
	};
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		length += (size_t)snprintf(text + length,
					   REGISTERS_BYTES - length, " %s %lx",
					   registers[i].name,
					   registers[i].value);
}

static void log_page_fault(const struct trap_frame *frame,
			   const struct signal_info *info,
			   const char *registers)
{
	const struct task *task = current_task();
	u64 error = task->fault.error_code;
	char place[PLACE_BYTES];

	describe_place(VADDR(task->fault.address), place);
	log_warning("calf: %s[%u]: %s (%s): %s 0x%lx at ip 0x%lx sp 0x%lx "
		    "error 0x%lx: %s;%s\n",
		    task->name, task->pid, signal_name(info->signal),
		    code_name(info),
		    error & PF_FETCH ? "execution of" :
		    error & PF_WRITE ? "write of" :
				       "read of",
		    task->fault.address, frame->rip, frame->rsp, error, place,
		    registers);
}

static void log_exception(const struct trap_frame *frame,
			  const struct signal_info *info, const char *registers)
{
	const struct task *task = current_task();

	log_warning("calf: %s[%u]: %s (%s): exception %lu at ip 0x%lx "
		    "sp 0x%lx error 0x%lx;%s\n",
		    task->name, task->pid, signal_name(info->signal),
		    code_name(info), task->fault.vector, frame->rip, frame->rsp,
		    task->fault.error_code, registers);
}

static void log_sent(const struct trap_frame *frame,
		     const struct signal_info *info, const char *registers)
{
	const struct task *task = current_task();

	log_warning("calf: %s[%u]: %s from pid %u at ip 0x%lx sp 0x%lx;%s\n",
		    task->name, task->pid, signal_name(info->signal), info->pid,
		    frame->rip, frame->rsp, registers);
}

void fault_signal_log_death(const struct trap_frame *frame,
			    const struct signal_info *info)
{
	char registers[REGISTERS_BYTES];

	if (!(signal_bit(info->signal) & SIGNALS_CORE))
		return;
	describe_registers(frame, registers);
	if (info->code <= 0 ||
	    !(signal_bit(info->signal) & SIGNALS_SYNCHRONOUS))
		log_sent(frame, info, registers);
	else if (current_task()->fault.vector == TRAP_PAGE_FAULT &&
		 info->code != SI_KERNEL)
		log_page_fault(frame, info, registers);
	else
		log_exception(frame, info, registers);
}

/* ---- Page faults -------------------------------------------------------- */

/*
 * As Linux: the kernel's half always looks present, so that nobody learns its
 * layout; and a page that may not be executed looks present, as
 * Linux fills it in before it looks at that right.
 */
static u64 visible_error_code(const struct trap_frame *frame, vaddr_t address,
			      enum fault_result result)
{
	u64 error = frame->error_code | PF_USER;

	if (address.val >= USER_END ||
	    (error & PF_FETCH && result == FAULT_SIGSEGV_ACCERR))
		error |= PF_PRESENT;
	return error;
}

void fault_signal_page(const struct trap_frame *frame, vaddr_t address,
		       enum fault_result result)
{
	struct signal_info info = { .address = address.val };

	switch (result) {
	case FAULT_SIGSEGV_MAPERR:
		info.signal = SIGSEGV;
		info.code = SEGV_MAPERR;
		break;
	case FAULT_SIGSEGV_ACCERR:
		info.signal = SIGSEGV;
		info.code = SEGV_ACCERR;
		break;
	case FAULT_SIGBUS:
		info.signal = SIGBUS;
		info.code = BUS_ADRERR;
		break;
	case FAULT_DONE:
	case FAULT_OOM: /* SIGKILL is on its way, or the fault comes again */
		return;
	}
	current_task()->fault = (struct task_fault){
		.vector = TRAP_PAGE_FAULT,
		.error_code = visible_error_code(frame, address, result),
		.address = address.val,
	};
	signal_force(&info);
}

/* ---- Other exceptions --------------------------------------------------- */

/* Bits of the x87 status word and of MXCSR, in their common order. */
#define FPU_INVALID 0x01u
#define FPU_DENORMAL 0x02u
#define FPU_DIVIDE 0x04u
#define FPU_OVERFLOW 0x08u
#define FPU_UNDERFLOW 0x10u
#define FPU_PRECISION 0x20u
#define FPU_MXCSR_MASK_SHIFT 7

/* The start of a saved FPU state. */
struct fpu_status {
	u16 x87_control;
	u16 x87_status;
	u32 unused[5];
	u32 mxcsr;
};

/* Which of the exceptions that are not masked has happened? */
static i32 fpu_error_code(u64 vector)
{
	void *state = current_task()->fpu_state;
	const struct fpu_status *status = state;
	u32 errors;

	fpu_save(state);
	if (vector == TRAP_FPU_ERROR)
		errors = status->x87_status & ~(u32)status->x87_control;
	else
		errors = status->mxcsr &
			 ~(status->mxcsr >> FPU_MXCSR_MASK_SHIFT);

	if (errors & FPU_INVALID)
		return FPE_FLTINV;
	if (errors & FPU_DIVIDE)
		return FPE_FLTDIV;
	if (errors & FPU_OVERFLOW)
		return FPE_FLTOVF;
	if (errors & (FPU_UNDERFLOW | FPU_DENORMAL))
		return FPE_FLTUND;
	return errors & FPU_PRECISION ? FPE_FLTRES : SI_KERNEL;
}

/* SI_KERNEL has no address; the others have the instruction's. */
static struct signal_info describe_exception(const struct trap_frame *frame)
{
	struct signal_info info = { .signal = SIGSEGV, .code = SI_KERNEL };

	switch (frame->vector) {
	case TRAP_DIVIDE:
		info.signal = SIGFPE;
		info.code = FPE_INTDIV;
		break;
	case TRAP_DEBUG:
		info.signal = SIGTRAP;
		info.code = TRAP_TRACE;
		break;
	case TRAP_BREAKPOINT:
		info.signal = SIGTRAP;
		break;
	case TRAP_INVALID_OPCODE:
		info.signal = SIGILL;
		info.code = ILL_ILLOPN;
		break;
	case TRAP_NO_SEGMENT:
	case TRAP_STACK_SEGMENT:
		info.signal = SIGBUS;
		break;
	case TRAP_FPU_ERROR:
	case TRAP_SIMD_ERROR:
		info.signal = SIGFPE;
		info.code = fpu_error_code(frame->vector);
		break;
	case TRAP_ALIGNMENT:
		info.signal = SIGBUS;
		info.code = BUS_ADRALN;
		return info;
	}
	if (info.code != SI_KERNEL)
		info.address = frame->rip;
	return info;
}

void fault_signal_exception(const struct trap_frame *frame)
{
	struct signal_info info = describe_exception(frame);
	struct task_fault *fault = &current_task()->fault;

	fault->vector = frame->vector;
	fault->error_code = frame->error_code;
	signal_force(&info);
}

void fault_panic(const struct trap_frame *frame)
{
	if (frame->vector == TRAP_DOUBLE_FAULT && kstack_is_guard(frame->rsp))
		panic("kernel stack overflow: rsp %#lx", frame->rsp);
	panic("%s: rip %#lx rsp %#lx",
	      frame->vector == TRAP_DOUBLE_FAULT ? "double fault" :
	      frame->vector == TRAP_NMI		 ? "NMI" :
						   "machine check",
	      frame->rip, frame->rsp);
}
