/* guest-test: host=yes */
/* /proc/self/maps: the format, the order, and the rights it shows. */
#include "guest.h"

/* One line must be exactly what printf would write for its fields. */
static void check_line(const char *line, unsigned long *last_end)
{
	unsigned long start, end, offset, inode;
	unsigned int major, minor;
	char rights[5], again[256], name[128] = "";
	int column;

	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %127[^\n]", &start, &end,
		   rights, &offset, &major, &minor, &inode, name) < 7)
		FAIL("not a line of maps: %.80s", line);
	column = snprintf(again, sizeof(again),
			  "%08lx-%08lx %s %08lx %02x:%02x %lu ", start, end,
			  rights, offset, major, minor, inode);
	if (name[0])
		snprintf(again + column, sizeof(again) - (size_t)column,
			 "%*s%s", column < 73 ? 73 - column : 1, "", name);
	if (strcmp(line, again))
		FAIL("\"%s\" should be \"%s\"", line, again);
	CHECK(start < end && start >= *last_end);
	CHECK(start % PAGE_SIZE == 0 && end % PAGE_SIZE == 0);
	CHECK(strchr("r-", rights[0]) && strchr("w-", rights[1]) &&
	      strchr("x-", rights[2]) && strchr("ps", rights[3]));
	*last_end = end;
}

static void say_area(const char *what, const volatile void *address)
{
	struct area area;

	CHECK(maps_find(address, &area));
	say("%s: %s\n", what, area.rights);
}

/* Pieces of shared memory are told apart by a number, as files are. */
static unsigned long number_of(const void *address)
{
	static char text[65536];
	unsigned long inode;
	char start[32];
	char *line;

	CHECK(file_read("/proc/self/maps", text, sizeof(text)) > 0);
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)address);
	CHECK((line = strstr(text, start)));
	CHECK_EQ(sscanf(line, "%*s %*s %*s %*s %lu", &inode), 1);
	return inode;
}

static int data = 1;

int main(void)
{
	static char text[65536];
	unsigned long last = 0;
	struct area area;
	char *line, here;
	int lines = 0;
	char *mapped = map_pages(4, MAP_PRIVATE);

	CHECK(file_read("/proc/self/maps", text, sizeof(text)) > 0);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strtoul(line, NULL, 16) < 1UL << 63) /* not [vsyscall] */
			check_line(line, &last);
		lines++;
	}
	CHECK(lines >= 5);
	say("every line has Linux's form, in order\n");
	say_area("text", (void *)(uintptr_t)main);
	say_area("data", &data);
	say_area("stack", &here);
	CHECK(maps_find(&here, &area) && !strcmp(area.name, "[stack]"));
	say_area("anonymous", mapped);
	say_area("its fence", mapped - 1);
	say_area("shared", map_pages(1, MAP_SHARED));
	CHECK(number_of(map_pages(1, MAP_SHARED)) !=
	      number_of(map_pages(1, MAP_SHARED)));
	CHECK_EQ(number_of(mapped), 0);
	CHECK(!maps_find((void *)0x1000, &area));
	run_check();
	return 0;
}
