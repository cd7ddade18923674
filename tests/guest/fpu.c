/* guest-test: host=yes release=yes */
/*
 * The floating-point and vector registers belong to a process: they survive
 * system calls, preemption and signal handlers, and a child inherits them.
 * AVX is tested where the processor and the kernel offer it.
 */
#include <cpuid.h>

#include "guest.h"

enum { SIZE = 16 * 32 }; /* 16 registers of up to 32 bytes */

char vec_in[SIZE] __attribute__((aligned(32)));
char vec_out[SIZE] __attribute__((aligned(32)));
volatile int spin_stop;

/* clang-format off */
#define EACH_XMM(DO)                                                \
	DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) \
	DO(10) DO(11) DO(12) DO(13) DO(14) DO(15)
#define LOAD_XMM(n) "movaps vec_in+32*" #n ", %xmm" #n "\n"
#define STORE_XMM(n) "movaps %xmm" #n ", vec_out+32*" #n "\n"
#define LOAD_YMM(n) "vmovaps vec_in+32*" #n ", %ymm" #n "\n"
#define STORE_YMM(n) "vmovaps %ymm" #n ", vec_out+32*" #n "\n"

/* long name(long number, long first, long second): vectors around a call */
#define DEFINE(name, load, thing, store)                           \
	long name(long number, long first, long second);           \
	__asm__(".text\n" #name ":\n" EACH_XMM(load)               \
		"mov %rdi, %rax; mov %rsi, %rdi; mov %rdx, %rsi\n" \
		thing "\n" EACH_XMM(store) "ret")
/* clang-format on */
#define SPIN "1: cmpl $0, spin_stop; je 1b"

DEFINE(sse_call, LOAD_XMM, "syscall", STORE_XMM);
DEFINE(sse_spin, LOAD_XMM, SPIN, STORE_XMM);
DEFINE(avx_call, LOAD_YMM, "syscall", STORE_YMM);
DEFINE(avx_spin, LOAD_YMM, SPIN, STORE_YMM);

static long (*vec_call)(long number, long first, long second) = sse_call;
static long (*vec_spin)(long number, long first, long second) = sse_spin;
static size_t width = 16;

static bool has_avx(void)
{
	unsigned int a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_AVX) ||
	    !(c & bit_OSXSAVE))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

static void prepare(char seed)
{
	for (int i = 0; i < SIZE; i++)
		vec_in[i] = (char)(seed + i * 7);
	memset(vec_out, 0, sizeof(vec_out));
}

static bool same(void)
{
	for (size_t i = 0; i < 16; i++)
		if (memcmp(vec_in + 32 * i, vec_out + 32 * i, width))
			return false;
	return true;
}

/* A handler that leaves nothing in the vector registers as it was. */
static void scramble(int signo)
{
	static const char ones[16] = { [0 ... 15] = 0x55 };

	(void)signo;
	spin_stop = 1;
#define SCRAMBLE(n) "movups (%0), %%xmm" #n "\n"
	__asm__ volatile(EACH_XMM(SCRAMBLE) "fninit; fldpi"
			 :
			 : "r"(ones)
			 : "memory");
}

static void set_modes(void)
{
	unsigned short x87 = 0x0f7f; /* round towards zero */
	unsigned int mxcsr = 0x7f80; /* the same, and mask everything */

	__asm__ volatile("fldcw %0; ldmxcsr %1" ::"m"(x87), "m"(mxcsr));
}

static bool modes_kept(void)
{
	unsigned short x87;
	unsigned int mxcsr;

	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(x87), "=m"(mxcsr));
	return (x87 & 0xc00) == 0xc00 && (mxcsr & 0x6000) == 0x6000;
}

static pid_t spin_children[3];

/* Children that use the registers for themselves and never sleep. */
static void start_spinners(void)
{
	for (size_t i = 0; i < COUNT_OF(spin_children); i++) {
		spin_children[i] = check_fork();
		if (spin_children[i] == 0) {
			prepare((char)(40 + i));
			vec_spin(0, 0, 0);
			_exit(1);
		}
	}
}

static void end_spinners(void)
{
	for (size_t i = 0; i < COUNT_OF(spin_children); i++) {
		CHECK_OK(kill(spin_children[i], SIGKILL));
		wait_for(spin_children[i]);
	}
}

static void preempted(void)
{
	pid_t parent = getpid(), stopper;

	start_spinners();
	stopper = check_fork();
	if (stopper == 0) {
		struct timespec nap = { 0, 300000000 };

		nanosleep(&nap, NULL);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	prepare(5);
	vec_spin(0, 0, 0);
	CHECK(same());
	wait_well(stopper);
	end_spinners();
}

static void all_of_it(void)
{
	long pid;

	spin_stop = 0;
	set_modes();
	prepare(1);
	vec_call(SYS_sched_yield, 0, 0);
	CHECK(same() && modes_kept());

	prepare(2);
	pid = vec_call(SYS_fork, 0, 0);
	CHECK(same() && modes_kept());
	if (pid == 0) {
		prepare(3);
		vec_call(SYS_sched_yield, 0, 0);
		_exit(same() ? 0 : 1);
	}
	wait_well((pid_t)pid);

	signal(SIGUSR1, scramble);
	prepare(4);
	CHECK_EQ(vec_call(SYS_kill, getpid(), SIGUSR1), 0);
	CHECK(same() && modes_kept());

	spin_stop = 0;
	preempted();
	CHECK(modes_kept());
}

static void fresh(void)
{
	unsigned short x87;
	unsigned int mxcsr;

	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(x87), "=m"(mxcsr));
	CHECK_EQ(x87, 0x37f);
	CHECK_EQ(mxcsr, 0x1f80);
}

int main(void)
{
	fresh();
	say("at the start: the ABI's control words\n");
	all_of_it();
	say("SSE: kept over calls, fork, handlers and preemption\n");
	if (has_avx()) {
		vec_call = avx_call;
		vec_spin = avx_spin;
		width = 32;
		all_of_it();
	}
	say("AVX: kept as well, where there is AVX\n");
	run_check();
	return 0;
}
