/*
 * poison.c - see poison.h
 *
 * Frames that were never handed out are not poisoned: filling all of a large
 * machine at boot would take longer than the lesson.
 */
#include "mm/poison.h"

#include "kernel/lib/string.h"

/* As an address it is non-canonical. */
#define POISON_BYTE 0xca
#define POISON_WORD 0xcacacacacacacacaUL

void poison_fill(struct frame *frame)
{
	if (!CALF_DEBUG)
		return;
	memset(frame_ptr(frame), POISON_BYTE, PAGE_SIZE);
	frame->is_poisoned = true;
}

void poison_assert_intact(struct frame *frame)
{
	const u64 *word = frame_ptr(frame);

	if (!frame->is_poisoned)
		return;
	frame->is_poisoned = false;
	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		ASSERT_INVARIANT(I3, word[i] == POISON_WORD,
				 "free frame %#lx was written at offset %#lx",
				 frame_pfn(frame).val, i * sizeof(*word));
}
