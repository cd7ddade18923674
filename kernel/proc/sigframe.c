/*
 * sigframe.c - the stack frame of a signal handler
 *
 *	stack pointer before the signal, or the top of the signal stack
 *	    128 bytes the interrupted function may be using (red zone)
 *	FPU state, 64-byte aligned: XSAVE image, then a magic number
 *	struct rt_sigframe: siginfo_t, ucontext_t
 *	    return address: sa_restorer, which calls rt_sigreturn
 *	stack pointer in the handler
 *
 * Everything in it is the user's to change before rt_sigreturn reads it back,
 * so nothing of it is trusted: selectors are forced, RFLAGS masked, the FPU
 * state checked.  A frame that cannot be is SIGSEGV.
 *
 * Sources: Linux v6.12 arch/x86/include/uapi/asm/sigcontext.h and
 * arch/x86/kernel/{signal_64,fpu/signal}.c.
 */
#include "kernel/proc/sigframe.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/syscalls.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/fpu.h"
#include "mm/uaccess.h"

/* struct sigcontext: user registers. */
struct sigcontext {
	u64 r8;
	u64 r9;
	u64 r10;
	u64 r11;
	u64 r12;
	u64 r13;
	u64 r14;
	u64 r15;
	u64 rdi;
	u64 rsi;
	u64 rbp;
	u64 rbx;
	u64 rdx;
	u64 rax;
	u64 rcx;
	u64 rsp;
	u64 rip;
	u64 rflags;
	u16 cs;
	u16 gs;
	u16 fs;
	u16 ss;
	u64 error_code;
	u64 vector;
	u64 old_mask;
	u64 cr2;
	u64 fpu_state; /* address */
	u64 reserved[8];
};

struct ucontext {
	u64 flags;
	u64 link;
	struct signal_stack stack;
	struct sigcontext registers;
	sigset_t blocked;
};

/* siginfo_t. */
struct siginfo {
	struct signal_info info;
	u8 zeros[SIGINFO_BYTES - sizeof(struct signal_info)];
};

struct rt_sigframe {
	u64 return_address;
	struct ucontext context;
	struct siginfo info;
};

_Static_assert(sizeof(struct sigcontext) == 256, "Linux's layout");
_Static_assert(sizeof(struct ucontext) == 304, "Linux's layout");
_Static_assert(sizeof(struct siginfo) == SIGINFO_BYTES, "Linux's layout");

/* ucontext flags: what there is to be found in it. */
#define UC_FP_XSTATE 1UL
#define UC_SIGCONTEXT_SS 2UL
#define UC_STRICT_RESTORE_SS 4UL

#define RED_ZONE_BYTES 128

/* In bytes 464..511 of the FPU state, which the CPU leaves to software. */
struct fpu_software_bytes {
	u32 magic1;
	u32 extended_size; /* of the state and the magic number behind it */
	u64 components;
	u32 state_size;
	u32 padding[7];
};

#define FPU_SOFTWARE_BYTES_AT 464
#define FPU_LEGACY_BYTES 512
#define FPU_MAGIC1 0x46505853u
#define FPU_MAGIC2 0x46505845u
#define FPU_MAGIC2_BYTES sizeof(u32)

/* Bits of XCR0; with AVX a state is longer than these two and a header. */
#define FPU_X87_AND_SSE 3UL
#define FPU_AVX 4UL
#define FPU_BYTES_WITHOUT_AVX (FPU_LEGACY_BYTES + 64)

_Static_assert(FPU_SOFTWARE_BYTES_AT + sizeof(struct fpu_software_bytes) ==
		       FPU_LEGACY_BYTES,
	       "the last 48 bytes");

bool sigframe_is_on_stack(const struct signal_stack *stack, u64 rsp)
{
	return rsp > stack->base && rsp - stack->base <= stack->bytes;
}

void sigframe_bad(int signal)
{
	/* Linux says SI_KERNEL here, whatever the stack pointer was. */
	const struct signal_info info = { .signal = SIGSEGV,
					  .code = SI_KERNEL };

	if (signal == SIGSEGV)
		signal_reset_handler(signal);
	signal_force(&info);
}

