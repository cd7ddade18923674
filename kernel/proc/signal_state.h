/*
 * signal_state.h - signal numbers, and what a task keeps about signals
 *
 * Owns: layout only; the functions are in kernel/proc/signal.h.
 * Sources: Linux v6.12 include/uapi/asm-generic/{signal,siginfo}.h,
 * arch/x86/include/uapi/asm/signal.h.
 */
#pragma once

#include "kernel/lib/list.h"
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
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGSYS 31
#define SIGNAL_MAX 64
/* From here on each one sent is kept, in order; below, one of a kind. */
#define SIGRTMIN 32

/* A set of signals; bit n - 1 stands for signal n, as in user memory. */
typedef struct {
	u64 bits;
} sigset_t;

static inline u64 signal_bit(int signal)
{
	return (u64)1 << (signal - 1);
}

/*
 * What comes with a signal: the beginning of a siginfo_t, as user programs see
 * it.  The rest of its 128 bytes is zero.
 */
struct signal_info {
	i32 signal;
	i32 error;
	i32 code; /* SI_…, or what the signal's own list says */
	i32 padding;
	union {
		u64 address; /* of a fault */
		struct {
			u32 pid; /* of sender or child; SI_TIMER: id */
			union {
				u32 uid;
				i32 overrun; /* SI_TIMER */
			};
			union {
				i32 status; /* SIGCHLD: exit status or signal */
				u64 value; /* sigqueue(3) */
			};
			i64 user_ticks; /* SIGCHLD: 1/100 s */
			i64 kernel_ticks;
		};
	};
};

_Static_assert(sizeof(struct signal_info) == 48, "Linux's kernel_siginfo");

#define SIGINFO_BYTES 128

/* A real-time signal in a queue. */
struct signal_node {
	struct list_node node;
	struct signal_info info;
};

/* Signals that were sent and wait to be handled.  Guarded by tasks_lock. */
struct signal_pending {
	sigset_t set;
	struct list_node queue; /* struct signal_node, in order of sending */
	/* Of signal n: [n - 1]; says something only while n is in the set. */
	struct signal_info info[SIGRTMIN - 1];
};

/* si_code */
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
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
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

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
#define SA_EXPOSE_TAGBITS 0x00000800UL
/* What else is set is forgotten, so that a program can ask what there is. */
#define SA_KNOWN                                                               \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | \
	 SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_EXPOSE_TAGBITS)

/* Of a process.  Guarded by tasks_lock. */
struct signal_actions {
	struct signal_action action[SIGNAL_MAX]; /* of signal n: [n - 1] */
};

/* As sigaltstack(2) passes it. */
struct signal_stack {
	u64 base;
	u32 flags; /* SS_… */
	u32 padding;
	u64 bytes;
};

/* The number of restart_syscall(2), which the kernel itself calls. */
#define CALL_RESTART_SYSCALL 219ul

#define SS_ONSTACK 1u
#define SS_DISABLE 2u
#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ 2048UL

/* One task's own.  Guarded by tasks_lock. */
struct signal_state {
	sigset_t blocked;
	sigset_t saved_blocked; /* of rt_sigsuspend, while has_saved */
	sigset_t waited_for; /* by rt_sigtimedwait: they wake, though blocked */
	bool has_saved;
	struct signal_stack stack;
	struct signal_pending pending; /* sent to this thread alone */
};

/*
 * Job control of one process.  Guarded by tasks_lock.
 */
struct stop_state {
	i32 signal; /* that stops it; 0: it is not being stopped */
	u32 running; /* threads that have not stopped yet; see job.h */
	bool is_stop_news; /* wait4 has not reported it yet */
	bool is_continue_news; /* likewise, that it goes on */
};
