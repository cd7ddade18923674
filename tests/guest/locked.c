/* guest-test: host=yes */
/*
 * mlock, mlock2, mlockall, MAP_LOCKED and mincore: what is faulted in, what is
 * counted, what fork inherits.
 */
#include "guest.h"

enum { PAGES = 8, SIZE = PAGES * PAGE_SIZE, KIB = PAGE_SIZE / 1024 };

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

static long locked_pages(void)
{
	return file_value("/proc/self/status", "VmLck:") / KIB;
}

/* The pages that are in memory, as letters. */
static void say_resident(const char *what, char *area)
{
	unsigned char resident[PAGES];
	char text[PAGES + 1] = "";

	CHECK_OK(mincore(area, SIZE, resident));
	for (int i = 0; i < PAGES; i++)
		text[i] = resident[i] & 1 ? 'x' : '-';
	say("%s: %s, VmLck %ld\n", what, text, locked_pages());
}

static void child(void)
{
	say("child: VmLck %ld\n", locked_pages());
}

static void test_mlock(void)
{
	char *area = map_pages(PAGES, MAP_PRIVATE);

	say_resident("fresh", area);
	write_pages(area, 7, 8, 'x');
	/* From the page of the first byte to that of the last. */
	CHECK_OK(mlock(area + PAGE_SIZE + 1, 2 * PAGE_SIZE));
	say_resident("mlock", area);
	CHECK_OK(syscall(SYS_mlock2, area + 4 * PAGE_SIZE, 2 * PAGE_SIZE,
			 MLOCK_ONFAULT));
	say_resident("mlock2", area);
	write_pages(area, 4, 5, 'x');
	say_resident("a write", area);
	say_areas("areas", area, PAGES);
	in_child_well(child);
	CHECK_OK(mlock(area, SIZE));
	say_resident("mlock again", area);
	CHECK_ERRNO(madvise(area, PAGE_SIZE, MADV_DONTNEED), EINVAL);
	CHECK_ERRNO(madvise(area, PAGE_SIZE, MADV_FREE), EINVAL);
	CHECK_ERRNO(madvise(area, PAGE_SIZE, 20 /* MADV_COLD */), EINVAL);
	CHECK_OK(madvise(area, PAGE_SIZE, 24 /* MADV_DONTNEED_LOCKED */));
	CHECK_OK(munlock(area + PAGE_SIZE, PAGE_SIZE));
	say_resident("DONTNEED_LOCKED, munlock", area);
	CHECK_OK(munmap(area, 2 * PAGE_SIZE));
	say("munmap: VmLck %ld\n", locked_pages());
	CHECK_OK(munlock(area + 2 * PAGE_SIZE, 6 * PAGE_SIZE));
	say("munlock: VmLck %ld\n", locked_pages());
}

static void test_errors(void)
{
	char *area = map_pages(PAGES, MAP_PRIVATE);
	unsigned char resident[PAGES];

	CHECK_OK(mlock(area, 0));
	CHECK_OK(mlock(area, -1UL)); /* wraps around to nothing */
	CHECK_ERRNO(mlock(area, -(unsigned long)area), EINVAL);
	CHECK_ERRNO(syscall(SYS_mlock2, area, SIZE, 2), EINVAL);
	CHECK_EQ(locked_pages(), 0);
	CHECK_OK(munmap(area + 4 * PAGE_SIZE, PAGE_SIZE));
	CHECK_ERRNO(mlock(area, SIZE), ENOMEM);
	say("up to a hole: VmLck %ld\n", locked_pages());
	CHECK_ERRNO(munlock(area, SIZE), ENOMEM);
	CHECK_EQ(locked_pages(), 0);
	CHECK_OK(mprotect(area, PAGE_SIZE, PROT_NONE));
	CHECK_ERRNO(mlock(area, PAGE_SIZE), ENOMEM);
	say("PROT_NONE: ENOMEM, VmLck %ld\n", locked_pages());
	CHECK_OK(munlockall());

	CHECK_ERRNO(mincore(area, SIZE, resident), ENOMEM);
	CHECK_ERRNO(mincore(area + 1, PAGE_SIZE, resident), EINVAL);
	CHECK_ERRNO(mincore(area, PAGE_SIZE, (void *)-1UL), EFAULT);
	CHECK_ERRNO(mincore(area, PAGE_SIZE, (void *)1), EFAULT);
	CHECK_ERRNO(mincore(area, -1UL, resident), ENOMEM);
	CHECK_OK(mincore(area, 0, resident));
	CHECK_OK(mincore(area, 1, resident));
	say("mincore: errors\n");
}

static void test_all(void)
{
	char *before = map_pages(PAGES, MAP_PRIVATE), *area;
	long all;

	CHECK_ERRNO(mlockall(0), EINVAL);
	CHECK_ERRNO(mlockall(MCL_ONFAULT), EINVAL);
	CHECK_ERRNO(mlockall(8), EINVAL);
	CHECK_OK(mlockall(MCL_FUTURE));
	CHECK_EQ(locked_pages(), 0);
	area = map_pages(PAGES, MAP_PRIVATE);
	CHECK(locked_pages() >= PAGES);
	settle();
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'x'), 0);
	CHECK_FAULTS(write_pages(before, 0, PAGES, 'x'), PAGES);
	CHECK_OK(munlockall());
	CHECK_EQ(locked_pages(), 0);

	CHECK_OK(madvise(area, SIZE, MADV_DONTNEED));
	CHECK_OK(mlockall(MCL_CURRENT));
	/* All but what Linux maps of its own accord, the vdso. */
	all = file_value("/proc/self/status", "VmSize:") / KIB;
	CHECK(locked_pages() <= all && locked_pages() + 16 > all);
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'x'), 0);
	CHECK_OK(munlockall());
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
	area = map_pages(PAGES, MAP_PRIVATE);
	CHECK_FAULTS(write_pages(area, 0, PAGES, 'x'), PAGES);
	in_child_well(child);
	CHECK_OK(munlockall());
	say("mlockall: what is there, what comes, at the first use\n");
}

static void test_map_locked(void)
{
	char *area, *fence = map_pages(PAGES, MAP_SHARED);

	area = mmap(fence, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_FIXED, -1,
		    0);
	CHECK(area == fence);
	settle();
	CHECK_FAULTS(write_pages(area, 0, 4, 'x'), 0);
	say("MAP_LOCKED: VmLck %ld\n", locked_pages());
	CHECK_OK(munmap(area + 4 * PAGE_SIZE, 4 * PAGE_SIZE));
	CHECK(mremap(area, 4 * PAGE_SIZE, 6 * PAGE_SIZE, 0) == area);
	CHECK_FAULTS(write_pages(area, 4, 6, 'x'), 0);
	say("mremap: VmLck %ld\n", locked_pages());
	CHECK_OK(munmap(area, 6 * PAGE_SIZE));
	CHECK_EQ(locked_pages(), 0);
}

/* The page cache counts for a mapping that has not touched it yet. */
static void test_mincore_shared(void)
{
	char *area = map_pages(PAGES, MAP_SHARED);
	pid_t pid = check_fork();

	if (pid == 0) {
		write_pages(area, 2, 4, 'c');
		_exit(0);
	}
	wait_well(pid);
	say_resident("written by another", area);
}

int main(void)
{
	test_mlock();
	test_errors();
	test_all();
	test_map_locked();
	test_mincore_shared();
	run_check();
	return 0;
}
