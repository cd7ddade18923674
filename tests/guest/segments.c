/* guest-test: host=yes */
/*
 * The program's own segments: text is not writable, data is not executable,
 * and data and bss are as private over fork as anonymous memory.
 */
#include "guest.h"

enum { WORDS = 4096 };

static volatile int data[WORDS] = { [0] = 11, [WORDS - 1] = 12 };
static volatile int bss[WORDS];
static const char constant[] = "13";
static volatile char code[] = { '\xc3' }; /* ret */

__attribute__((noinline, used)) static int function(void)
{
	return atoi(constant);
}

static void child(void)
{
	CHECK_EQ(data[0] + data[WORDS - 1], 23);
	data[0] = 21;
	data[WORDS - 1] = 22;
	bss[WORDS / 2] = 24;
	CHECK_EQ(function(), 13);
}

int main(void)
{
	catch_install();
	CHECK_EQ(data[0], 11);
	CHECK_EQ(data[WORDS / 2], 0);
	for (int i = 0; i < WORDS; i++)
		CHECK_EQ(bss[i], 0);
	in_child_well(child);
	CHECK_EQ(data[0] + data[WORDS - 1], 23);
	CHECK_EQ(bss[WORDS / 2], 0);
	say("data and bss: private\n");

	catch_write((char *)(uintptr_t)function);
	say("write to text: %s\n", caught_text());
	catch_write(constant);
	say("write to rodata: %s\n", caught_text());
	catch_call(code);
	say("execute data: %s\n", caught_text());
	CHECK_EQ(caught.address, code);
	CHECK_EQ(function(), 13);
	run_check();
	return 0;
}
