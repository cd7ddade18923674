/*
 * fuzz_memory.c - the same operations, chosen by libFuzzer
 *
 * It looks for bytes that reach new branches of mm/.  Unlike in
 * test_random.c the machine is not a fresh one each time, so nothing of one
 * run may be left when the next one starts; ops_finish() makes sure.
 */
#include <string.h>

#include "tests/host/fake_machine.h"
#include "tests/host/ops.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
	static const struct ops_options options = { .check_every = 8 };
	static bool is_started;

	if (!is_started)
		machine_start();
	is_started = true;
	ops_start(&options);
	for (size_t at = 0; at + sizeof(struct op) <= size;
	     at += sizeof(struct op)) {
		struct op op;

		memcpy(&op, bytes + at, sizeof(op));
		ops_step(&op);
	}
	ops_finish();
	return 0;
}