/* ---- Into the handler --------------------------------------------------- */

static void fill_context(struct ucontext *context,
			 const struct trap_frame *frame, sigset_t blocked)
{
	const struct task *task = current_task();

	context->flags =
		UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
		(fpu_state_bytes > FPU_LEGACY_BYTES ? UC_FP_XSTATE : 0);
	context->stack = task->signal.stack;
	if (context->stack.bytes != 0)
		context->stack.flags |=
			sigframe_is_on_stack(&context->stack, frame->rsp) ?
				SS_ONSTACK :
				0;
	context->blocked = blocked;
	context->registers = (struct sigcontext){
		.r8 = frame->r8,
		.r9 = frame->r9,
		.r10 = frame->r10,
		.r11 = frame->r11,
		.r12 = frame->r12,
		.r13 = frame->r13,
		.r14 = frame->r14,
		.r15 = frame->r15,
		.rdi = frame->rdi,
		.rsi = frame->rsi,
		.rbp = frame->rbp,
		.rbx = frame->rbx,
		.rdx = frame->rdx,
		.rax = frame->rax,
		.rcx = frame->rcx,
		.rsp = frame->rsp,
		.rip = frame->rip,
		.rflags = frame->rflags,
		.cs = (u16)frame->cs,
		.ss = (u16)frame->ss,
		.error_code = task->fault.error_code,
		.vector = task->fault.vector,
		.old_mask = blocked.bits,
		.cr2 = task->fault.address,
	};
}

/*
 * The registers are saved into the task's own buffer, which is overwritten at
 * the next switch anyway, and from there to the user's stack.
 */
static int push_fpu_state(vaddr_t to)
{
	void *state = current_task()->fpu_state;
	const u32 magic2 = FPU_MAGIC2;
	const struct fpu_software_bytes software = {
		.magic1 = FPU_MAGIC1,
		.extended_size = fpu_state_bytes + FPU_MAGIC2_BYTES,
		.components = fpu_state_bytes > FPU_BYTES_WITHOUT_AVX ?
				      FPU_X87_AND_SSE | FPU_AVX :
				      FPU_X87_AND_SSE,
		.state_size = fpu_state_bytes,
	};
	bool is_extended = fpu_state_bytes > FPU_LEGACY_BYTES;

	fpu_save(state);
	if (copy_to_user(to, state, fpu_state_bytes) != 0)
		return -EFAULT;
	if (!is_extended)
		return 0;
	if (copy_to_user(vaddr_add(to, FPU_SOFTWARE_BYTES_AT), &software,
			 sizeof(software)) != 0)
		return -EFAULT;
	return copy_to_user(vaddr_add(to, fpu_state_bytes), &magic2,
			    sizeof(magic2));
}

/* Where the frame begins to grow down from, or 0: no room is left. */
static u64 choose_stack(const struct trap_frame *frame,
			const struct signal_action *action)
{
	const struct signal_stack *stack = &current_task()->signal.stack;

	if (action->flags & SA_ONSTACK && stack->bytes != 0 &&
	    !sigframe_is_on_stack(stack, frame->rsp))
		return stack->base + stack->bytes;
	return frame->rsp - RED_ZONE_BYTES;
}

static void enter_handler(struct trap_frame *frame, u64 stack,
			  const struct signal_action *action, int signal)
{
	frame->rip = action->handler;
	frame->rsp = stack;
	frame->rdi = (u64)signal;
	frame->rsi = stack + offsetof(struct rt_sigframe, info);
	frame->rdx = stack + offsetof(struct rt_sigframe, context);
	frame->rax = 0;
	frame->cs = USER_CS;
	frame->ss = USER_DS;
	frame->rflags &= ~(RFLAGS_DIRECTION | RFLAGS_RESUME | RFLAGS_TRAP);
}

