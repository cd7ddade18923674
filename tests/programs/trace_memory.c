/*
 * Memory of many kinds at one moment, and what /proc says of it: each line
 * "pfn count" is a frame that is mapped count times. At that very moment the
 * trace gets a list of all there is (tests/test_trace.py).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 40
#define FRAMES_MAX (1 << 15)

static uint64_t counts[FRAMES_MAX];
static char meminfo[2048];

static char *map(int flags)
{
	char *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			flags | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		exit(1);
	return at;
}

static void write_pages(char *at, int first, int end)
{
	for (int i = first; i < end; i++)
		at[i * PAGE] = 1;
}

static void prepare(char *private, char *shared)
{
	volatile char *read_only = map(MAP_PRIVATE);

	write_pages(private, 0, PAGES);
	write_pages(shared, 0, PAGES / 2);
	for (int i = 0; i < PAGES; i++)
		(void)read_only[i * PAGE]; /* the zero frame */
	if (mprotect(private + 4 * PAGE, 4 * PAGE, PROT_NONE) ||
	    munmap(private + 12 * PAGE, 4 * PAGE) ||
	    mremap(private + 20 * PAGE, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE) ==
		    MAP_FAILED)
		exit(1);
}

static size_t read_all(const char *path, void *to, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, (char *)to + length, size - length)) > 0)
		length += (size_t)got;
	close(fd);
	return length;
}

static void look(void)
{
	int fd = open("/proc/sys/vm/trace_state", O_WRONLY);
	size_t frames;

	/* What is read into is there before it is counted. */
	memset(counts, 1, sizeof(counts));
	memset(meminfo, 1, sizeof(meminfo));
	read_all("/proc/meminfo", meminfo, sizeof(meminfo) - 1);
	frames = read_all("/proc/kpagecount", counts, sizeof(counts)) / 8;
	if (write(fd, "1", 1) != 1)
		exit(1);

	meminfo[sizeof(meminfo) - 1] = '\0';
	printf("promised %ld\n",
	       atol(strstr(meminfo, "Committed_AS:") + 13) / 4);
	for (size_t pfn = 0; pfn < frames; pfn++)
		if (counts[pfn])
			printf("%zu %lu\n", pfn, (unsigned long)counts[pfn]);
}

int main(void)
{
	char *private = map(MAP_PRIVATE);
	char *shared = map(MAP_SHARED);
	int ready[2];
	int over[2];
	char byte = 0;

	prepare(private, shared);
	if (pipe(ready) || pipe(over))
		return 1;
	if (fork() == 0) {
		write_pages(private, 30, 35);
		write_pages(shared, 10, 25);
		(void)!write(ready[1], &byte, 1);
		(void)!read(over[0], &byte, 1);
		_exit(0);
	}
	(void)!read(ready[0], &byte, 1);
	write_pages(private, 33, 38);
	look();
	(void)!write(over[1], &byte, 1);
	wait(NULL);
	return 0;
}
