/*
 * ksym.c - binary search in the symbol table
 */
#include "kernel/lib/ksym.h"

const struct ksym *ksym_find(u64 address)
{
	u64 low = 0;
	u64 high = ksym_count;

	/* Symbols below low start at or before the address, from high on after. */
	while (low < high) {
		u64 middle = low + (high - low) / 2;

		if (ksym_table[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &ksym_table[low - 1];
}
