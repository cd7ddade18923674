/* SPDX-License-Identifier: MIT */
/*
 * tests/guest/guest.h - what the guest tests share.
 *
 * A test is a program NAME.c and the exact text it prints, NAME.out.  It
 * checks with CHECK() what a machine can decide and prints with say() what a
 * reader wants to see: values, errno names, signals, numbers of faults.  Its
 * first comment tells the harness how to run it:
 *
 *	guest-test: status=0 mem=64M timeout=30 host=yes release=yes
 *
 * With host=yes the same program must print the same on Linux.
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "../../user/calf.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Saying and checking -------------------------------------------- */

/* printf() without a buffer that fork() could duplicate. */
static inline void say(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static inline void say(const char *format, ...)
{
	static char text[1024];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	if (write(STDOUT_FILENO, text, (size_t)length) != length)
		_exit(99);
}

#define FAIL(...)                                                              \
	do {                                                                   \
		say("FAILED %s:%d: ", strrchr("/" __FILE__, '/') + 1,          \
		    __LINE__);                                                 \
		say(__VA_ARGS__);                                              \
		say("\n");                                                     \
		_exit(1);                                                      \
	} while (0)

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			FAIL("not %s", #condition);                            \
	} while (0)

/* Two numbers must be equal; on failure both are shown. */
#define CHECK_EQ(got, want)                                                    \
	do {                                                                   \
		long got_ = (long)(got), want_ = (long)(want);                 \
		if (got_ != want_)                                             \
			FAIL("%s is %ld (0x%lx), not %ld (0x%lx)", #got, got_, \
			     got_, want_, want_);                              \
	} while (0)

/* A call must succeed, that is not return -1. */
#define CHECK_OK(call)                                                         \
	do {                                                                   \
		if ((long)(call) == -1)                                        \
			FAIL("%s: %s", #call, errno_name(errno));              \
	} while (0)

/* A call must return -1 and set errno to @want. */
#define CHECK_ERRNO(call, want)                                                \
	do {                                                                   \
		long got_ = (long)(call);                                      \
		if (got_ != -1)                                                \
			FAIL("%s returned %ld, not -1", #call, got_);          \
		if (errno != (want))                                           \
			FAIL("%s: %s, not %s", #call, errno_name(errno),       \
			     errno_name(want));                                \
	} while (0)

/* ---- Names ---------------------------------------------------------- */

struct name {
	int number;
	const char *name;
};

/* clang-format off */
#define NAME(symbol) { symbol, #symbol }
/* clang-format on */

static inline const char *find_name(const struct name *names, size_t count,
				    int number)
{
	static char text[16];

	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].name;
	snprintf(text, sizeof(text), "%d", number);
	return text;
}

static inline const char *errno_name(int number)
{
	static const struct name names[] = {
		{ 0, "ok" },	 NAME(EPERM),	     NAME(ENOENT),
		NAME(ETIMEDOUT), NAME(ESRCH),	     NAME(EINTR),
		NAME(EIO),	 NAME(E2BIG),	     NAME(ENOEXEC),
		NAME(EBADF),	 NAME(ECHILD),	     NAME(EAGAIN),
		NAME(ENOMEM),	 NAME(EACCES),	     NAME(EFAULT),
		NAME(EEXIST),	 NAME(ENODEV),	     NAME(ENOTDIR),
		NAME(EISDIR),	 NAME(EINVAL),	     NAME(EMFILE),
		NAME(ENOTTY),	 NAME(EFBIG),	     NAME(ENOSPC),
		NAME(ESPIPE),	 NAME(EROFS),	     NAME(EPIPE),
		NAME(ERANGE),	 NAME(ENAMETOOLONG), NAME(ENOSYS),
		NAME(ELOOP),	 NAME(EOVERFLOW),    NAME(EOPNOTSUPP),
		NAME(ETXTBSY),
	};

	return find_name(names, COUNT_OF(names), number);
}

static inline const char *signal_name(int number)
{
	static const struct name names[] = {
		NAME(SIGHUP),  NAME(SIGINT),  NAME(SIGQUIT), NAME(SIGILL),
		NAME(SIGTRAP), NAME(SIGABRT), NAME(SIGBUS),  NAME(SIGFPE),
		NAME(SIGKILL), NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2),
		NAME(SIGPIPE), NAME(SIGALRM), NAME(SIGTERM), NAME(SIGCHLD),
		NAME(SIGCONT), NAME(SIGSTOP), NAME(SIGSYS),
	};

	return find_name(names, COUNT_OF(names), number);
}

/* si_code; what a number means depends on the signal. */
static inline const char *code_name(int signo, int code)
{
	static const struct name segv[] = { NAME(SEGV_MAPERR),
					    NAME(SEGV_ACCERR) };
	static const struct name bus[] = { NAME(BUS_ADRALN), NAME(BUS_ADRERR) };
	static const struct name fpe[] = { NAME(FPE_INTDIV), NAME(FPE_FLTDIV),
					   NAME(FPE_FLTINV) };
	static const struct name ill[] = { NAME(ILL_ILLOPN), NAME(ILL_PRVOPC) };
	static const struct name trap[] = { NAME(TRAP_BRKPT),
					    NAME(TRAP_TRACE) };
	static const struct name child[] = { NAME(CLD_EXITED),
					     NAME(CLD_KILLED) };
	static const struct name any[] = { NAME(SI_USER), NAME(SI_KERNEL),
					   NAME(SI_TKILL) };

	if (code <= 0 || code == SI_KERNEL)
		return find_name(any, COUNT_OF(any), code);
	switch (signo) {
	case SIGSEGV:
		return find_name(segv, COUNT_OF(segv), code);
	case SIGBUS:
		return find_name(bus, COUNT_OF(bus), code);
	case SIGFPE:
		return find_name(fpe, COUNT_OF(fpe), code);
	case SIGILL:
		return find_name(ill, COUNT_OF(ill), code);
	case SIGTRAP:
		return find_name(trap, COUNT_OF(trap), code);
	case SIGCHLD:
		return find_name(child, COUNT_OF(child), code);
	}
	return find_name(any, 0, code);
}

/* A wait status in words. */
static inline const char *how_ended(int status)
{
	static char text[48];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "killed by %s",
			 signal_name(WTERMSIG(status)));
	else if (WIFEXITED(status))
		snprintf(text, sizeof(text), "exit %d", WEXITSTATUS(status));
	else
		snprintf(text, sizeof(text), "wait status 0x%x", status);
	return text;
}

