/* guest-test: host=yes release=yes */
/*
 * What a handler learns about a bad access: signal, si_code, si_addr, and the
 * page-fault error code in the context (1 present, 2 write, 4 user, 0x10
 * fetch).  The kernel half always looks present: its layout is a secret.
 */
#include "guest.h"

static void report(const char *what, const volatile void *address)
{
	say("%s: %s, address %s, error 0x%lx, trap %ld\n", what, caught_text(),
	    caught.address == (unsigned long)address ? "right" :
	    caught.address == 0			     ? "0" :
						       "WRONG",
	    caught.error, (long)caught.trap);
}

static void try_read(const char *what, const volatile void *address)
{
	say("read ");
	catch_read(address);
	report(what, address);
}

static void try_write(const char *what, const volatile void *address)
{
	say("write ");
	catch_write(address);
	report(what, address);
}

static void try_call(const char *what, const volatile void *address)
{
	say("execute ");
	catch_call(address);
	report(what, address);
}

static char *one_page(int prot, bool touched)
{
	char *area = map_pages(1, MAP_PRIVATE);

	if (touched)
		area[0] = '\xc3';
	CHECK_OK(mprotect(area, PAGE_SIZE, prot));
	return area;
}

int main(void)
{
	char *hole = one_page(PROT_READ, false), *seen;

	catch_install();
	CHECK_OK(munmap(hole, PAGE_SIZE));
	seen = one_page(PROT_READ, false);
	CHECK_EQ(seen[0], 0);

	try_read("address 0", NULL);
	try_write("address 0", NULL);
	try_call("address 0", NULL);
	try_read("address 0xfff", (char *)0xfff);
	try_read("a hole", hole + 5);
	try_write("a hole", hole + 5);
	try_call("a hole", hole + 5);
	try_write("read-only, untouched", one_page(PROT_READ, false));
	try_write("read-only, zero frame", seen + 9);
	try_write("read-only, present", one_page(PROT_READ, true) + 9);
	try_read("PROT_NONE, untouched", one_page(PROT_NONE, false));
	try_write("PROT_NONE, untouched", one_page(PROT_NONE, false));
	try_read("PROT_WRITE only", one_page(PROT_WRITE, true));
	try_call("no-execute, untouched",
		 one_page(PROT_READ | PROT_WRITE, false));
	try_call("no-execute, present", one_page(PROT_READ | PROT_WRITE, true));
	try_call("executable", one_page(PROT_READ | PROT_EXEC, true));
	try_read("the first address after user memory", (char *)0x7ffffffff000);
	try_read("not canonical", (char *)0x800000000000);
	try_write("not canonical", (char *)0xffff7fffffffffff);
	try_read("the direct map", (char *)0xffff888000000000);
	try_write("the direct map", (char *)0xffff888000001000);
	try_read("kernel text", (char *)0xffffffff81000000);
	try_write("kernel text", (char *)0xffffffff81000000);
	try_read("the last byte", (char *)-1);
	try_write("the last byte", (char *)-1);
	run_check();
	return 0;
}
