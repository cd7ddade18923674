/*
 * random.c - see random.h
 *
 * The generator is splitmix64: a counter whose bits are mixed.
 * Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014.
 */
#include "kernel/random.h"

#include "kernel/lib/string.h"
#include "kernel/x86_64/asm/insn.h"

static u64 counter;

static u64 next(void)
{
	u64 x = __atomic_add_fetch(&counter, 0x9e3779b97f4a7c15UL,
				   __ATOMIC_RELAXED);

	/* Each call sees another time, whoever guesses the counter. */
	x ^= tsc_read();
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebUL;
	return x ^ x >> 31;
}

void random_fill(void *buffer, size_t bytes)
{
	char *to = buffer;

	while (bytes > 0) {
		u64 word = next();
		size_t chunk = min_u64(bytes, sizeof(word));

		memcpy(to, &word, chunk);
		to += chunk;
		bytes -= chunk;
	}
}