int sigframe_push(struct trap_frame *frame, const struct signal_info *info,
		  const struct signal_action *action, sigset_t blocked)
{
	struct rt_sigframe on_stack = { 0 };
	struct signal_stack *alternate = &current_task()->signal.stack;
	u64 start = choose_stack(frame, action);
	u64 fpu = align_down(start - fpu_state_bytes - FPU_MAGIC2_BYTES,
			     FPU_STATE_ALIGN);
	/* At a function's first instruction, rsp + 8 is a multiple of 16. */
	u64 at = align_down(fpu - sizeof(on_stack), 16) - 8;

	if (!(action->flags & SA_RESTORER) || start < PAGE_SIZE)
		return -EFAULT;
	if (sigframe_is_on_stack(alternate, start) &&
	    !sigframe_is_on_stack(alternate, at))
		return -EFAULT;

	on_stack.return_address = action->restorer;
	fill_context(&on_stack.context, frame, blocked);
	on_stack.info.info = *info;
	on_stack.context.registers.fpu_state = fpu;
	if (push_fpu_state(VADDR(fpu)) != 0 ||
	    copy_to_user(VADDR(at), &on_stack, sizeof(on_stack)) != 0)
		return -EFAULT;

	if (alternate->flags & SS_AUTODISARM)
		*alternate = (struct signal_stack){ .flags = SS_DISABLE };
	enter_handler(frame, at, action, info->signal);
	return 0;
}

/* ---- And back ----------------------------------------------------------- */

/*
 * Without the magic numbers only the first 512 bytes can be believed; the
 * rest gets its initial values.
 */
static int restore_fpu_state(vaddr_t from)
{
	void *state = current_task()->fpu_state;
	struct fpu_software_bytes software;
	u32 magic2 = 0;
	u64 bytes = FPU_LEGACY_BYTES;

	if (from.val == 0) {
		fpu_state_init(state);
		fpu_restore(state);
		return 0;
	}
	if (!is_aligned(from.val, FPU_STATE_ALIGN) ||
	    copy_from_user(&software, vaddr_add(from, FPU_SOFTWARE_BYTES_AT),
			   sizeof(software)) != 0)
		return -EFAULT;
	if (software.magic1 == FPU_MAGIC1 &&
	    software.state_size == fpu_state_bytes &&
	    copy_from_user(&magic2, vaddr_add(from, fpu_state_bytes),
			   sizeof(magic2)) == 0 &&
	    magic2 == FPU_MAGIC2)
		bytes = fpu_state_bytes;

	/* The buffer is in nobody's way: the registers are live. */
	fpu_state_init(state);
	if (copy_from_user(state, from, bytes) != 0)
		return -EFAULT;
	if (fpu_state_sanitize(state) != 0)
		return -EINVAL;
	fpu_restore(state);
	return 0;
}

static void restore_registers(struct trap_frame *frame,
			      const struct sigcontext *from)
{
	frame->r8 = from->r8;
	frame->r9 = from->r9;
	frame->r10 = from->r10;
	frame->r11 = from->r11;
	frame->r12 = from->r12;
	frame->r13 = from->r13;
	frame->r14 = from->r14;
	frame->r15 = from->r15;
	frame->rdi = from->rdi;
	frame->rsi = from->rsi;
	frame->rbp = from->rbp;
	frame->rbx = from->rbx;
	frame->rdx = from->rdx;
	frame->rax = from->rax;
	frame->rcx = from->rcx;
	frame->rsp = from->rsp;
	/* The way out checks that it is canonical. */
	frame->rip = from->rip;
	frame->rflags = from->rflags;
	trap_frame_make_user(frame);
	/* No system call is to be restarted. */
	frame->vector = 0;
	current_task()->restart.call = NULL;
}

i64 sys_rt_sigreturn(void)
{
	struct task *task = current_task();
	struct trap_frame *frame = task_user_frame(task);
	/* The restorer was returned to, so the address is gone. */
	vaddr_t at = VADDR(frame->rsp - sizeof(u64));
	struct rt_sigframe from;

	if (copy_from_user(&from, at, sizeof(from)) != 0) {
		sigframe_bad(0);
		return 0;
	}
	signal_set_blocked(from.context.blocked);
	restore_registers(frame, &from.context.registers);
	if (restore_fpu_state(VADDR(from.context.registers.fpu_state)) != 0) {
		sigframe_bad(0);
		return 0;
	}
	/* A bad one is silently left as it is, as on Linux. */
	signal_set_stack(&from.context.stack, frame->rsp);
	return (i64)frame->rax;
}