/* ---- Processes ------------------------------------------------------ */

static inline pid_t check_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		FAIL("fork: %s", errno_name(errno));
	return pid;
}

/* Wait for one child; returns its wait status. */
static inline int wait_for(pid_t pid)
{
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (got != pid)
		FAIL("waitpid(%d) returned %d: %s", pid, got,
		     errno_name(errno));
	return status;
}

/* Run @body in a child; returns its wait status. */
static inline int in_child(void (*body)(void))
{
	pid_t pid = check_fork();

	if (pid == 0) {
		body();
		_exit(0);
	}
	return wait_for(pid);
}

/* Wait for a child that has checked what it saw, and exited with 0. */
static inline void wait_well(pid_t pid)
{
	int status = wait_for(pid);

	if (status != 0)
		FAIL("child: %s", how_ended(status));
}

static inline void in_child_well(void (*body)(void))
{
	int status = in_child(body);

	if (status != 0)
		FAIL("child: %s", how_ended(status));
}

/* A gate between processes: gate_wait() returns once for each gate_open(). */
struct gate {
	int fd[2];
};

static inline struct gate gate_make(void)
{
	struct gate gate;

	CHECK_OK(pipe(gate.fd));
	return gate;
}

static inline void gate_open(const struct gate *gate)
{
	static const char token = 'x';

	CHECK_EQ(write(gate->fd[1], &token, 1), 1);
}

static inline void gate_wait(const struct gate *gate)
{
	static char token;

	CHECK_EQ(read(gate->fd[0], &token, 1), 1);
}

/* ---- Memory --------------------------------------------------------- */

/* Write @value to the first byte of each page from @first to @last - 1. */
static inline void write_pages(volatile char *area, int first, int last,
			       char value)
{
	for (int i = first; i < last; i++)
		area[(size_t)i * PAGE_SIZE] = value;
}

/* Do all pages from @first to @last - 1 begin with @value? */
static inline bool pages_hold(volatile char *area, int first, int last,
			      char value)
{
	bool same = true;

	for (int i = first; i < last; i++)
		if (area[(size_t)i * PAGE_SIZE] != value)
			same = false;
	return same;
}

/* The frame behind @address; UNKNOWN for those who may not see it. */
static inline long pfn_of(const volatile void *address)
{
	return page_look(address).pfn;
}

/*
 * May we expect a certain frame behind a page?  Linux may hold a reference for
 * a moment in a batch of its own, and copies then where it could reuse.
 */
static inline bool sees_frames(void)
{
	static char byte = 1;

	return on_calf() && pfn_of(&byte) != UNKNOWN;
}

/*
 * CHECK_FAULTS() - an action must take exactly so many faults
 *
 * The caller has called settle() in this process since the last fork().
 */
#define CHECK_FAULTS(action, want)                                             \
	do {                                                                   \
		static struct faults before_, after_;                          \
		faults_now(&before_);                                          \
		action;                                                        \
		faults_now(&after_);                                           \
		if (after_.minor - before_.minor != (want))                    \
			FAIL("%s: %ld faults, not %d", #action,                \
			     after_.minor - before_.minor, (want));            \
	} while (0)

/* Say on one line what faults lie between two readings (Calf only). */
static inline void say_faults(const char *what, const struct faults *before,
			      const struct faults *after)
{
	bool none = true;

	say("%s:", what);
	for (int i = 0; i < FAULT_KINDS; i++) {
		if (after->kind[i] == before->kind[i])
			continue;
		say(" %s %ld", fault_names[i],
		    after->kind[i] - before->kind[i]);
		none = false;
	}
	say("%s\n", none ? " none" : "");
}

