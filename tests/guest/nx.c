/* guest-test: host=yes */
/* Only what is mapped executable runs, and what is executable is not data. */
#include "guest.h"

static const unsigned char code[] = {
	0xb8, 42, 0, 0, 0, /* mov eax, 42 */
	0xc3, /* ret */
};

static char in_data[16] = "\xb8\x2a\0\0\0\xc3";

static void try_call(const char *what, const volatile void *address)
{
	catch_call(address);
	say("%s: %s\n", what, caught_text());
	if (caught.signo)
		CHECK_EQ(caught.ip, address);
}

static int call(const void *address)
{
	return ((int (*)(void))(uintptr_t)address)();
}

static char *page;

static void child(void)
{
	CHECK_EQ(call(page), 42);
	CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE));
	page[1] = 43;
	try_call("child: copied, not executable", page);
	CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC));
	CHECK_EQ(call(page), 43);
}

int main(void)
{
	char on_stack[16];
	char *heap = (char *)syscall(SYS_brk, NULL), *shared;

	catch_install();
	memcpy(on_stack, code, sizeof(code));
	CHECK((char *)syscall(SYS_brk, heap + PAGE_SIZE) == heap + PAGE_SIZE);
	memcpy(heap, code, sizeof(code));
	page = map_pages(1, MAP_PRIVATE);
	memcpy(page, code, sizeof(code));
	shared = map_pages(1, MAP_SHARED);
	memcpy(shared, code, sizeof(code));

	try_call("data", in_data);
	try_call("stack", on_stack);
	try_call("heap", heap);
	try_call("anonymous memory", page);
	try_call("shared memory", shared);

	CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC));
	CHECK_EQ(call(page), 42);
	catch_write(page);
	say("after mprotect it runs; write: %s\n", caught_text());
	in_child_well(child);
	CHECK_EQ(call(page), 42);
	CHECK_OK(mprotect(shared, PAGE_SIZE, PROT_READ | PROT_EXEC));
	CHECK_EQ(call(shared), 42);
	say("parent: its code is as it was\n");
	run_check();
	return 0;
}
