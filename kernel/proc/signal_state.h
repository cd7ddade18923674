/*
 * signal_state.h - signal numbers, and what a task keeps about signals
 *
 * Owns: layout only; the functions are in kernel/proc/signal.h.
 * Sources: Linux v6.12 include/uapi/asm-generic/{signal,siginfo}.h,
 * arch/x86/include/uapi/asm/signal.h.
 */
#pragma once

#include "kernel/x86_64/asm/page.h"

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGNAL_MAX 64

/* A set of signals; bit n - 1 stands for signal n, as in user memory. */
typedef struct {
	u64 bits;
} sigset_t;

static inline u64 signal_bit(int signal)
{
	return (u64)1 << (signal - 1);
}

/* What comes with a signal, enough to fill in a siginfo_t. */
struct signal_info {
	int signal;
	i32 code; /* SI_…, or what the signal's own list says */
	u32 pid; /* of the sender, or of the child that ended; SI_TIMER: id */
	i32 status; /* SIGCHLD: exit status or signal; SI_TIMER: overruns */
	u64 address; /* of a fault; SI_TIMER: the value it was given */
};

/* si_code */
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_TIMER (-2)
#define SI_TKILL (-6)
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED 1
#define CLD_KILLED 2

/* As rt_sigaction(2) passes it. */
struct signal_action {
	u64 handler; /* SIG_DFL, SIG_IGN or an address */
	u64 flags; /* SA_… */
	u64 restorer;
	sigset_t mask; /* blocked while the handler runs */
};

#define SIG_DFL 0UL
#define SIG_IGN 1UL

#define SA_NOCLDSTOP 0x00000001UL
#define SA_NOCLDWAIT 0x00000002UL
#define SA_SIGINFO 0x00000004UL
#define SA_RESTORER 0x04000000UL
#define SA_ONSTACK 0x08000000UL
#define SA_RESTART 0x10000000UL
#define SA_NODEFER 0x40000000UL
#define SA_RESETHAND 0x80000000UL

/* Shared by the tasks of a process.  Guarded by tasks_lock. */
struct signal_actions {
	u32 refcount;
	struct signal_action action[SIGNAL_MAX]; /* of signal n: [n - 1] */
};

/* As sigaltstack(2) passes it. */
struct signal_stack {
	u64 base;
	u32 flags; /* SS_… */
	u32 padding;
	u64 bytes;
};

#define SS_ONSTACK 1u
#define SS_DISABLE 2u
#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ 2048UL

/*
 * One task's own.  A pending signal is kept once, as the standard signals
 * are everywhere.  Guarded by tasks_lock.
 */
struct signal_state {
	sigset_t pending;
	sigset_t blocked;
	sigset_t saved_blocked; /* of rt_sigsuspend, while has_saved */
	bool has_saved;
	bool is_unkillable; /* init: signals without a handler are dropped */
	struct signal_stack stack;
	struct {
		i32 code;
		u32 pid;
		i32 status;
		u64 address;
	} info[SIGNAL_MAX]; /* of pending signal n: [n - 1] */
};
