/* guest-test: host=yes */
/*
 * int N for every N: two vectors are there for programs (3, breakpoint, and
 * 4, overflow); int 0x80 is Linux's 32-bit call, which need not exist; every
 * other one is a protection fault, error code N * 8 + 2.
 */
#include "guest.h"

static unsigned char *stub;

static void try_gate(int number)
{
	stub[1] = (unsigned char)number;
	catch_call(stub);
	if (number == 0x80)
		return;
	if (number == 3 || number == 4) {
		say("int %d: %s\n", number, caught_text());
		return;
	}
	CHECK_EQ(caught.signo, SIGSEGV);
	CHECK_EQ(caught.code, SI_KERNEL);
	CHECK_EQ(caught.trap, 13);
	/* The gate's selector; QEMU takes the size of a 64-bit gate for it. */
	if (caught.error != (unsigned long)number * 16 + 2)
		CHECK_EQ(caught.error, number * 8 + 2);
	CHECK_EQ(caught.ip, stub);
}

int main(void)
{
	static const unsigned char code[] = { 0xcd, 0x00, 0xc3 }; /* int; ret */

	catch_install();
	stub = map_pages(1, MAP_PRIVATE);
	memcpy(stub, code, sizeof(code));
	CHECK_OK(mprotect(stub, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC));
	for (int number = 0; number < 256; number++)
		try_gate(number);
	say("all others: SIGSEGV SI_KERNEL\n");
	run_check();
	return 0;
}
