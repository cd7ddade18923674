/* guest-test: host=yes */
/* The machine's own files: what Linux's tools look for is there. */
#include "guest.h"

#include <sys/utsname.h>

static char text[65536];

static const char *read_text(const char *path)
{
	CHECK_OK(file_read(path, text, sizeof(text)));
	return text;
}

static void check_times(void)
{
	double up, later, idle, load[3];
	unsigned long user, nice, kernel, waiting;
	long running, all, last;

	CHECK_EQ(sscanf(read_text("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	usleep(30000);
	CHECK_EQ(sscanf(read_text("/proc/uptime"), "%lf", &later), 1);
	CHECK(later >= up + 0.02);
	CHECK_EQ(sscanf(read_text("/proc/loadavg"), "%lf %lf %lf %ld/%ld %ld",
			&load[0], &load[1], &load[2], &running, &all, &last),
		 6);
	CHECK(running >= 1 && all >= running && last >= getpid());
	say("uptime and loadavg\n");
	CHECK_EQ(sscanf(read_text("/proc/stat"), "cpu  %lu %lu %lu %lu", &user,
			&nice, &kernel, &waiting),
		 4);
	CHECK(strstr(text, "\ncpu0 ") && strstr(text, "\nctxt "));
	CHECK(strstr(text, "\nbtime ") && strstr(text, "\nprocesses "));
	CHECK(strstr(text, "\nprocs_running "));
	say("stat\n");
}

static void check_names(void)
{
	struct utsname name;
	char line[300];

	CHECK_OK(uname(&name));
	snprintf(line, sizeof(line), "%s\n", name.release);
	CHECK(!strcmp(read_text("/proc/sys/kernel/osrelease"), line));
	snprintf(line, sizeof(line), "%s\n", name.nodename);
	CHECK(!strcmp(read_text("/proc/sys/kernel/hostname"), line));
	snprintf(line, sizeof(line), "%s\n", name.version);
	CHECK(!strcmp(read_text("/proc/sys/kernel/version"), line));
	snprintf(line, sizeof(line), "Linux version %s ", name.release);
	CHECK(!strncmp(read_text("/proc/version"), line, strlen(line)));
	say("ostype: %s", read_text("/proc/sys/kernel/ostype"));
	CHECK(atol(read_text("/proc/sys/kernel/pid_max")) >= 32768);
	say("osrelease, hostname, version: as uname says\n");
}

static void check_random(void)
{
	char first[64];

	strcpy(first, read_text("/proc/sys/kernel/random/uuid"));
	CHECK_EQ(strlen(first), 37);
	CHECK(first[8] == '-' && first[13] == '-' && first[14] == '4');
	CHECK(first[18] == '-' && strchr("89ab", first[19]));
	CHECK(strcmp(read_text("/proc/sys/kernel/random/uuid"), first) != 0);
	strcpy(first, read_text("/proc/sys/kernel/random/boot_id"));
	CHECK(!strcmp(read_text("/proc/sys/kernel/random/boot_id"), first));
	say("uuid changes, boot_id does not\n");
}

/* All of them, in Linux's order. */
static void check_meminfo(void)
{
	static const char *const names[] = {
		"MemTotal",	  "MemFree",	  "MemAvailable",
		"Buffers",	  "Cached",	  "SwapCached",
		"Active",	  "Inactive",	  "Active(anon)",
		"Inactive(anon)", "Active(file)", "Inactive(file)",
		"Unevictable",	  "Mlocked",	  "SwapTotal",
		"SwapFree",	  "Dirty",	  "Writeback",
		"AnonPages",	  "Mapped",	  "Shmem",
		"KReclaimable",	  "Slab",	  "SReclaimable",
		"SUnreclaim",	  "KernelStack",  "PageTables",
		"CommitLimit",	  "Committed_AS", "VmallocTotal",
		"VmallocUsed",	  "VmallocChunk",
	};
	const char *at = read_text("/proc/meminfo");
	char line[32];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(line, sizeof(line), "%s%s:", i ? "\n" : "", names[i]);
		at = strstr(at, line);
		if (!at)
			FAIL("meminfo: %s is missing", names[i]);
	}
	say("meminfo: in Linux's order\n");
}

int main(void)
{
	check_times();
	check_names();
	check_random();
	check_meminfo();
	CHECK(!strncmp(read_text("/proc/cpuinfo"), "processor\t: 0\n", 14));
	CHECK(strstr(text, "\nflags\t\t: ") && strstr(text, " sse2"));
	CHECK(strstr(text, "\nmodel name\t: "));
	say("cpuinfo\n");
	CHECK(strstr(read_text("/proc/filesystems"), "nodev\ttmpfs\n"));
	CHECK(strstr(text, "nodev\tproc\n"));
	CHECK(strstr(read_text("/proc/mounts"), " /proc proc "));
	CHECK(strstr(read_text("/proc/self/mounts"), " /proc proc "));
	say("filesystems and mounts\n");
	return 0;
}