/* Do @action and say what faults of which kind it took (Calf only). */
#define SAY_FAULTS(what, action)                                               \
	do {                                                                   \
		static struct faults before_, after_;                          \
		faults_now(&before_);                                          \
		action;                                                        \
		faults_now(&after_);                                           \
		say_faults(what, &before_, &after_);                           \
	} while (0)

/* ---- /proc/self/maps ------------------------------------------------ */

struct area {
	unsigned long start, end;
	char rights[5]; /* as in "rw-p" */
	char name[64];
};

/*
 * Find the area that holds @address; false if none does.
 */
static inline bool maps_find(const volatile void *address, struct area *area)
{
	static char text[65536];
	char *line;

	if (file_read("/proc/self/maps", text, sizeof(text)) < 0)
		FAIL("/proc/self/maps: %s", errno_name(errno));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		area->name[0] = '\0';
		sscanf(line, "%lx-%lx %4s %*s %*s %*s %63[^\n]", &area->start,
		       &area->end, area->rights, area->name);
		if (area->start <= (unsigned long)address &&
		    (unsigned long)address < area->end)
			return true;
	}
	return false;
}

/* Say the areas from @start on, as "[0,2) rw-p": pages counted from @start. */
static inline void say_areas(const char *what, const volatile char *start,
			     size_t pages)
{
	const volatile char *at = start, *end = start + pages * PAGE_SIZE;
	struct area area;

	say("%s:", what);
	while (at < end) {
		if (!maps_find(at, &area)) {
			at += PAGE_SIZE;
			continue;
		}
		CHECK((unsigned long)at == area.start || at == start);
		say(" [%ld,%ld) %s",
		    ((long)area.start - (long)start) / PAGE_SIZE,
		    ((long)area.end - (long)start) / PAGE_SIZE, area.rights);
		at = (const volatile char *)area.end;
	}
	say("\n");
}

/* ---- The kernel's own checks ---------------------------------------- */

/*
 * Let Calf walk all its tables and counts; they must agree.  Linux, and Calf
 * built without DEBUG, have no such check.
 */
static inline void run_check(void)
{
	static char text[256];

	if (!file_exists("/proc/sys/vm/check"))
		return;
	if (file_write("/proc/sys/vm/check", "1") < 0)
		FAIL("/proc/sys/vm/check: %s", errno_name(errno));
	if (file_read("/proc/sys/vm/check", text, sizeof(text)) < 0 ||
	    strcmp(text, "ok\n") != 0)
		FAIL("the kernel's check says: %s", text);
}

/* ---- Catching what the processor refuses ---------------------------- */

struct caught {
	int signo; /* 0: nothing happened */
	int code; /* si_code */
	unsigned long address; /* si_addr */
	unsigned long error; /* page-fault error code, REG_ERR */
	unsigned long trap; /* number of the exception, REG_TRAPNO */
	unsigned long ip;
};

static struct caught caught;
static sigjmp_buf caught_return;

static inline void catch_handler(int signo, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	caught.signo = signo;
	caught.code = info->si_code;
	caught.address = (unsigned long)info->si_addr;
	caught.error = (unsigned long)regs[REG_ERR];
	caught.trap = (unsigned long)regs[REG_TRAPNO];
	caught.ip = (unsigned long)regs[REG_RIP];
	siglongjmp(caught_return, 1);
}

/* Catch what exceptions bring, on a stack of its own. */
static inline void catch_install(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE,
				       SIGTRAP };
	static char stack[8 * PAGE_SIZE];
	stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };

	action.sa_sigaction = catch_handler;
	CHECK_OK(sigaltstack(&other, NULL));
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		CHECK_OK(sigaction(signals[i], &action, NULL));
}

/* Run @action; what it got itself into is then in @caught. */
__attribute__((noinline, unused)) static void
attempt(void (*action)(void *), const volatile void *argument)
{
	memset(&caught, 0, sizeof(caught));
	if (sigsetjmp(caught_return, 1) == 0)
		action((void *)argument);
}

/* The signal and si_code in @caught, in words. */
static inline const char *caught_text(void)
{
	static char text[64];

	if (!caught.signo)
		return "allowed";
	/* one snprintf a name: both may use the same buffer */
	snprintf(text, sizeof(text), "%s ", signal_name(caught.signo));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
		 code_name(caught.signo, caught.code));
	return text;
}

static void act_read(void *address)
{
	(void)*(volatile char *)address;
}

static void act_write(void *address)
{
	*(volatile char *)address = 'x';
}

static void act_call(void *address)
{
	((void (*)(void))(uintptr_t)address)();
}

/* Read, write or call @address, and catch what comes of it. */
static inline void catch_read(const volatile void *address)
{
	attempt(act_read, address);
}

static inline void catch_write(const volatile void *address)
{
	attempt(act_write, address);
}

static inline void catch_call(const volatile void *address)
{
	attempt(act_call, address);
}
