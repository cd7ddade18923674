/*
 * extable.c - where to continue after a fault on user memory
 *
 * The table is made of the ON_FAULT lines of user_copy.asm: a handful of
 * entries, so a linear search does.
 */
#include "kernel/x86_64/user_copy.h"

extern const struct extable_entry extable_start[];
extern const struct extable_entry extable_end[];

u64 extable_find(u64 ip)
{
	size_t bytes = (u64)extable_end - (u64)extable_start;

	for (size_t i = 0; i < bytes / sizeof(struct extable_entry); i++) {
		if (extable_start[i].fault_ip == ip)
			return extable_start[i].fixup_ip;
	}
	return 0;
}
