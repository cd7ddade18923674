/*
 * syscall.c - from a number in RAX to a function and back
 *
 * Owns: the table.  The calls themselves are sys_NAME() in the folders that
 * know what they are about; which numbers there are is in syscall_list.inc.
 * Source: System V ABI, AMD64 supplement, "Linux Conventions".
 */
#include "kernel/fs/syscalls.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printk.h"
#include "kernel/oom.h"
#include "kernel/proc/kernel_lock.h"
#include "kernel/proc/syscalls.h"
#include "kernel/proc/user_return.h"
#include "kernel/syscall_trace.h"
#include "kernel/syscalls.h"
#include "kernel/x86_64/asm/insn.h"
#include "kernel/x86_64/traps.h"

/* How each type of argument is made from a register. */
#define AS_int(reg) ((int)(reg))
#define AS_u32(reg) ((u32)(reg))
#define AS_i32(reg) ((i32)(reg))
#define AS_u64(reg) (reg)
#define AS_i64(reg) ((i64)(reg))
#define AS_vaddr_t(reg) (VADDR(reg))

/*
 * For each call a function that takes the arguments out of the registers:
 * rdi, rsi, rdx, r10, r8.
 */
#define CALL_FRAME(number, name)                                               \
	static i64 call_##name(const struct trap_frame *frame)                 \
	{                                                                      \
		return sys_##name(frame);                                      \
	}
#define CALL0(number, name)                                                    \
	static i64 call_##name(const struct trap_frame *frame)                 \
	{                                                                      \
		(void)frame;                                                   \
		return sys_##name();                                           \
	}
#define CALL1(number, name, a)                                                 \
	static i64 call_##name(const struct trap_frame *frame)                 \
	{                                                                      \
		return sys_##name(AS_##a(frame->rdi));                         \
	}
#define CALL2(number, name, a, b)                                              \
	static i64 call_##name(const struct trap_frame *frame)                 \
	{                                                                      \
		return sys_##name(AS_##a(frame->rdi), AS_##b(frame->rsi));     \
	}
#define CALL3(number, name, a, b, c)                                           \
	static i64 call_##name(const struct trap_frame *frame)                 \
	{                                                                      \
		return sys_##name(AS_##a(frame->rdi), AS_##b(frame->rsi),      \
				  AS_##c(frame->rdx));                         \
	}
#define CALL4(number, name, a, b, c, d)                                        \
	static i64 call_##name(const struct trap_frame *frame)                 \
	{                                                                      \
		return sys_##name(AS_##a(frame->rdi), AS_##b(frame->rsi),      \
				  AS_##c(frame->rdx), AS_##d(frame->r10));     \
	}
#define CALL5(number, name, a, b, c, d, e)                                     \
	static i64 call_##name(const struct trap_frame *frame)                 \
	{                                                                      \
		return sys_##name(AS_##a(frame->rdi), AS_##b(frame->rsi),      \
				  AS_##c(frame->rdx), AS_##d(frame->r10),      \
				  AS_##e(frame->r8));                          \
	}
#include "kernel/syscall_list.inc"
#undef CALL_FRAME
#undef CALL0
#undef CALL1
#undef CALL2
#undef CALL3
#undef CALL4
#undef CALL5

/* The same list again, now as a table. */
#define CALL_FRAME(number, name) [number] = call_##name,
#define CALL0(number, name) [number] = call_##name,
#define CALL1(number, name, a) [number] = call_##name,
#define CALL2(number, name, a, b) [number] = call_##name,
#define CALL3(number, name, a, b, c) [number] = call_##name,
#define CALL4(number, name, a, b, c, d) [number] = call_##name,
#define CALL5(number, name, a, b, c, d, e) [number] = call_##name,
static i64 (*const table[])(const struct trap_frame *frame) = {
#include "kernel/syscall_list.inc"
};

/* One line for each call a program tries, not one each time. */
static i64 unknown_call(u64 number)
{
	struct task *task = current_task();

	if (task->last_unknown_call != number)
		log_warning("calf: %s[%u]: unknown system call %lu\n",
			    task->name, task->pid, number);
	task->last_unknown_call = number;
	return -ENOSYS;
}

/*
 * Calls that do without the kernel lock: what they touch belongs to the task
 * that calls, never changes, or has a lock of its own.
 */
static const bool has_own_locks[ARRAY_SIZE(table)] = {
	[24] = true, /* sched_yield */
	[39] = true, /* getpid */
	[96] = true, /* gettimeofday */
	[110] = true, /* getppid */
	[186] = true, /* gettid */
	[202] = true, /* futex */
	[228] = true, /* clock_gettime */
};

static inline void call(struct trap_frame *frame)
{
	u64 number = frame->rax;
	bool is_locked = false;

	if (likely(number < ARRAY_SIZE(table) && table[number])) {
		if (!has_own_locks[number])
			is_locked = kernel_lock();
		/*
		 * A call that failed has changed nothing (I14), so when all
		 * it lacked was memory, it can simply be made again.
		 */
		do
			frame->rax = (u64)table[number](frame);
		while (unlikely((i64)frame->rax == -ENOMEM) && oom_retry());
		kernel_unlock(is_locked);
	} else {
		frame->rax = (u64)unknown_call(number);
	}
}

static __cold void call_traced(struct trap_frame *frame)
{
	u32 number = (u32)frame->rax;

	syscall_trace(frame);
	call(frame);
	TRACE(RETURN, .code = number, .value = frame->rax);
}

void syscall_dispatch(struct trap_frame *frame)
{
	interrupts_on();
	if (trace_is_on(TRACE_SYSCALL))
		call_traced(frame);
	else
		call(frame);
	interrupts_off();
	user_return_prepare(frame);
}
