/*
 * panic.c - the last words: a message, the registers, a symbolised backtrace
 *
 * Every kernel function keeps its caller's frame pointer at (rbp) and its
 * return address above it, so the callers can be followed from frame to frame.
 * A return address inside entry.asm means that a trap frame lies right there:
 * its registers are printed and the walk goes on in the interrupted code.
 * The stack may be the very thing that is broken, so every address is checked
 * against the page tables before it is read.
 */
#include "kernel/lib/panic.h"

#include "kernel/exit_status.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/ksym.h"
#include "kernel/lib/printk.h"
#include "kernel/x86_64/asm/image.h"
#include "kernel/x86_64/asm/percpu.h"
#include "kernel/x86_64/asm/power_off.h"
#include "kernel/x86_64/asm/pte.h"
#include "kernel/x86_64/asm/trap_frame.h"

bool panic_in_progress;

/* Deep enough for any sane call chain; ends a circular one. */
#define BACKTRACE_MAX 32

/* What a function with a frame pointer has at (rbp). */
struct stack_frame {
	const struct stack_frame *caller;
	u64 return_address;
};

/* Is the page at @address mapped?  Walks the tables the CPU is using. */
static bool is_mapped(u64 address)
{
	const pte_t *table = paddr_to_ptr(PADDR(cr3_read() & PTE_PFN_MASK));

	if (!is_canonical(address))
		return false;
	for (int level = PGTABLE_ROOT_LEVEL; level > 0; level--) {
		pte_t pte = pte_load(&table[pgtable_index(address, level)]);

		if (!pte_is_present(pte))
			return false;
		if (pte_is_large(pte))
			return true;
		table = pfn_to_ptr(pte_pfn(pte));
	}
	return true;
}

/* Can @bytes at @ptr be read: kernel memory, aligned, mapped? */
static bool can_read(const void *ptr, size_t bytes)
{
	u64 address = (u64)ptr;

	return address >= DIRECT_MAP_BASE && is_aligned(address, 8) &&
	       address + bytes > address && is_mapped(address) &&
	       is_mapped(address + bytes - 1);
}

static bool is_kernel_text(u64 address)
{
	return address >= (u64)text_start && address < (u64)text_end;
}

/*
 * A return address points behind the call, which may be another function's
 * first byte if the call was the last thing its own did: so look up the byte
 * before.  An interrupted address is exact.
 */
static void print_code_address(int number, u64 address, bool is_return_address)
{
	u64 lookup = address - (is_return_address ? 1 : 0);
	const struct ksym *symbol = ksym_find(lookup);

	if (symbol && is_kernel_text(lookup))
		log_error("  #%d 0x%016lx %s+0x%lx\n", number, address,
			  symbol->name, address - symbol->address);
	else
		log_error("  #%d 0x%016lx\n", number, address);
}

static void print_registers(const struct trap_frame *frame)
{
	log_error("  -- trap %lu, error code 0x%lx, in %s mode:\n",
		  frame->vector, frame->error_code,
		  trap_from_user(frame) ? "user" : "kernel");
	log_error("     rip %016lx cs  %04lx rflags %lx\n", frame->rip,
		  frame->cs, frame->rflags);
	log_error("     rax %016lx rbx %016lx rcx %016lx\n", frame->rax,
		  frame->rbx, frame->rcx);
	log_error("     rdx %016lx rsi %016lx rdi %016lx\n", frame->rdx,
		  frame->rsi, frame->rdi);
	log_error("     rbp %016lx rsp %016lx r8  %016lx\n", frame->rbp,
		  frame->rsp, frame->r8);
	log_error("     r9  %016lx r10 %016lx r11 %016lx\n", frame->r9,
		  frame->r10, frame->r11);
	log_error("     r12 %016lx r13 %016lx r14 %016lx\n", frame->r12,
		  frame->r13, frame->r14);
	log_error("     r15 %016lx cr2 %016lx cr3 %016lx\n", frame->r15,
		  cr2_read(), cr3_read());
}

static bool is_trap_return(u64 address)
{
	return address == (u64)trap_dispatch_return ||
	       address == (u64)trap_paranoid_return ||
	       address == (u64)syscall_dispatch_return;
}

static void print_backtrace(const struct stack_frame *frame)
{
	for (int number = 0; number < BACKTRACE_MAX; number++) {
		if (!can_read(frame, sizeof(*frame)))
			return;
		if (!is_kernel_text(frame->return_address))
			return;
		if (!is_trap_return(frame->return_address)) {
			print_code_address(number, frame->return_address, true);
			frame = frame->caller;
			continue;
		}

		const struct trap_frame *trap = (const void *)(frame + 1);
		if (!can_read(trap, sizeof(*trap)))
			return;
		print_registers(trap);
		if (trap_from_user(trap))
			return;
		print_code_address(number, trap->rip, false);
		frame = (const struct stack_frame *)trap->rbp;
	}
}

static u8 panic_status = EXIT_PANIC;

void panic_set_status(u8 status)
{
	panic_status = status;
}

void panic(const char *fmt, ...)
{
	static int depth;
	static const struct cpu *panicking_cpu;
	const struct cpu *none = NULL;
	char message[512];
	va_list args;

	interrupts_off();

	/* One CPU speaks; another that gets here too waits for the end. */
	if (!__atomic_compare_exchange_n(&panicking_cpu, &none, this_cpu(),
					 false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE) &&
	    none != this_cpu()) {
		while (1)
			cpu_halt();
	}

	panic_in_progress = true;
	depth++;
	if (depth <= 2) {
		va_start(args, fmt);
		vsnprintf(message, sizeof(message), fmt, args);
		va_end(args);
		log_error("PANIC: %s%s\n", depth > 1 ? "while panicking: " : "",
			  message);
	}
	if (depth == 1)
		print_backtrace(__builtin_frame_address(0));
	power_off(panic_status);
}
