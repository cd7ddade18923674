/*
 * guest-test: release=yes mem=32M
 *             host="no: on Linux the sharer may end first"
 * append="sysctl.vm.overcommit_memory=1"
 */
/* The frames that are kept for those who are to die, and what for. */
#include "oom.h"

/*
 * The last thing a process does to memory that it shares is to clear a word
 * that it has named (set_tid_address(2)).  Here that takes a page table, when
 * there is no frame left but those that are kept for the dying.
 */
static volatile int *last_word;

static void hog_with_a_last_word(void)
{
	volatile int *word = (volatile int *)(1UL << 44);

	CHECK(mremap((void *)last_word, 0, PAGE_SIZE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, (void *)word) == word);
	if (vfork() == 0) {
		syscall(SYS_set_tid_address, word);
		oom_hog();
	}
}

static void reserve_for_the_dying(void)
{
	long before;

	last_word = map_pages(1, MAP_SHARED);
	*last_word = 1;
	before = oom_free();
	CHECK_EQ(wait_for(oom_child("0", hog_with_a_last_word)), SIGKILL);
	for (int i = 0; i < 1000 && *last_word; i++)
		usleep(1000); /* its child is an orphan by now */
	CHECK_EQ(*last_word, 0);
	say("a victim finds the frames that its end takes\n");
	oom_is_quiet(before);
}

int main(void)
{
	oom_adjust(NEVER);
	(void)oom_free();
	reserve_for_the_dying();
	return 0;
}
