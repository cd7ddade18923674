/*
 * guest-test: host=yes status=139
 *	log="error 0x7: in VMA 10000000-10001000 r--p anonymous; ax a0 bx b0 cx c0 dx d0 si 10000010 di d1 bp b1 r8 8 r9 9 r10 10 r11 11 r12 12 r13 13 r14 14 r15 15 flags "
 */
/* One line in the log tells what a program was doing when it was killed. */
#include "guest.h"

int main(void)
{
	char *page = mmap((void *)0x10000000, PAGE_SIZE, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(page != MAP_FAILED);
	CHECK_EQ(page[0], 0); /* present: what is missing is a right */
	say("writing\n");
	__asm__ volatile("mov $0xa0, %%rax; mov $0xb0, %%rbx\n\t"
			 "mov $0xc0, %%rcx; mov $0xd0, %%rdx\n\t"
			 "mov $0x10000010, %%rsi; mov $0xd1, %%rdi\n\t"
			 "mov $0xb1, %%rbp\n\t"
			 "mov $0x8, %%r8; mov $0x9, %%r9\n\t"
			 "mov $0x10, %%r10; mov $0x11, %%r11\n\t"
			 "mov $0x12, %%r12; mov $0x13, %%r13\n\t"
			 "mov $0x14, %%r14; mov $0x15, %%r15\n\t"
			 "movb $1, (%%rsi)"
			 :
			 :
			 : "memory");
	return 0;
}
