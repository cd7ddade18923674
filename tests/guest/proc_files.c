/* guest-test: host="no: reads Calf's own files beside Linux's" */
/* meminfo, vmstat, faults and sys/vm: the names, the sums, the switches. */
#include "guest.h"

enum { PAGES = 100 };

static long meminfo(const char *name)
{
	long value = file_value("/proc/meminfo", name);

	if (value < 0)
		FAIL("/proc/meminfo has no %s", name);
	return value;
}

static long vmstat(const char *name)
{
	long value = file_value("/proc/vmstat", name);

	if (value < 0)
		FAIL("/proc/vmstat has no %s", name);
	return value;
}

static void check_switch(const char *path)
{
	char text[16];

	CHECK(file_read(path, text, sizeof(text)) > 0);
	CHECK(!strcmp(text, "1\n"));
	CHECK_OK(file_write(path, "0"));
	CHECK(file_read(path, text, sizeof(text)) > 0);
	CHECK(!strcmp(text, "0\n"));
	CHECK_OK(file_write(path, "1\n"));
	CHECK_ERRNO(file_write(path, "2"), EINVAL);
	CHECK_ERRNO(file_write(path, "-1"), EINVAL);
	CHECK_ERRNO(file_write(path, "words"), EINVAL);
	CHECK(file_read(path, text, sizeof(text)) > 0);
	CHECK(!strcmp(text, "1\n"));
}

int main(void)
{
	static struct faults before, after;
	volatile char *area = map_pages(PAGES, MAP_PRIVATE);
	long free_before, fill_before, faults_before;
	char text[512];
	const char *at = text;

	CHECK(meminfo("MemTotal") > meminfo("MemFree"));
	CHECK_EQ(meminfo("MemFree"), free_frames() * 4);
	CHECK_EQ(vmstat("pgmajfault"), 0);
	CHECK_EQ(vmstat("oom_kill"), 0);
	vmstat("pgalloc_normal");
	vmstat("pgfree");
	vmstat("pgreuse");
	for (int i = 0; i < FAULT_KINDS; i++)
		vmstat(fault_names[i]);
	say("meminfo and vmstat: all names there\n");

	settle();
	area[0] = area[(PAGES - 1) * PAGE_SIZE] = 'x'; /* page tables */
	free_before = free_frames();
	fill_before = vmstat("zero_fill");
	faults_before = vmstat("pgfault");
	faults_now(&before);
	write_pages(area, 1, PAGES - 1, 'x');
	faults_now(&after);
	say_faults("write 98 pages", &before, &after);
	CHECK_EQ(after.minor - before.minor, PAGES - 2);
	CHECK_EQ(vmstat("zero_fill") - fill_before, PAGES - 2);
	CHECK_EQ(vmstat("pgfault") - faults_before, PAGES - 2);
	CHECK_EQ(free_before - free_frames(), PAGES - 2);
	say("vmstat, free frames and getrusage agree\n");

	CHECK(file_read("/proc/self/faults", text, sizeof(text)) > 0);
	for (int i = 0; i < FAULT_KINDS; i++) {
		size_t length = strlen(fault_names[i]);

		CHECK(!strncmp(at, fault_names[i], length));
		CHECK_EQ(at[length], ' ');
		at = strchr(at, '\n') + 1;
	}
	CHECK_EQ(*at, '\0');
	say("faults: eight lines in order\n");
	check_switch("/proc/sys/vm/fork_level");
	check_switch("/proc/sys/vm/cow_reuse");
	say("fork_level and cow_reuse: 0 or 1\n");
	run_check();
	return 0;
}
