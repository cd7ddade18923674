/* guest-test: host=yes */
/* Instructions that belong to the kernel: a program that tries gets SIGSEGV. */
#include "guest.h"

/* Each is a small function of its own: name, then one instruction. */
#define INSTRUCTIONS(X)                                                        \
	X(hlt, "hlt")                                                          \
	X(cli, "cli")                                                          \
	X(sti, "sti")                                                          \
	X(in_al, "in %dx, %al")                                                \
	X(out_al, "out %al, %dx")                                              \
	X(insb, "insb")                                                        \
	X(outsb, "outsb")                                                      \
	X(read_cr0, "mov %cr0, %rax")                                          \
	X(write_cr0, "mov %rax, %cr0")                                         \
	X(read_cr2, "mov %cr2, %rax")                                          \
	X(read_cr3, "mov %cr3, %rax")                                          \
	X(write_cr3, "mov %rax, %cr3")                                         \
	X(write_cr4, "mov %rax, %cr4")                                         \
	X(write_cr8, "mov %rax, %cr8")                                         \
	X(read_dr7, "mov %dr7, %rax")                                          \
	X(write_dr7, "mov %rax, %dr7")                                         \
	X(clts, "clts")                                                        \
	X(lmsw, "lmsw %ax")                                                    \
	X(rdmsr, "rdmsr")                                                      \
	X(wrmsr, "wrmsr")                                                      \
	X(lgdt, "lgdt (%rsp)")                                                 \
	X(lidt, "lidt (%rsp)")                                                 \
	X(lldt, "lldt %ax")                                                    \
	X(ltr, "ltr %ax")                                                      \
	X(invlpg, "invlpg (%rsp)")                                             \
	X(invd, "invd")                                                        \
	X(wbinvd, "wbinvd")                                                    \
	X(swapgs, "swapgs")                                                    \
	X(sysretq, "sysretq")                                                  \
	X(kernel_ss, "mov $0x10, %eax; mov %eax, %ss")                         \
	X(kernel_ds, "mov $0x10, %eax; mov %eax, %ds")                         \
	X(ud2, "ud2")

#define DEFINE(name, text)                                                     \
	__attribute__((naked)) static void try_##name(void)                    \
	{                                                                      \
		__asm__("xor %eax, %eax; xor %edx, %edx; xor %ecx, %ecx;"      \
			"lea -64(%rsp), %rdi; lea -64(%rsp), %rsi;" text       \
			"; ret");                                              \
	}
INSTRUCTIONS(DEFINE)

static const struct {
	const char *text;
	void (*run)(void);
} table[] = {
#define ROW(name, text) { text, try_##name },
	INSTRUCTIONS(ROW)
};

int main(void)
{
	catch_install();
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		catch_call((void *)(uintptr_t)table[i].run);
		say("%s: %s\n", table[i].text, caught_text());
	}
	run_check();
	return 0;
}
